"""Changes of who supervises: from the first key on they wait for supervisors' signatures.

One where one supervisor holds a key, two where two do; each gives the same command. What waits is
known by a number and by a salted commitment to the rows before and after, no row is kept: the file
is brought again by the second. The next file replaces it.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from ..faults import NotAllowed
from ..i18n.messages import t
from ..ledger.model.entries import commitment
from ..notify.notices import people
from ..workspace.context import Context, compact_json, meta, set_meta
from ..workspace.required_texts import text_commitment
from .acting import acting, approvals, approve, claimed
from .first_signatures import before, enough
from .model.authority import Act, alone
from .model.people import Person, Role
from .model.people_change import Waiting, guarded, without_guarded
from .revocations import ended_alone
from .store import keys, text_salts

#: Fact about the workspace: the change that waits, and the number of the last one.
WAITING: Final = "supervision_waiting"


@dataclass(slots=True)
class Signatures:
    """Who has signed a change of who supervises, and how many have to."""

    signed_by: list[str] = field(default_factory=list)
    needed: int = 0
    #: True: the same person had signed it before.
    repeated: bool = False
    lapsed: list[str] = field(default_factory=list)
    #: Why the person of this command could not sign.
    refused: str | None = None
    done: bool = True


@dataclass(slots=True)
class Supervision(Signatures):
    """What a people file changes of who supervises, and whether it may."""

    waits: tuple[Waiting, ...] = ()
    number: int = 0
    made: str = ""

    def in_entry(self) -> dict[str, object]:
        """As the import's entry says it; empty where nobody who supervises is touched."""
        if not self.waits:
            return {}
        return {
            "supervision": {
                "change": self.number,
                "rows": {"commitment": self.made},
                "persons": [f"{one.kind} {one.person_id}" for one in self.waits],
                "done": self.done,
                "signed_by": self.signed_by,
            }
        }


def in_use(connection: Connection) -> bool:
    """Whether keys are in use in this workspace: from the first one on, for ever."""
    return keys.number(connection) > 0


def taken(
    context: Context, connection: Connection, after: Sequence[Person]
) -> tuple[tuple[Person, ...], Supervision]:
    """The people that an import leaves, of those its file names; and what waits of it.

    The person of `--as` signs what waits where they give their key. Called in the import's
    transaction; a rehearsal signs nothing that stays.
    """
    known = people(connection)
    if not in_use(connection):
        return tuple(after), Supervision()
    rest, waits = without_guarded(known, after)
    if not waits:
        _note(connection, _state(connection)["number"], "", ())
        return tuple(after), Supervision()
    found = Supervision(waits=waits)
    found.number, found.made = _number(context, connection, known, after, waits)
    what = {"subject": f"people:{found.number}", "act": Act.CHANGE_SUPERVISION}
    sign(context, connection, what, found, decision="change", ground=found.made)
    if not found.done:
        return rest, found
    _note(connection, found.number, "", ())
    return tuple(after), found


def sign(
    context: Context,
    connection: Connection,
    what: Mapping[str, Any],
    found: Signatures,
    *,
    decision: str,
    ground: str | None,
    text: str | None = None,
    barred: Mapping[str, str] | None = None,
) -> None:
    """Put the signature of who acts under a change, and say in `found` whether it is enough.

    Without a key nothing is signed, and nobody is refused: what waits goes on waiting.
    """
    act: Act = what["act"]
    scope = None
    known = before(context, connection, **what, scope=scope)
    found.lapsed = known.lapsed
    signer = context.person
    if context.person is not None and context.key is not None:
        try:
            acting(context, connection, act, scope, barred, second=True)
        except NotAllowed as fault:
            found.refused = fault.message
        else:
            found.repeated = known.by(claimed(context), decision, ground) is not None
            if not found.repeated:
                given = approve(
                    context,
                    connection,
                    **what,
                    decision=decision,
                    ground=ground,
                    text=text,
                    must_sign=True,
                    barred=barred,
                    second=True,
                )
                known.given.append(given)
    agreed = [one for one in known.given if (one.decision, one.ground) == (decision, ground)]
    found.signed_by = [one.person_id for one in agreed]
    found.needed = needed(connection, found.signed_by or ([] if signer is None else [signer]))
    found.done = enough(agreed, found.needed)


def needed(connection: Connection, signers: Sequence[str]) -> int:
    """How many have to sign: two where two hold keys, a leader's among them where one supervises.

    Also where a signer has ended another's key alone, until a key is enrolled again: whoever takes
    the second key away does not thereby become enough.
    """
    everybody = people(connection)
    roles = {Role.SUPERVISOR} if alone(everybody) is None else {Role.SUPERVISOR, Role.LEADER}
    may = {row.person_id for row in everybody if row.role in roles}
    if len(may & keys.holders(connection)) > 1:
        return 2
    return 2 if any(ended_alone(connection, signer) for signer in signers) else 1


def is_guarded(connection: Connection, person_id: str) -> bool:
    """Whether this person's rows are changed by supervisors' signatures alone."""
    return in_use(connection) and person_id in guarded(people(connection))


def waiting(connection: Connection) -> list[dict[str, Any]]:
    """Whose rows wait, for `people list`: number of the change, person, what, who has signed."""
    state = _state(connection)
    if not state["waits"]:
        return []
    subject = f"people:{state['number']}"
    given = approvals(connection, subject=subject, act=Act.CHANGE_SUPERVISION)
    signed = [one.person_id for one in given if one.ground == state["made"]]
    return [
        {
            "change": state["number"],
            "person_id": person_id,
            "kind": kind,
            "signed_by": signed,
            "needed": needed(connection, signed),
        }
        for person_id, kind in state["waits"]
    ]


def _number(
    context: Context,
    connection: Connection,
    known: Sequence[Person],
    after: Sequence[Person],
    waits: Sequence[Waiting],
) -> tuple[int, str]:
    """Number and commitment of this change: those of the one that waits, where it is the same."""
    whose = {one.person_id for one in waits}
    text = compact_json([_plain(known, whose), _plain(after, whose)])
    state = _state(connection)
    salt = text_salts.find(connection, state["made"]) if state["made"] else None
    if salt is not None and commitment(salt, text) == state["made"]:
        return state["number"], state["made"]
    number = state["number"] + 1
    made = text_commitment(context, connection, text)["commitment"]
    _note(connection, number, made, waits)
    return number, made


def _plain(everybody: Sequence[Person], whose: set[str]) -> list[list[str]]:
    rows = [
        [
            each.isoformat() if isinstance(each, date) else str(each or "")
            for each in (getattr(row, name) for name in Person.__slots__)
        ]
        for row in everybody
        if row.person_id in whose
    ]
    return sorted(rows)


def _state(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = {"number": 0, "made": "", "waits": []}
    with suppress(ValueError, AttributeError):
        found |= json.loads(meta(connection).get(WAITING, "{}"))
    return found


def _note(connection: Connection, number: int, made: str, waits: Sequence[Waiting]) -> None:
    state = {"number": number, "made": made, "waits": [[one.person_id, one.kind] for one in waits]}
    if state != _state(connection):
        set_meta(connection, WAITING, compact_json(state))


def words(found: Signatures, whose: str) -> str:
    """What a change still waits for, in one line."""
    signed = t(", ").join(found.signed_by) or t("nobody")
    return t(
        "who supervises, deputises for one or leads is changed by supervisors' signatures: signed "
        "by {signed}, {needed} needed, each gives the same command with --as PERSON --key FILE: "
        "{whose}",
        signed=signed,
        needed=found.needed,
        whose=whose,
    )
