"""From decisions to rows: cards, what happens to them, notices, accountability, ledger entries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from ..engine.episode_timeline import Walk
from ..engine.findings import CaseFindings, Episode, Ground, Offence, calendar_of
from ..followup.accountability import store as accounts
from ..followup.accountability.actions import exempt_by_lift
from ..followup.accountability.checks import recorded
from ..followup.accountability.holdings import holdings, who_did
from ..followup.accountability.model import Holding
from ..followup.ladders import actions as ladders
from ..intake.store import cases
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType, commitment
from ..ledger.store import held_rows, ledger
from ..scan.scan_report import ScanReport
from ..terms import EVIDENCE, CardState, ExemptionGround, Level, LiftReason
from ..time.instants import rfc3339
from ..workspace.context import Context
from .card_rows import card_values, input_of, persons_json, walk_of
from .late_evidence import Weighed, rests_on
from .lift_effects import aftermath
from .model import decide as core_cards
from .store import cards


class Writer:
    """Collects what a batch writes, so that each table is written once."""

    def __init__(
        self, context: Context, connection: Connection, as_of: int, report: ScanReport
    ) -> None:
        self.context = context
        self.connection = connection
        self.as_of = as_of
        self.report = report
        self.rows: list[dict[str, Any]] = []
        self.happenings: list[cards.Happening] = []
        self.accounts: dict[str, tuple[Holding, ...]] = {}
        self.entries: list[ledger.NewEntry] = []
        #: Cards that this batch lifts, by the reason; and those that stand again.
        self.lifted: dict[LiftReason, list[str]] = {}
        self.revived: list[str] = []
        #: Standing cards that were judged under a newer calendar, by its version.
        self.stood: dict[str, list[str]] = {}
        #: Cards that stand no longer for another reason than a lift: their ladders.
        self._ended: dict[str, list[str]] = {}
        #: Standing cards whose holdings were counted again, and whether their clock has ended.
        self._counted: dict[str, bool] = {}
        self._known = held_rows.received(connection)
        #: Of cards that late evidence lifts, the rows that came after they were given.
        self._rests_on: dict[str, dict[str, Any]] = {}
        self._walks: dict[tuple[int, str, str], Walk] = {}
        self._holdings: dict[tuple[int, str, str, Level], tuple[Holding, ...]] = {}

    def write(self, weighed: Weighed, known: Sequence[core_cards.Card]) -> None:
        """Take down the decisions on one case; `known` are the cards that it had before."""
        case, found = weighed.case, weighed.found
        lifted = set()
        evidence: Mapping[str, object] = {}
        self._hold_back(weighed)
        for decision in weighed.decisions:
            if isinstance(decision, core_cards.Issue):
                evidence = evidence or input_of(case, self._known)
                self._issue(case, decision, evidence)
            else:
                if isinstance(decision, core_cards.Lift):
                    lifted.add(decision.card_no)
                    decision = self._resting(case, decision)
                self._follow(decision)
        kept = [
            card
            for card in known
            if card.card_no not in lifted and card.state is not CardState.LIFTED
        ]
        if weighed.by_former:
            return  # of what another calendar says nothing is written until persons agree to it
        self._account_again(case, found, kept)
        by = {
            (ground.bound.rule.id, ground.key): calendar_of(case.record, ground)
            for ground in found.grounds
        }
        for card in kept:
            name = by.get((card.rule_id, card.episode), case.record.calendar)
            calendar = self.context.catalogue.calendars.get(name)
            if calendar is not None and card.calendar_version != calendar.version:
                self.stood.setdefault(calendar.version, []).append(card.card_no)

    def _resting(self, case: cases.StoredCase, lift: core_cards.Lift) -> core_cards.Lift:
        """A lift by what was received since, with the rows that it rests on. Where these only tell
        the case's fields otherwise it is a correction."""
        if lift.reason not in EVIDENCE:
            return lift
        rows = rests_on(self.connection, case.case_id, lift.card_no)
        self._rests_on[lift.card_no] = rows
        told = rows.keys() & {"event", "event_withdrawal"}
        if rows and not told and lift.reason is LiftReason.LATE_EVIDENCE:
            return replace(lift, reason=LiftReason.CORRECTION)
        return lift

    def _hold_back(self, weighed: Weighed) -> None:
        """An entry for each matter that is held back, the first time that it is."""
        for each in weighed.evidence:
            content: dict[str, object] = {"evidence": each.number, "as_of": self._time(self.as_of)}
            if each.calendar:
                content["calendar"] = {
                    "id": each.calendar,
                    "sha256": each.version,
                    "former": each.former,
                }
            else:
                content |= {
                    "case": each.case_no,
                    "import": each.import_id,
                    "rows": each.rows.rows(),
                    "cards": list(weighed.contested),
                }
            self._entry(
                EntryType.EVIDENCE_HELD, f"{EntryType.EVIDENCE_HELD}/{each.number}", content
            )

    def _follow(self, decision: core_cards.Decided[Any]) -> None:
        """What happens to a card that was there before."""
        if isinstance(decision, core_cards.Lift):
            self._lift(decision)
        elif isinstance(decision, core_cards.Supersede):
            self.supersede(decision)
        elif isinstance(decision, core_cards.Revive):
            self._revive(decision)
        elif isinstance(decision, core_cards.RuleChanged):
            self.report.rule_changed.append(decision.card_no)

    def _walk(self, case: cases.StoredCase, episode: Episode) -> Walk:
        key = (case.case_id, episode.bound.rule.id, episode.key)
        if key not in self._walks:
            self._walks[key] = walk_of(self.context, case, episode, self.as_of)
        return self._walks[key]

    def _issue(
        self,
        case: cases.StoredCase,
        issue: core_cards.Issue[Ground],
        evidence: Mapping[str, object],
    ) -> None:
        context = self.context
        ground = issue.ground
        walked = None if isinstance(ground, Offence) else self._walk(case, ground)
        row = card_values(context, case, issue, walked, self.as_of)
        salt = context.salt()
        row["salt"] = salt.hex()
        self.rows.append(row)
        if issue.state is CardState.HISTORICAL:
            self.report.historical += 1
        else:
            self.report.issued[issue.level.level] += 1
        rule = ground.bound.rule
        self._entry(
            EntryType.CARD_ISSUED,
            f"card.issued/{issue.card_no}",
            {
                "card": issue.card_no,
                "subject": row["subject"],
                "level": issue.level.level.word,
                "issue_no": issue.issue_no,
                "state": row["state"],
                "state_before": row["state_before"],
                "department": row["department"],
                "rule": {
                    "id": rule.id,
                    "version": rule.version,
                    "sha256": ground.bound.digest,
                    "pack": ground.bound.pack,
                },
                "calendar": {"id": row["calendar"], "sha256": row["calendar_version"]},
                "episode": ground.key,
                "limit": {
                    "name": row["limit_name"],
                    "amount": row["limit_amount"],
                    "due_at": self._time(row["limit_due_at"]),
                },
                "fell_due_at": self._time(row["fell_due_at"]),
                "as_of": self._time(self.as_of),
                "input": evidence,
                "persons": {"commitment": commitment(salt, persons_json(row))},
                **binding.of_card(row, salt),
            },
        )
        if issue.level.level > Level.WARNING and issue.state is not CardState.HISTORICAL:
            self._account(case, ground, issue.card_no, issue.level.level, salt)

    def _shares(self, case: cases.StoredCase, ground: Ground, level: Level) -> tuple[Holding, ...]:
        """Who held the case how long in an episode, against the limit of this level's card.

        Of an offence: who did it.
        """
        key = (case.case_id, ground.bound.rule.id, ground.key, level)
        if key not in self._holdings:
            if isinstance(ground, Offence):
                self._holdings[key] = who_did(self.context, case, ground, level)
            else:
                walked = self._walk(case, ground)
                self._holdings[key] = holdings(
                    self.context, case, ground, walked, self.as_of, level
                )
        return self._holdings[key]

    def _account(
        self,
        case: cases.StoredCase,
        ground: Ground,
        card_no: str,
        level: Level,
        salt: bytes | None,
    ) -> None:
        """Who held the case, for a card; on record when it is issued and when the clock has ended.

        `salt` is that of a card which is being issued. Of others the entry is made where the
        holdings are others than before.
        """
        shares = self._shares(case, ground, level)
        self.accounts[card_no] = shares
        final = ground.stop is not None
        if salt is None:
            self._counted[card_no] = final
            return
        self._entry(
            EntryType.ACCOUNTABILITY_RECORDED,
            f"accountability/{card_no}/issued",
            self._recorded(card_no, final, salt),
        )

    def _recorded(self, card_no: str, final: bool, salt: bytes | None) -> dict[str, object]:
        return recorded(
            card_no,
            self.accounts[card_no],
            as_of=self.as_of,
            zone=self.context.zone,
            final=final,
            salt=salt,
        )

    def _count_again(self, changed: Collection[str]) -> None:
        """An entry for each standing card whose record is another than before.

        Named by the ledger's size as well: as of one instant a record may change twice.
        """
        numbers = [card_no for card_no in self._counted if card_no in changed]
        salts = cards.salts_of(self.connection, numbers)
        size = ledger.read_head(self.connection).size
        for card_no in numbers:
            self._entry(
                EntryType.ACCOUNTABILITY_RECORDED,
                f"accountability/{card_no}/{self.as_of}/{size}",
                self._recorded(card_no, self._counted[card_no], salts.get(card_no)),
            )

    def _account_again(
        self, case: cases.StoredCase, found: CaseFindings, standing: Sequence[core_cards.Card]
    ) -> None:
        """Bring the holdings of standing yellow and red cards up to date."""
        grounds = {(ground.bound.rule.id, ground.key): ground for ground in found.grounds}
        for card in standing:
            ground = grounds.get((card.rule_id, card.episode))
            if ground is None or card.level is Level.WARNING:
                continue
            if card.state not in (CardState.LIFTED, CardState.CLOSED, CardState.HISTORICAL):
                self._account(case, ground, card.card_no, card.level, None)

    def _lift(self, decision: core_cards.Lift) -> None:
        self.report.lifted += 1
        self.lifted.setdefault(decision.reason, []).append(decision.card_no)
        now = self.context.now()
        evidence = self._rests_on.get(decision.card_no)
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
                "lifted_at": self._time(now),
                "as_of": self._time(self.as_of),
                **({"rests_on": evidence} if evidence else {}),
            },
        )

    def supersede(self, decision: core_cards.Supersede) -> None:
        """A lower card gives way."""
        self._ended.setdefault("superseded", []).append(decision.card_no)
        values = {
            "state": str(CardState.SUPERSEDED),
            "state_before": str(decision.state_before),
        }
        self._happen(decision.card_no, "superseded", decision.by, values)
        self._entry(
            EntryType.CARD_SUPERSEDED,
            f"card.superseded/{decision.card_no}/{decision.by}",
            {
                "card": decision.card_no,
                "by": decision.by,
                "state_before": str(decision.state_before),
                "as_of": self._time(self.as_of),
            },
        )

    def _revive(self, decision: core_cards.Revive) -> None:
        self.revived.append(decision.card_no)
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
                actor=self.context.actor,
                text=text,
                values=values,
            )
        )

    def _time(self, instant: int | None) -> str | None:
        return None if instant is None else rfc3339(instant, self.context.zone)

    def _entry(self, kind: EntryType, fact: str, content: Mapping[str, object]) -> None:
        self.entries.append(self._made(kind, fact, content))

    def _made(self, kind: EntryType, fact: str, content: Mapping[str, object]) -> ledger.NewEntry:
        return self.context.entry(
            kind,
            fact,
            {"run": self.report.run_id, **content},
        )

    def finish(self) -> None:
        """Write all of it on the batch's connection."""
        cards.issue(self.connection, self.rows, self.context.actor)
        cards.happen(self.connection, self.happenings)
        for reason, lifted in self.lifted.items():
            aftermath(self.context, self.connection, lifted, reason)
            for card_no in lifted if reason in EVIDENCE else ():
                exempt_by_lift(self.context, self.connection, card_no, ExemptionGround.CARD_FELL)
        changed = accounts.write(self.connection, self.accounts, self.as_of)
        self._count_again(changed)
        for version, numbers in self.stood.items():
            cards.stood_under(self.connection, numbers, version)
        ledger.append(self.connection, self.entries)
        for why, numbers in self._ended.items():
            ladders.ended(self.context, self.connection, numbers, why)
        revived = cards.rows_of(self.connection, self.revived)
        ladders.begin(self.context, self.connection, [*self.rows, *revived])
