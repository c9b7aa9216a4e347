"""From decisions to rows: cards, what happens to them, notices, accountability, ledger entries."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ..core import cards as core_cards
from ..core.accountability import Holding, attribute
from ..core.amount import Amount, Unit, decimal_text
from ..core.encoding import ordered
from ..core.evaluation import CaseFindings, Episode, LimitFound
from ..core.instants import rfc3339
from ..core.intake import digest
from ..core.ledger import EntryType, canonical_json, commitment
from ..core.terms import CardState, Level
from ..core.walk import Walk, walk
from ..store import cards, cases, ledger
from . import notices
from .context import Context, compact_json

if TYPE_CHECKING:
    from .scan import ScanReport

ISSUER = "effmon"


def until_of(episode: Episode, as_of: int) -> int:
    """Instant up to which the episode counts: its stop, else `as_of`."""
    return as_of if episode.stop is None else min(as_of, episode.stop.occurred_at)


def walk_of(context: Context, case: cases.StoredCase, episode: Episode, as_of: int) -> Walk:
    """The episode's pauses and running time."""
    compiled = context.catalogue.compiled(case.record.calendar)
    return walk(case.record, episode, context.catalogue.vocabulary, compiled, as_of)


def measured(
    walked: Walk, limit: LimitFound, unit: Unit, until: int
) -> tuple[Decimal | None, Decimal | None]:
    """Elapsed amount in `unit` by `until`, and by how much it is over the limit."""
    elapsed = walked.elapsed(unit, until)
    if elapsed is None:
        return None, None
    if limit.amount is not None and limit.amount.unit is unit:
        return elapsed, max(elapsed - limit.amount.value, Decimal(0))
    if limit.due_at is None:
        return elapsed, None
    at_due = walked.elapsed(unit, limit.due_at)
    return elapsed, None if at_due is None else max(elapsed - at_due, Decimal(0))


def card_values(
    context: Context, case: cases.StoredCase, issue: core_cards.Issue, as_of: int
) -> dict[str, Any]:
    """The row of a card that is to be issued."""
    episode, found = issue.episode, issue.level
    fields = case.record.fields
    limit = next(limit for limit in episode.limits if limit.name == found.limit)
    walked = walk_of(context, case, episode, as_of)
    unit = limit.amount.unit if limit.amount is not None else episode.bound.rule.clock.count
    if unit is Unit.CALENDAR_MONTHS:
        unit = Unit.CALENDAR_DAYS
    elapsed, over = measured(walked, limit, unit, until_of(episode, as_of))
    rule = episode.bound.rule
    return {
        "card_no": issue.card_no,
        "subject": core_cards.subject_of(case.record.case_no),
        "case_id": case.case_id,
        "case_no": case.record.case_no,
        "rule_id": rule.id,
        "rule_version": rule.version,
        "rule_digest": episode.bound.digest,
        "pack": episode.bound.pack,
        "episode": episode.key,
        "level": int(found.level),
        "issue_no": issue.issue_no,
        "state": str(issue.state),
        "state_before": str(issue.state_before) if issue.state_before else None,
        "item_code": fields.get("item_code"),
        "region": fields.get("region"),
        "department": episode.start.department or fields.get("department"),
        "handler": handler_of(case),
        "reviewer": fields.get("reviewer"),
        "approver": fields.get("approver"),
        "limit_name": found.limit,
        "limit_amount": None if limit.amount is None else str(limit.amount),
        "limit_due_at": limit.due_at,
        "fell_due_at": found.instant,
        "as_of": as_of,
        "issued_at": context.now(),
        "elapsed": None if elapsed is None else decimal_text(elapsed),
        "over": None if over is None else decimal_text(over),
        "unit": str(unit),
        "calendar": case.record.calendar,
        "calendar_version": context.catalogue.calendars[case.record.calendar].version,
        "lifted_reason": None,
        "lifted_at": None,
    }


def handler_of(case: cases.StoredCase) -> str | None:
    """Who handles a case 承办人: its own field, else who accepted it or was assigned to it last."""
    named = case.record.fields.get("handler")
    if named:
        return named
    actors = [
        event.actor
        for event in sorted(case.record.events, key=lambda event: event.occurred_at)
        if event.type in ("accepted", "assigned") and event.actor
    ]
    return actors[-1] if actors else None


def card_json(row: Mapping[str, Any], zone: str) -> dict[str, object]:
    """A card in the JSON others rely on (DESIGN 6)."""

    def amount(value: str | None) -> dict[str, str] | None:
        return None if value is None else {"value": value, "unit": row["unit"]}

    def instant(value: int | None) -> str | None:
        return None if value is None else rfc3339(value, zone)

    limit = row["limit_amount"]
    return {
        "card_no": row["card_no"],
        "subject": row["subject"],
        "case_no": row["case_no"],
        "item_code": row["item_code"],
        "department": row["department"],
        "pack": row["pack"],
        "rule": row["rule_id"],
        "rule_version": row["rule_version"],
        "level": Level(row["level"]).word,
        "state": row["state"],
        "limit_due_at": instant(row["limit_due_at"]),
        "fell_due_at": instant(row["fell_due_at"]),
        "as_of": instant(row["as_of"]),
        "issued_at": instant(row["issued_at"]),
        "limit": None if limit is None else Amount.parse(limit).as_json(),
        "limit_name": row["limit_name"],
        "elapsed": amount(row["elapsed"]),
        "over": amount(row["over"]),
        "handler": row["handler"],
    }


def persons_json(row: Mapping[str, Any]) -> str:
    """The persons a card names, as the text the ledger commits to."""
    return canonical_json(
        {name: row[name] for name in ("handler", "reviewer", "approver")}
    ).decode()


class Writer:
    """Collects what a batch writes, so that each table is written once."""

    def __init__(
        self, context: Context, connection: Connection, as_of: int, report: "ScanReport"
    ) -> None:
        self.context = context
        self.connection = connection
        self.as_of = as_of
        self.report = report
        self.rows: list[dict[str, Any]] = []
        self.happenings: list[cards.Happening] = []
        self.accounts: list[tuple[str, tuple[Holding, ...]]] = []
        self.entries: list[ledger.NewEntry] = []

    def write(
        self,
        case: cases.StoredCase,
        found: CaseFindings,
        decisions: Sequence[core_cards.Decision],
        standing: Sequence[core_cards.Card],
    ) -> None:
        """Take down the decisions on one case."""
        lifted = set()
        for decision in decisions:
            if isinstance(decision, core_cards.Issue):
                self._issue(case, decision)
            elif isinstance(decision, core_cards.Lift):
                lifted.add(decision.card_no)
                self._lift(decision)
            elif isinstance(decision, core_cards.Supersede):
                self._supersede(decision)
            elif isinstance(decision, core_cards.Revive):
                self._revive(decision)
            else:
                self.report.rule_changed.append(decision.card_no)
        self._account_again(case, found, [card for card in standing if card.card_no not in lifted])

    def _issue(self, case: cases.StoredCase, issue: core_cards.Issue) -> None:
        context = self.context
        row = card_values(context, case, issue, self.as_of)
        salt = context.salt()
        row["salt"] = salt.hex()
        self.rows.append(row)
        if issue.state is CardState.HISTORICAL:
            self.report.historical += 1
        else:
            self.report.issued[issue.level.level] += 1
        rule = issue.episode.bound.rule
        self._entry(
            EntryType.CARD_ISSUED,
            f"card.issued/{issue.card_no}",
            {
                "card": issue.card_no,
                "subject": row["subject"],
                "level": issue.level.level.word,
                "issue_no": issue.issue_no,
                "state": row["state"],
                "department": row["department"],
                "rule": {
                    "id": rule.id,
                    "version": rule.version,
                    "sha256": issue.episode.bound.digest,
                    "pack": issue.episode.bound.pack,
                },
                "calendar": {"id": row["calendar"], "sha256": row["calendar_version"]},
                "episode": issue.episode.key,
                "limit": {
                    "name": row["limit_name"],
                    "amount": row["limit_amount"],
                    "due_at": self._time(row["limit_due_at"]),
                },
                "fell_due_at": self._time(row["fell_due_at"]),
                "as_of": self._time(self.as_of),
                "input": {"sha256": input_digest(case)},
                "persons": {"commitment": commitment(salt, persons_json(row))},
            },
        )
        if issue.level.level > Level.WARNING and issue.state is not CardState.HISTORICAL:
            self._account(case, issue.episode, issue.card_no, salt)

    def _account(
        self, case: cases.StoredCase, episode: Episode, card_no: str, salt: bytes | None
    ) -> None:
        context = self.context
        compiled = context.catalogue.compiled(case.record.calendar)
        walked = walk_of(context, case, episode, self.as_of)
        events = ordered(case.record, context.catalogue.vocabulary, compiled.table, self.as_of)
        due = [limit.due_at for limit in episode.limits if limit.due_at is not None]
        holdings = attribute(
            walked,
            [event for event in events if event.occurred_at >= walked.start_at],
            case.record.fields,
            due_at=min(due, default=None),
            until=until_of(episode, self.as_of),
        )
        self.accounts.append((card_no, holdings))
        if salt is None and episode.stop is None:
            return
        names = compact_json([holding.holder for holding in holdings])
        self._entry(
            EntryType.ACCOUNTABILITY_RECORDED,
            f"accountability/{card_no}/{'final' if episode.stop else 'issued'}",
            {
                "card": card_no,
                "as_of": self._time(self.as_of),
                "final": episode.stop is not None,
                "parts": [
                    {
                        "stage": holding.stage,
                        "department": holding.department,
                        "held_seconds": holding.held_seconds,
                        "overrun_seconds": holding.overrun_seconds,
                    }
                    for holding in holdings
                ],
                "holders": {"sha256": digest(names, salt.hex())} if salt is not None else None,
            },
        )

    def _account_again(
        self, case: cases.StoredCase, found: CaseFindings, standing: Sequence[core_cards.Card]
    ) -> None:
        """Bring the holdings of standing yellow and red cards up to date."""
        episodes = {(episode.bound.rule.id, episode.key): episode for episode in found.episodes}
        for card in standing:
            episode = episodes.get((card.rule_id, card.episode))
            if episode is None or card.level is Level.WARNING:
                continue
            if card.state not in (CardState.LIFTED, CardState.CLOSED, CardState.HISTORICAL):
                self._account(case, episode, card.card_no, None)

    def _lift(self, decision: core_cards.Lift) -> None:
        self.report.lifted += 1
        now = self.context.now()
        self._happen(
            decision.card_no,
            "lifted",
            str(decision.reason),
            {
                "state": str(CardState.LIFTED),
                "lifted_reason": str(decision.reason),
                "lifted_at": now,
            },
        )
        self._entry(
            EntryType.CARD_LIFTED,
            f"card.lifted/{decision.card_no}",
            {
                "card": decision.card_no,
                "reason": str(decision.reason),
                "as_of": self._time(self.as_of),
            },
        )

    def _supersede(self, decision: core_cards.Supersede) -> None:
        values = {
            "state": str(CardState.SUPERSEDED),
            "state_before": str(decision.state_before),
        }
        self._happen(decision.card_no, "superseded", decision.by, values)
        self._entry(
            EntryType.CARD_SUPERSEDED,
            f"card.superseded/{decision.card_no}/{decision.by}",
            {"card": decision.card_no, "by": decision.by, "as_of": self._time(self.as_of)},
        )

    def _revive(self, decision: core_cards.Revive) -> None:
        values = {"state": str(decision.state), "state_before": None}
        self._happen(decision.card_no, "revived", str(decision.state), values)
        self._entry(
            EntryType.CARD_REVIVED,
            f"card.revived/{decision.card_no}/{self.as_of}",
            {
                "card": decision.card_no,
                "state": str(decision.state),
                "as_of": self._time(self.as_of),
            },
        )

    def _happen(self, card_no: str, kind: str, text: str, values: Mapping[str, object]) -> None:
        self.happenings.append(
            cards.Happening(
                card_no=card_no,
                kind=kind,
                at=self.context.now(),
                os_user=self.context.os_user,
                text=text,
                values=values,
            )
        )

    def _time(self, instant: int | None) -> str | None:
        return None if instant is None else rfc3339(instant, self.context.zone)

    def _entry(self, kind: EntryType, fact: str, content: Mapping[str, object]) -> None:
        self.entries.append(
            ledger.NewEntry(
                type=kind,
                fact=fact,
                at=rfc3339(self.context.now(), self.context.zone),
                content={"run": self.report.run_id, **content},
            )
        )

    def finish(self) -> None:
        """Write all of it on the batch's connection."""
        cards.issue(self.connection, self.rows, self.context.os_user)
        cards.happen(self.connection, self.happenings)
        for card_no, holdings in self.accounts:
            cards.write_account(self.connection, card_no, holdings, self.as_of)
        notices.write_for(self.context, self.connection, self.rows)
        ledger.append(self.connection, self.entries)


def input_digest(case: cases.StoredCase) -> str:
    """Digest of what the judgement rests on: the case's fields and the keys of its events."""
    keys = sorted(event.key for event in case.record.events)
    return digest(case.record.case_no, dict(case.record.fields), keys)
