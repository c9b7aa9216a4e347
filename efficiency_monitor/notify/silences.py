"""Silences 静默: notices that match one wait until it ends; none is dropped.

Each has an owner, a reason and an end, at most 30 days away. The ledger says when it was added and
when it ended. Notices to supervisors wait only where a supervisor owns the silence: nobody keeps
the supervision office from hearing of their own department.
"""

import hashlib
from base64 import b32encode
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from ..faults import ConfigurationError, NotAllowed
from ..i18n.messages import t
from ..intake.store import cases
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.acting import acting, standing_of
from ..people.model.authority import Act, Scope, Standing, standings
from ..people.signing import sign
from ..records.tables import CardRow
from ..time.instants import local_date, rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import refuse_id_numbers, text_commitment
from .notices import people
from .store import outbox, silences

CARD = CardRow.__table__  # type: ignore[attr-defined]
MOST_DAYS = 30
MOST_TEXT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which notices a silence holds: those that fit every field that is not empty."""

    department: str = ""
    region: str = ""
    item_code: str = ""
    rule_id: str = ""
    case_no: str = ""
    person_id: str = ""

    @property
    def everything(self) -> bool:
        """Whether every notice fits."""
        return not any(asdict(self).values())


def silence_number(owner: str, filters: Filters, until: int, repeat: int) -> str:
    """Number of a silence: the same command given twice makes the same one."""
    key = "\x1f".join(("silence", owner, *asdict(filters).values(), str(until), str(repeat)))
    return f"S-{b32encode(hashlib.sha256(key.encode()).digest())[:12].decode()}"


def add_silence(context: Context, filters: Filters, *, reason: str, until: int) -> str:
    """Hold notices that fit until an instant (epoch seconds); the silence's number.

    NotAllowed where the person may not (`Act.ADD_SILENCE`; one over everything takes a
    supervisor); ConfigurationError where the end, the reason or a filter cannot be meant.
    """
    now = context.now()
    _check(context, filters, reason, until, now)
    with context.store.writing() as connection:
        scope = _scope(connection, filters)
        standing = standing_of(context, connection, Act.ADD_SILENCE, scope)
        owner = standing.person_id
        on = date.fromisoformat(local_date(now, context.zone))
        rights = standings(people(connection), Act.SILENCE_SUPERVISORS, scope, owner, on)
        supervisor = any(True for _ in rights)
        if supervisor:
            # It also holds what supervisors are told: that takes the person's own key.
            act = Act.SILENCE_SUPERVISORS
            standing = standing_of(context, connection, act, scope)
        if filters.everything and not supervisor:
            raise NotAllowed(
                t("{owner} may not silence every notice", owner=owner),
                t("narrow it with --department or another option, or let a supervisor do it"),
            )
        repeat = 0
        while (number := silence_number(owner, filters, until, repeat)) and (
            found := silences.find(connection, number)
        ):
            if found.ended_at is None:
                return number
            repeat += 1
        silences.add(
            connection,
            {
                "silence_no": number,
                **asdict(filters),
                "owner": owner,
                "over_supervisors": int(supervisor),
                "reason": reason,
                "starts_at": now,
                "ends_at": until,
            },
        )
        said = {
            **_said(number, filters),
            "over_supervisors": supervisor,
            "owner": owner,
            "reason": text_commitment(context, connection, reason),
            "until": rfc3339(until, context.zone),
            **binding.row_commitment(context, connection, "silence", number),
        }
        entry = context.entry(EntryType.SILENCE_ADDED, f"silence.added/{number}", said)
        ledger.append(connection, [entry])
        if supervisor:
            _sign(context, connection, standing, number, reason)
    return number


def _sign(
    context: Context, connection: Connection, standing: Standing, number: str, reason: str
) -> None:
    """Whoever holds a key signs what keeps supervisors from hearing: no claim of theirs does it."""
    sign(
        context,
        connection,
        standing,
        act=Act.SILENCE_SUPERVISORS,
        subject=f"silence:{number}",
        round=0,
        decision="add",
        ground=None,
        text=reason,
        evidence=(),
        must_sign=False,
    )


def end_silence(context: Context, silence_no: str, *, reason: str) -> bool:
    """End a silence before its time and let go what it held: its owner may, and supervisors.

    False: the same person had ended it before, nothing was written.
    """
    _check_text(reason)
    now = context.now()
    with context.store.writing() as connection:
        row = silences.find(connection, silence_no)
        if row is None:
            raise ConfigurationError(
                t("there is no silence {silence_no}", silence_no=silence_no),
                t("see effmon silences list --all"),
            )
        own = context.person == row.owner
        scope = _scope(connection, _filters(row))
        act = Act.SILENCE_SUPERVISORS if row.over_supervisors else Act.ADD_SILENCE
        person = acting(context, connection, act if own else Act.END_SILENCE, scope)
        if row.ended_at is not None and row.ended_by == person:
            return False
        if row.ended_at is not None or row.ends_at <= now:
            at = rfc3339(min(row.ended_at or row.ends_at, row.ends_at), context.zone)
            raise ConfigurationError(
                t("{silence_no} ended at {at}", silence_no=silence_no, at=at),
                t("see effmon silences list"),
            )
        _end(context, connection, row, at=now, by=person, reason=reason)
    return True


def end_what_ran_out(context: Context) -> list[str]:
    """Record the end of silences whose time is over and let go what they held; their numbers."""
    now = context.now()
    with context.store.reading() as connection:
        if not silences.run_out(connection, now):
            return []
    with context.store.writing() as connection:
        rows = silences.run_out(connection, now)
        for row in rows:
            _end(context, connection, row, at=row.ends_at, by=None, reason=None)
    return [row.silence_no for row in rows]


def _end(
    context: Context,
    connection: Connection,
    row: Any,
    *,
    at: int,
    by: str | None,
    reason: str | None,
) -> None:
    silences.end(connection, row.silence_no, at=at, by=by, reason=reason)
    released = outbox.release(connection, f"silence:{row.silence_no}", context.now())
    said = {
        "silence": row.silence_no,
        "ended": rfc3339(at, context.zone),
        "by": by,
        "reason": None if reason is None else text_commitment(context, connection, reason),
        "released": released,
        **binding.row_commitment(context, connection, "silence", row.silence_no),
    }
    entry = context.entry(EntryType.SILENCE_ENDED, f"silence.ended/{row.silence_no}", said)
    ledger.append(connection, [entry])


def list_silences(context: Context, *, everything: bool = False) -> list[dict[str, Any]]:
    """Silences that stand, or all there ever were, the newest first, with what each holds."""
    now = context.now()
    with context.store.reading() as connection:
        rows = silences.listed(connection)
        held = outbox.held_until(connection)
    return [
        {
            "silence_no": row.silence_no,
            **_named(_filters(row)),
            "over_supervisors": bool(row.over_supervisors),
            "owner": row.owner,
            "reason": row.reason,
            "starts_at": rfc3339(row.starts_at, context.zone),
            "ends_at": rfc3339(row.ends_at, context.zone),
            "ended_at": None if row.ended_at is None else rfc3339(row.ended_at, context.zone),
            "ended_by": row.ended_by,
            "end_reason": row.end_reason,
            "holds": held.get(f"silence:{row.silence_no}", (0, 0))[0],
        }
        for row in rows
        if everything or (row.ended_at is None and row.ends_at > now)
    ]


def _named(filters: Filters) -> dict[str, str]:
    """The filters under the names that other lists use: a card's `rule`."""
    return {"rule" if name == "rule_id" else name: kept for name, kept in asdict(filters).items()}


def _said(number: str, filters: Filters) -> dict[str, object]:
    return {"silence": number, "filters": {k: v for k, v in asdict(filters).items() if v}}


def _filters(row: Any) -> Filters:
    return Filters(**{name: getattr(row, name) for name in Filters.__slots__})


def _scope(connection: Connection, filters: Filters) -> Scope:
    """What a silence is about; of a case, what its row says, as far as the filters do not."""
    fields: dict[str, str | None] = {}
    if filters.case_no:
        case_id = cases.find_case(connection, filters.case_no)
        found = cases.read_cases(connection, [] if case_id is None else [case_id])
        for case in found:
            fields = dict(case.record.fields)
    return Scope(
        department=filters.department or fields.get("department") or "",
        region=filters.region or fields.get("region") or "",
        item_code=filters.item_code or fields.get("item_code") or "",
    )


def _check(context: Context, filters: Filters, reason: str, until: int, now: int) -> None:
    _check_text(reason)
    if not now < until <= now + MOST_DAYS * 86_400:
        at = rfc3339(until, context.zone)
        raise ConfigurationError(
            t(
                "a silence cannot end at {at}: it has to within the next {most_days} days",
                at=at,
                most_days=MOST_DAYS,
            ),
            t("write it as --until '2026-12-01 09:00'"),
        )
    with context.store.reading() as connection:
        everybody = people(connection)
        unknown = [
            ("--rule", filters.rule_id, filters.rule_id not in context.catalogue.rule_ids),
            (
                "--case",
                filters.case_no,
                cases.find_case(connection, filters.case_no) is None,
            ),
            (
                "--person",
                filters.person_id,
                all(person.person_id != filters.person_id for person in everybody),
            ),
            (
                "--department",
                filters.department,
                all(person.department != filters.department for person in everybody)
                and connection.execute(
                    select(CARD.c.card_no).where(CARD.c.department == filters.department).limit(1)
                ).first()
                is None,
            ),
        ]
    for option, value, missing in unknown:
        if value and missing:
            raise ConfigurationError(
                t("{option}: there is no {value!r}", option=option, value=value),
                t("it would hold nothing: check its spelling"),
            )


def _check_text(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError(t("no reason is given"), t("give one with --reason"))
    refuse_id_numbers(reason)
    if len(reason) > MOST_TEXT:
        raise ConfigurationError(
            t(
                "the reason has {n_reason} characters, at most {most_text}",
                n_reason=len(reason),
                most_text=MOST_TEXT,
            ),
            t("make it shorter"),
        )
