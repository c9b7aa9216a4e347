"""What the terminal shows of evidence: what is held back, what was decided, what fell by it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from ...cards.fallen import unseen
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...intake.provenance import origin_json
from ...intake.store import cases, evidence, import_runs, provenance
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...people.model.authority import Act
from ...people.model.personal import is_seal
from ...people.signing import approvals
from ...terms import Level, Precision
from ...time.instants import local_date, rfc3339
from ...workspace.context import Context
from .actions import subject_of
from .matters import Matter, Target, about, lacking, needs, waiting

#: States of evidence.
WAITING = "waiting"


def list_evidence(
    context: Context, *, state: str = WAITING, target: Target | None = None
) -> list[dict[str, Any]]:
    """Evidence as JSON: what is held back now, or what was decided on, newest first."""
    with context.store.reading() as connection:
        if state == WAITING:
            found = waiting(context, connection)
            found = found if target is None else about(connection, found, target)
            return [_matter(context, connection, one) for one in found]
        numbers = cases.numbers_and_fields(
            connection,
            [row.case_id for row in evidence.decided(connection) if row.case_id is not None],
        )
        return [
            {
                "evidence": row.evidence_no,
                "state": row.decision,
                "case_no": numbers[row.case_id][0] if row.case_id is not None else None,
                "calendar": row.calendar,
                "import": row.import_id,
                "decided_at": rfc3339(row.at, context.zone),
                "decided_by": row.person,
            }
            for row in evidence.decided(connection)
            if state in (row.decision, "all")
        ]


def _matter(context: Context, connection: Connection, one: Matter) -> dict[str, Any]:
    held = one.evidence
    need = needs(context, connection, [one], accept=True, why=t("they imported it"))
    run = import_runs.by_id(connection, [held.import_id] if held.import_id else [])
    came = run.get(held.import_id)
    return {
        "evidence": held.number,
        "state": WAITING,
        "case_no": held.case_no or None,
        "calendar": held.calendar or None,
        "import": held.import_id or None,
        "source": None if came is None else came.source,
        "received_at": None if came is None else rfc3339(came.received_at, context.zone),
        "by": None if came is None else came.who.person or came.who.os_user,
        "by_key": None if came is None else came.who.key_id,
        "rows": sum(len(rows) for rows in held.rows.rows().values()),
        "cards": sorted(str(card["card_no"]) for card in one.cards),
        "level": None if one.level is None else one.level.word,
        "signatures": need.persons,
        "signed_by": _signed(connection, one),
        "lacking": lacking(context, connection, need),
    }


def _signed(connection: Connection, one: Matter) -> list[str]:
    """Who has signed so far that this matter alone be accepted."""
    subject = subject_of(Target("evidence", one.evidence.number), [one], "accept")
    given = approvals(connection, subject=subject, act=Act.DECIDE_EVIDENCE)
    return [each.person_id for each in given if each.decision == "accept"]


def show_evidence(context: Context, number: str) -> dict[str, Any]:
    """One matter: its rows with what they say and who brought them, and what was decided on it.

    ConfigurationError where nothing ever was held back under this number.
    """
    with context.store.reading() as connection:
        found = about(connection, waiting(context, connection), Target("evidence", number))
        decided = evidence.decided(connection, number)
        entry = ledger.entry(connection, fact=f"{EntryType.EVIDENCE_HELD}/{number}")
        if not (found or decided or entry):
            raise ConfigurationError(
                t("there is no evidence {number}", number=number),
                t("effmon evidence list --state all shows the numbers"),
            )
        said: Mapping[str, Any] = {} if entry is None else json.loads(entry[1])
        document: dict[str, Any]
        if found:
            document = _matter(context, connection, found[0])
            rows = found[0].evidence.rows
        else:
            rows = evidence.rows_of(
                decided[0].rows if decided else json.dumps(said.get("rows", {}))
            )
            calendar = said.get("calendar", {}).get("id")
            document = {
                "evidence": number,
                "state": decided[0].decision if decided else "moot",
                "case_no": said.get("case"),
                "calendar": calendar,
                "import": said.get("import"),
                "cards": said.get("cards", []),
            }
        if document["calendar"]:
            document["version"] = said.get("calendar", {}).get("sha256")
            document["former_version"] = said.get("calendar", {}).get("former")
        document["held_since"] = said.get("at")
        document["says"] = list(_says(context, connection, document["case_no"], rows))
        document["decisions"] = [
            {
                "at": rfc3339(row.at, context.zone),
                "decision": row.decision,
                "person_id": row.person,
                "os_user": row.os_user,
                "text": row.text,
            }
            for row in decided
        ]
        return document


def _says(
    context: Context, connection: Connection, case_no: str | None, rows: evidence.HeldBack
) -> Iterator[dict[str, Any]]:
    """What each row says: an event told or withdrawn, a field told otherwise."""
    case_id = None if case_no is None else cases.find_case(connection, case_no)
    if case_id is None:
        return
    zone = context.zone
    told = provenance.of_case(connection, case_id, None)
    for one in told.events:
        origin = origin_json(one.origin, zone)
        if one.told.row in rows.events:
            yield {"what": "event", **_event(one, zone), **origin}
        if one.told.row in rows.withdrawals:
            yield {"what": "withdrawn", **_event(one, zone), **origin}
    before: Mapping[str, str] = {}
    for version in told.versions:
        if version.row in rows.facts:
            for name in sorted({*before, *version.fields}):
                if before.get(name) != version.fields.get(name):
                    yield {
                        "what": "field",
                        "field": name,
                        "before": _shown(before.get(name)),
                        "after": _shown(version.fields.get(name)),
                        **origin_json(version.origin, zone),
                    }
        before = version.fields
    if rows.items:
        yield {"what": "item", "rows": len(rows.items)}


def _shown(value: str | None) -> str | None:
    return None if value is None or is_seal(value) else value


def _event(one: provenance.EventSaid, zone: str) -> dict[str, Any]:
    event = one.told.event
    dated = event.precision is Precision.DAY
    at = local_date(event.occurred_at, zone) if dated else rfc3339(event.occurred_at, zone)
    return {"type": event.type, "occurred_at": at, "kind": event.kind, "stage": event.stage}


def list_fallen(context: Context, target: Target | None = None) -> list[dict[str, Any]]:
    """The cards that fell by evidence and of which no supervisor has seen it, as JSON."""
    with context.store.reading() as connection:
        return [
            {
                "card_no": each.card_no,
                "level": Level(each.row["level"]).word,
                "case_no": each.row["case_no"],
                "department": each.row["department"],
                "reason": each.row["lifted_reason"],
                "lifted_at": rfc3339(each.row["lifted_at"], context.zone),
                "imports": sorted(each.imports),
                "evidence": list(each.rests_on.get("evidence", ())),
            }
            for each in unseen(connection)
            if target is None or target.name in {each.card_no, *each.imports}
        ]
