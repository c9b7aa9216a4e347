"""Handing over 移交 what a source owns: a migration to a new system, a case that another one goes
on with (docs/contract.md 2).

From then on the new owner alone speaks of the cases, and corrects what the former one said. Where
somebody supervises it takes what lifting a red card takes: two persons with keys.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..cards.explain import no_case
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..i18n.model_words import nearest
from ..intake.ingest import prefix_of
from ..intake.store import cases, owners
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import people
from ..people.acting import acting, approve
from ..people.first_signatures import Before, before, enough
from ..people.model.authority import Act
from ..people.model.people import Role
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from ..workspace.source_settings import BY_HAND
from ..workspace.transaction import transaction

#: Persons who have to sign where somebody supervises.
NEEDED = 2


@dataclass(slots=True)
class HandedOver:
    """What became of a hand-over."""

    from_source: str
    to_source: str
    case_no: str | None
    #: False: it waits for another signature.
    done: bool
    #: How many cases change their owner.
    cases: int
    signed_by: list[str] = field(default_factory=list)
    #: 0: nobody supervises, and whoever operates the workspace does it alone.
    needed: int = 0
    #: True: it was given before by the same person; nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "from": self.from_source,
            "to": self.to_source,
            "case_no": self.case_no,
            "done": self.done,
            "cases": self.cases,
            "signed_by": self.signed_by,
            "needed": self.needed,
            "repeated": self.repeated,
            "lapsed": self.lapsed,
        }


def hand_over(
    context: Context,
    from_source: str,
    to_source: str,
    case_no: str | None,
    text: str | None,
    *,
    dry_run: bool = False,
) -> HandedOver:
    """Let another source own all cases that one owns, or one of them; or sign for it.

    Cases that the former owner brings later are its own again. ConfigurationError where TO is no
    source, brings other numbers, or FROM owns nothing of that; NotAllowed where the person may not.
    """
    why = require_text(text, t("reason for the hand-over"))
    _check(context, from_source, to_source)
    with transaction(context, dry_run=dry_run) as connection:
        case_id = None if case_no is None else cases.find_case(connection, case_no)
        if case_no is not None and case_id is None:
            raise no_case(case_no)
        owned = owners.owned(connection, from_source, case_id)
        supervised = _supervised(connection)
        if supervised:
            acting(context, connection, Act.HAND_OVER, None, second=True)
        done = HandedOver(from_source, to_source, case_no, not supervised, len(owned))
        subject = f"source:{from_source}>{to_source}" + (f"/{case_no}" if case_no else "")
        turn = sum(_same(row, done, case_id) for row in owners.listed(connection)) + 1
        if not owned:
            return _before(context, connection, done, subject, turn - 1)
        if supervised:
            _sign(context, connection, done, subject, turn, why)
        if done.done:
            _write(context, connection, done, case_id, max(owned), turn, why)
    return done


def _check(context: Context, from_source: str, to_source: str) -> None:
    known = sorted({*context.settings.sources, BY_HAND})
    if to_source not in known:
        near = nearest(to_source, known)
        raise ConfigurationError(
            t("there is no source {name!r}{name_2}", name=to_source, name_2=near),
            t("write [sources.{name}] in effmon.toml", name=to_source),
        )
    if from_source == to_source:
        raise ConfigurationError(
            t("{source} owns its cases already", source=to_source), t("name two sources")
        )
    before, after = prefix_of(context, from_source), prefix_of(context, to_source)
    if from_source in context.settings.sources and before != after:
        raise ConfigurationError(
            t(
                "{from_} and {to} have other prefixes: what {to} brings would be other cases",
                from_=from_source,
                to=to_source,
            ),
            t(
                "give it the same in effmon.toml: [sources.{to}] prefix = {before}",
                to=to_source,
                before=f'"{before}"',
            ),
        )


def _supervised(connection: Connection) -> bool:
    """Whether somebody supervises, or ever did."""
    if cases.supervised_from(connection) is not None:
        return True
    return any(row.role is Role.SUPERVISOR for row in people(connection))


def _same(row: object, done: HandedOver, case_id: int | None) -> bool:
    said = (row.from_source, row.to_source, row.case_id, row.event_key)  # type: ignore[attr-defined]
    return bool(said == (done.from_source, done.to_source, case_id, None))


def _signed(context: Context, connection: Connection, subject: str, turn: int) -> Before:
    return before(context, connection, act=Act.HAND_OVER, subject=subject, round=turn, scope=None)


def _sign(
    context: Context, connection: Connection, done: HandedOver, subject: str, turn: int, why: str
) -> None:
    known = _signed(context, connection, subject, turn)
    mine = known.by(context.person or "", "hand_over", None)
    if mine is None:
        given = approve(
            context,
            connection,
            act=Act.HAND_OVER,
            subject=subject,
            round=turn,
            decision="hand_over",
            text=why,
            must_sign=True,
            second=True,
        )
        known.given.append(given)
    done.needed = NEEDED
    done.signed_by = [one.person_id for one in known.given]
    done.done, done.repeated = enough(known.given, NEEDED), mine is not None
    done.lapsed = known.lapsed


def _before(
    context: Context, connection: Connection, done: HandedOver, subject: str, turn: int
) -> HandedOver:
    """A hand-over that was done already, given again by somebody who did it; else the fault."""
    known = _signed(context, connection, subject, turn) if turn else None
    mine = known is not None and known.by(context.person or "", "hand_over", None) is not None
    if turn and (mine or not _supervised(connection)):
        done.done = done.repeated = True
        done.signed_by = [one.person_id for one in known.given] if known is not None else []
        return done
    raise ConfigurationError(
        t("{source} owns no such case", source=done.from_source),
        t("effmon cases show CASE says who owns it; effmon sources list, how many each has"),
    )


def _write(
    context: Context,
    connection: Connection,
    done: HandedOver,
    case_id: int | None,
    upto: int,
    turn: int,
    why: str,
) -> None:
    """Row and entry; the next scan judges the cases by what their new owner says."""
    place = "*" if done.case_no is None else done.case_no
    fact = f"{EntryType.SOURCE_HANDED_OVER}/{done.from_source}>{done.to_source}/{turn}/{place}"
    content = {
        "from": done.from_source,
        "to": done.to_source,
        "case": done.case_no,
        "upto": upto,
        "cases": done.cases,
        "event": None,
        "round": turn,
        "signed_by": done.signed_by,
        "person": context.person,
        "text": text_commitment(context, connection, why),
    }
    ledger.append(connection, [context.entry(EntryType.SOURCE_HANDED_OVER, fact, content)])
    who = context.actor
    row = {
        "from_source": done.from_source,
        "to_source": done.to_source,
        "case_id": case_id,
        "upto_case": upto,
        "at": context.now(),
        "event_key": None,
        "entry": fact,
        "person": who.claimed,
        "os_user": who.os_user,
        "host": who.host,
        "tty": who.tty,
        "text": why,
    }
    owners.hand_over(connection, [row])
