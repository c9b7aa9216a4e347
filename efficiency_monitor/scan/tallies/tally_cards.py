"""Cards of tallies as rows: given to a subject, with what they were made of; no time, no case."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from ...cards.card_rows import persons_json
from ...cards.issuing import Writer
from ...cards.model import decide as core_cards
from ...engine.tally import Tallied
from ...followup.accountability.model import Holding
from ...intake.model.statements import digest
from ...ledger import row_commitments as binding
from ...ledger.model.entries import EntryType, commitment
from ...terms import CardState, Level
from ...time.amount import decimal_text
from ...time.instants import rfc3339
from ...workspace.context import Context, compact_json
from ..scan_report import ScanReport
from . import store as tallies
from .tally_subjects import Subjects


def sum_content(context: Context, found: Tallied) -> dict[str, Any]:
    """What a tally was made of: its window, its numbers, its members (never a person's name)."""
    tally = found.bound.rule.tally
    assert tally is not None
    return {
        "measure": tally.measure,
        "of": tally.of,
        "by": tally.by,
        "window": found.window.kind,
        "from": rfc3339(found.window.start, context.zone),
        "to": rfc3339(found.window.end - 1, context.zone),
        "value": None if found.value is None else decimal_text(found.value),
        "unit": found.unit,
        "part": found.numbers.part,
        "whole": found.numbers.whole,
        "former_part": found.numbers.former_part,
        "former_whole": found.numbers.former_whole,
        "members": [[member.key, member.at] for member in found.members],
    }


def tally_row(
    context: Context,
    subjects: Subjects,
    found: Tallied,
    issue: core_cards.Issue[Tallied],
    subject: str,
    as_of: int,
) -> dict[str, Any]:
    """The row of a tally's card."""
    rule = found.bound.rule
    calendar = context.settings.workspace.calendar
    known = context.catalogue.calendars.get(calendar)
    version = "" if known is None else known.version
    name = found.subject.name
    common = found.common
    return {
        "card_no": issue.card_no,
        "subject": subject,
        "case_id": None,
        "case_no": None,
        "rule_id": rule.id,
        "rule_version": rule.version,
        "rule_digest": found.bound.digest,
        "pack": found.bound.pack,
        "episode": found.key,
        "level": int(issue.level.level),
        "issue_no": issue.issue_no,
        "state": str(issue.state),
        "state_before": str(issue.state_before) if issue.state_before else None,
        "item_code": name if found.subject.kind == "item" else None,
        "region": name if found.subject.kind == "region" else common.get("region"),
        "department": name if found.subject.kind == "organ" else common.get("department"),
        "handler": subjects.person(found.subject),
        "reviewer": None,
        "approver": None,
        "limit_name": issue.level.limit,
        "limit_amount": issue.level.at,
        "limit_due_at": None,
        "fell_due_at": issue.level.instant,
        "as_of": as_of,
        "issued_at": context.now(),
        "elapsed": None if found.value is None else decimal_text(found.value),
        "over": None,
        "unit": found.unit,
        "calendar": calendar,
        "calendar_version": version,
        "stood_under": version,
        "lifted_reason": None,
        "lifted_at": None,
    }


class SubjectWriter(Writer):
    """Collects what a tally's window writes, so that each table is written once."""

    def __init__(
        self,
        context: Context,
        connection: Connection,
        as_of: int,
        report: ScanReport,
        subjects: Subjects,
    ) -> None:
        super().__init__(context, connection, as_of, report)
        self._subjects = subjects
        self._sums: dict[str, str] = {}

    def write_tallied(
        self, subject: str, found: Tallied, decisions: Sequence[core_cards.Decided[Tallied]]
    ) -> None:
        """Take down the decisions on one subject's cards of the window."""
        for decision in decisions:
            if isinstance(decision, core_cards.Issue):
                self._give(subject, found, decision)
            else:
                self._follow(decision)

    def _give(self, subject: str, found: Tallied, issue: core_cards.Issue[Tallied]) -> None:
        row = tally_row(self.context, self._subjects, found, issue, subject, self.as_of)
        salt = self.context.salt()
        row["salt"] = salt.hex()
        self.rows.append(row)
        content = compact_json(sum_content(self.context, found))
        self._sums[issue.card_no] = content
        if issue.state is CardState.HISTORICAL:
            self.report.historical += 1
        else:
            self.report.issued[issue.level.level] += 1
        self._entry(
            EntryType.CARD_ISSUED,
            f"card.issued/{issue.card_no}",
            {
                **self._said(row, found, issue),
                "input": {"sum": digest(content)},
                "persons": {"commitment": commitment(salt, persons_json(row))},
                **binding.of_card(row, salt),
            },
        )
        if issue.level.level > Level.WARNING and issue.state is not CardState.HISTORICAL:
            self._charge(row, found, salt)

    def _said(
        self, row: Mapping[str, Any], found: Tallied, issue: core_cards.Issue[Tallied]
    ) -> dict[str, object]:
        rule = found.bound.rule
        return {
            "card": issue.card_no,
            "subject": row["subject"],
            "level": issue.level.level.word,
            "issue_no": issue.issue_no,
            "state": row["state"],
            "department": row["department"],
            "rule": {
                "id": rule.id,
                "version": rule.version,
                "sha256": found.bound.digest,
                "pack": found.bound.pack,
            },
            "calendar": {"id": row["calendar"], "sha256": row["calendar_version"]},
            "episode": found.key,
            "limit": {"name": row["limit_name"], "amount": row["limit_amount"], "due_at": None},
            "fell_due_at": self._time(row["fell_due_at"]),
            "as_of": self._time(self.as_of),
        }

    def _charge(self, row: Mapping[str, Any], found: Tallied, salt: bytes) -> None:
        """A record of which organ or person it is about; no time was counted."""
        card_no = row["card_no"]
        self.accounts[card_no] = (
            Holding(
                stage=None,
                department=row["department"],
                holder=row["handler"],
                since=found.window.start,
                until=found.window.end - 1,
                held_seconds=0,
                overrun_seconds=0,
            ),
        )
        self._entry(
            EntryType.ACCOUNTABILITY_RECORDED,
            f"accountability/{card_no}/issued",
            self._recorded(card_no, True, salt),
        )

    def finish(self) -> None:
        """Write all of it on the batch's connection."""
        super().finish()
        tallies.keep_sums(self.connection, self._sums)
