"""Who may do what: the acts, the roles that may do each of them, and deputies.

A person has several rows; any of them that allows an act is enough. What forbids it to one person
(having issued the card, having signed already) is not known here: see `services.authority.acting`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from .people import Person, Role, matches, stands_in


class Act(StrEnum):
    """What a person does that needs a right to do it."""

    ACKNOWLEDGE = "acknowledge"
    REPLY = "reply"
    CONFIRM = "confirm"
    ISSUE = "issue"
    LIFT = "lift"
    CLOSE = "close"
    OPEN_ORDER = "open_order"
    REPLY_ORDER = "reply_order"
    RETURN_ORDER = "return_order"
    CLOSE_ORDER = "close_order"
    FILE_APPEAL = "file_appeal"
    DECIDE_APPEAL = "decide_appeal"
    DECIDE_REFERRED = "decide_referred"
    VERIFY = "verify"
    RECORD_MEASURE = "record_measure"
    ASK_EXEMPTION = "ask_exemption"
    EXEMPT = "exempt"
    ADD_SILENCE = "add_silence"
    END_SILENCE = "end_silence"
    DISMISS_NOTICE = "dismiss_notice"
    ENROL_KEY = "enrol_key"
    REVOKE_KEY = "revoke_key"
    UNMASK = "unmask"
    ERASE = "erase"
    PROPOSE_CHANGE = "propose_change"
    APPROVE_CHANGE = "approve_change"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an act is about. An empty department, region or item code is one that is not known."""

    department: str
    region: str
    item_code: str
    #: Name of the one who handles the case, if it is known.
    handler: str = ""
    #: The card, where the act is about one.
    card_no: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The right of a person to an act: in which role, and for whom if not for themselves."""

    person_id: str
    role: Role
    #: The absent person for whom they stand in; None: in their own right.
    on_behalf_of: str | None = None
    #: The right is theirs only if they were told of the card.
    if_told: bool = False


_DEPARTMENT: Final = (Role.HANDLER, Role.REVIEWER, Role.APPROVER, Role.HEAD, Role.LEADER)
_SUPERVISOR: Final = (Role.SUPERVISOR,)
_EITHER: Final = _DEPARTMENT + _SUPERVISOR

#: Roles that may do an act, those that most often do it first.
MAY: Final[dict[Act, tuple[Role, ...]]] = {
    Act.ACKNOWLEDGE: _EITHER,
    Act.REPLY: _EITHER,
    Act.CONFIRM: _SUPERVISOR,
    Act.ISSUE: _SUPERVISOR,
    Act.LIFT: _SUPERVISOR,
    Act.CLOSE: _SUPERVISOR,
    Act.OPEN_ORDER: _SUPERVISOR,
    Act.REPLY_ORDER: _DEPARTMENT,
    Act.RETURN_ORDER: _SUPERVISOR,
    Act.CLOSE_ORDER: _SUPERVISOR,
    Act.FILE_APPEAL: _DEPARTMENT,
    Act.DECIDE_APPEAL: _SUPERVISOR,
    Act.DECIDE_REFERRED: (Role.LEADER, Role.SUPERVISOR),
    Act.VERIFY: _SUPERVISOR,
    Act.RECORD_MEASURE: _SUPERVISOR,
    Act.ASK_EXEMPTION: _EITHER,
    Act.EXEMPT: _SUPERVISOR,
    Act.ADD_SILENCE: (Role.HEAD, Role.LEADER, Role.SUPERVISOR),
    Act.END_SILENCE: _SUPERVISOR,
    Act.DISMISS_NOTICE: _SUPERVISOR,
    Act.ENROL_KEY: _SUPERVISOR,
    Act.REVOKE_KEY: _SUPERVISOR,
    Act.UNMASK: (Role.SUPERVISOR, Role.LEADER),
    Act.ERASE: _SUPERVISOR,
    Act.PROPOSE_CHANGE: _SUPERVISOR,
    Act.APPROVE_CHANGE: (Role.SUPERVISOR, Role.LEADER),
}
#: A supervisor answers a card only if they were told of it themselves.
_IF_TOLD: Final = frozenset({Act.ACKNOWLEDGE, Act.REPLY})
#: Keys are how persons are told apart: nobody gives or takes one in another's place.
NOT_BY_DEPUTY: Final = frozenset({Act.ENROL_KEY, Act.REVOKE_KEY})


def standings(
    people: Sequence[Person], act: Act, scope: Scope | None, person_id: str, on: date
) -> Iterator[Standing]:
    """The rights of a person to an act on that day, their own before those of persons away.

    Without a `scope` the act is about no department, and each row of a role that may do it counts.
    In the role of handler, where a row in the scope bears the name of the one who handles the case,
    the other handlers have none: as with notices, the card is of the one who handles it.
    """
    allowing = [row for role in MAY[act] for row in _in_scope(people, role, scope)]
    yield from (
        _standing(row, act, person_id, None) for row in allowing if row.person_id == person_id
    )
    if act in NOT_BY_DEPUTY:
        return
    rows_of: dict[str, list[Person]] = {}
    for row in people:
        rows_of.setdefault(row.person_id, []).append(row)
    for row in allowing:
        if row.person_id != person_id and stands_in(row.person_id, rows_of, on) == person_id:
            yield _standing(row, act, person_id, row.person_id)


def _standing(row: Person, act: Act, person_id: str, on_behalf_of: str | None) -> Standing:
    if_told = act in _IF_TOLD and row.role is Role.SUPERVISOR
    return Standing(person_id, row.role, on_behalf_of, if_told)


def _in_scope(people: Sequence[Person], role: Role, scope: Scope | None) -> list[Person]:
    rows = [row for row in people if row.role is role]
    if scope is None:
        return rows
    rows = [row for row in rows if matches(row, scope.department, scope.region, scope.item_code)]
    if role is Role.HANDLER and scope.handler:
        return [row for row in rows if row.name == scope.handler] or rows
    return rows
