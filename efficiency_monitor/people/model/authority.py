"""Who may do what: the acts, the roles that may do each, deputies, what proves a person.

`MAY` and `CLAIM_IS_ENOUGH` are the one table of acts: whatever a person does to change something is
an `Act`, and every act that is not named as one that a claim is enough for takes a key.

A person has several rows; any of them that allows an act is enough. What forbids it to one person
(having issued the card, having signed already) is not known here: see `people.acting`.
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
    SILENCE_SUPERVISORS = "silence_supervisors"
    END_SILENCE = "end_silence"
    DISMISS_NOTICE = "dismiss_notice"
    ENROL_KEY = "enrol_key"
    REVOKE_KEY = "revoke_key"
    UNMASK = "unmask"
    ERASE = "erase"
    CHANGE_SUPERVISION = "change_supervision"
    IMPORT_AS_PULLED = "import_as_pulled"
    DECIDE_EVIDENCE = "decide_evidence"
    SEE_EVIDENCE = "see_evidence"
    REPAIR_CLOCK = "repair_clock"
    REPAIR_INPUT = "repair_input"
    HAND_OVER = "hand_over"
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
    #: A leader beside the one person who supervises: their act counts as the second of two only.
    second: bool = False


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
    Act.SILENCE_SUPERVISORS: _SUPERVISOR,
    Act.END_SILENCE: _SUPERVISOR,
    Act.DISMISS_NOTICE: _SUPERVISOR,
    Act.ENROL_KEY: _SUPERVISOR,
    Act.REVOKE_KEY: _SUPERVISOR,
    Act.UNMASK: (Role.SUPERVISOR, Role.LEADER),
    Act.ERASE: _SUPERVISOR,
    Act.CHANGE_SUPERVISION: _SUPERVISOR,
    Act.IMPORT_AS_PULLED: _SUPERVISOR,
    Act.DECIDE_EVIDENCE: _SUPERVISOR,
    Act.SEE_EVIDENCE: _SUPERVISOR,
    Act.REPAIR_CLOCK: _SUPERVISOR,
    Act.REPAIR_INPUT: _SUPERVISOR,
    Act.HAND_OVER: _SUPERVISOR,
    Act.PROPOSE_CHANGE: _SUPERVISOR,
    Act.APPROVE_CHANGE: (Role.SUPERVISOR, Role.LEADER),
}
#: A supervisor answers a card only if they were told of it themselves.
_IF_TOLD: Final = frozenset({Act.ACKNOWLEDGE, Act.REPLY})
#: Keys are how persons are told apart: nobody gives or takes one in another's place.
NOT_BY_DEPUTY: Final = frozenset({Act.ENROL_KEY, Act.REVOKE_KEY})
#: What `--as` alone may do where keys are in use: what a department says for itself, and looking.
#: Each is recorded as claimed. Whatever is not named here is one person's act that others rely on.
CLAIM_IS_ENOUGH: Final = frozenset(
    {
        Act.ACKNOWLEDGE,
        Act.REPLY,
        Act.REPLY_ORDER,
        Act.FILE_APPEAL,
        Act.ASK_EXEMPTION,
        Act.ADD_SILENCE,
        Act.UNMASK,
    }
)
#: Acts that two persons do, or one upon another's: a leader may be the other one where one person
#: alone supervises, for else nobody could.
SECOND_PLACE: Final = frozenset(
    {
        Act.CONFIRM,
        Act.LIFT,
        Act.DECIDE_APPEAL,
        Act.EXEMPT,
        Act.ENROL_KEY,
        Act.REVOKE_KEY,
        Act.ERASE,
        Act.CHANGE_SUPERVISION,
        Act.DECIDE_EVIDENCE,
        Act.REPAIR_CLOCK,
        Act.HAND_OVER,
    }
)
#: Keys that are taken as they come: nobody holds one who could approve them.
FIRST_KEYS: Final = 2


def needs_key(act: Act, keys_enrolled: int) -> bool:
    """Whether the act takes the person's own key, after so many keys were ever enrolled.

    From the first key on, for ever: also when it was revoked. Enrolling is without one until the
    first two are there.
    """
    if act in CLAIM_IS_ENOUGH:
        return False
    return keys_enrolled >= (FIRST_KEYS if act is Act.ENROL_KEY else 1)


def alone(people: Sequence[Person]) -> str | None:
    """The id of the one person who supervises; None where nobody does, or several do."""
    found = {row.person_id for row in people if row.role is Role.SUPERVISOR}
    return found.pop() if len(found) == 1 else None


def roles_for(act: Act, people: Sequence[Person]) -> tuple[Role, ...]:
    """Roles that may do an act among these people, those in second place at the end."""
    roles = MAY[act]
    if act in SECOND_PLACE and Role.LEADER not in roles and alone(people) is not None:
        return (*roles, Role.LEADER)
    return roles


def standings(
    people: Sequence[Person], act: Act, scope: Scope | None, person_id: str, on: date
) -> Iterator[Standing]:
    """The rights of a person to an act on that day, their own before those of persons away.

    Without a `scope` the act is about no department, and each row of a role that may do it counts.
    In the role of handler, where a row in the scope bears the name of the one who handles the case,
    the other handlers have none: as with notices, the card is of the one who handles it.
    """
    allowing = [row for role in roles_for(act, people) for row in _in_scope(people, role, scope)]
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
    return Standing(person_id, row.role, on_behalf_of, if_told, second=row.role not in MAY[act])


def _in_scope(people: Sequence[Person], role: Role, scope: Scope | None) -> list[Person]:
    rows = [row for row in people if row.role is role]
    if scope is None:
        return rows
    rows = [row for row in rows if matches(row, scope.department, scope.region, scope.item_code)]
    if role is Role.HANDLER and scope.handler:
        return [row for row in rows if row.name == scope.handler] or rows
    return rows
