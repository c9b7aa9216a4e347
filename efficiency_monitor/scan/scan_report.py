"""What a scan did, in the words of DESIGN section 6."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalogue.rule_waiting import Waits
from ..i18n.messages import t
from ..intake.feeds import Stale
from ..ledger.checkpoints import Tried
from ..records.set_aside_table import HOLDS
from ..terms import Level, Outcome
from ..time.instants import rfc3339
from .clock_jump import Jump
from .rotation import Rotation


@dataclass(frozen=True, slots=True)
class NotHeld:
    """A table whose rows are not those that the entry of an import holds."""

    table: str
    #: None: rows that no import has brought.
    import_id: str | None
    #: Cases that were not judged for it; others of it that were not looked at are not named.
    cases: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """For reports."""
        return {"table": self.table, "import": self.import_id, "cases": list(self.cases)}

    def words(self) -> str:
        """A sentence in the current language."""
        if self.import_id is None:
            said = t("table {table} has rows that no import has brought", table=self.table)
        else:
            said = t(
                "table {table} has other rows of the import {import_id} than its entry says",
                table=self.table,
                import_id=self.import_id,
            )
        some = t(", ").join(self.cases[:5])
        more = len(self.cases)
        told = t("{more} cases not judged: {some}", more=more, some=some) if some else ""
        said += t(" ({told})", told=told) if told else ""
        if self.import_id is None and self.table in HOLDS:
            return said + t(": run effmon ledger verify, then effmon repair input")
        return said + t(": run effmon ledger verify")


@dataclass(slots=True)
class ScanReport:
    """Counts, problems and what is left to tell of one scan."""

    run_id: str
    as_of: int
    totals: dict[str, int] = field(default_factory=dict)
    issued: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))
    historical: int = 0
    lifted: int = 0
    evaluated: int = 0
    #: Cases that wait, but were judged as of a later instant: a clock was set back, or ahead once.
    judged_later: int = 0
    #: (case number, rule, reason, detail)
    problems: list[tuple[str, str, str, str]] = field(default_factory=list)
    #: Cards of which nobody was told, with the reason.
    untold: list[tuple[str, str]] = field(default_factory=list)
    #: Dead letters: notices that could not be delivered for 72 hours.
    undelivered: list[dict[str, object]] = field(default_factory=list)
    #: Cards that stand though evidence which is held back would lift them.
    contested: list[str] = field(default_factory=list)
    #: Numbers of what contests them, and of those for which a person is lacking who could decide.
    evidence: list[str] = field(default_factory=list)
    undecidable: list[str] = field(default_factory=list)
    #: Cards that fell by evidence and of which no supervisor has seen it, those of this scan too.
    unseen: list[str] = field(default_factory=list)
    #: Cases of which a correction waits: the values bound before judge.
    corrections: list[str] = field(default_factory=list)
    #: Standing cards that rest on another text of their rule.
    rule_changed: list[str] = field(default_factory=list)
    #: Sources whose open cases could not be judged.
    stale: list[Stale] = field(default_factory=list)
    #: Where the database has other input than the entries of imports hold.
    not_held: list[NotHeld] = field(default_factory=list)
    #: Cases whose clocks were not those that their last judgement left: they were judged anew.
    clocks_restored: list[str] = field(default_factory=list)
    #: Where for more than two days before this scan nothing was entered.
    jumped: list[Jump] = field(default_factory=list)
    #: What was judged anew of what nothing had waked; None: it was no night of its own.
    rotation: Rotation | None = None
    #: Open cases that are missing from a full snapshot of their source, by source.
    vanished: dict[str, int] = field(default_factory=dict)
    #: Subjects of tallies in the windows that were looked at, by outcome; and how many could not
    #: be judged, by rule, first date of the window and reason.
    tallies: dict[str, int] = field(default_factory=dict)
    tally_problems: dict[tuple[str, str, str], int] = field(default_factory=dict)
    #: Files of rules and calendars that wait for approval, or are broken and were not judged by.
    waiting: list[Waits] = field(default_factory=list)
    #: Settings and calendars that changed since the scan before: when, by whom, old and new.
    changed: list[str] = field(default_factory=list)
    #: What the rules on trial would have given in all: rule → level → number.
    trial: dict[str, dict[str, int]] = field(default_factory=dict)
    wrote: bool = True
    #: Cards that would be issued, where nothing was written.
    would_issue: list[dict[str, object]] = field(default_factory=list)
    #: The checkpoint that was made after it; of a night one is made after all its scans.
    checkpoint: Tried | None = None

    def counts(self) -> dict[str, int]:
        """What was done, as plain numbers: what adds up over the processes that share a slot."""
        return {
            **{level.word: self.issued[level] for level in Level},
            "historical": self.historical,
            "lifted": self.lifted,
            "evaluated": self.evaluated,
        }

    def count_as(self, sums: Mapping[str, int]) -> None:
        """Say what was done for the whole slot, as `counts` names it."""
        self.issued = {level: sums[level.word] for level in Level}
        self.historical, self.lifted = sums["historical"], sums["lifted"]
        self.evaluated = sums["evaluated"]

    def summary(self, zone: str) -> dict[str, object]:
        """The counts alone, for the history of slots."""
        return {
            "run_id": self.run_id,
            "as_of": rfc3339(self.as_of, zone),
            "cases": {
                "total": sum(self.totals.values()),
                **{str(outcome): self.totals.get(str(outcome), 0) for outcome in Outcome},
            },
            "cards": {
                "issued": {level.word: self.issued[level] for level in Level},
                "historical": self.historical,
                "lifted": self.lifted,
            },
            "evaluated": self.evaluated,
            "contested": {"cards": len(self.contested), "card_nos": self.contested},
            "evidence": {"waiting": self.evidence, "undecidable": self.undecidable},
            "fell_by_evidence": {"cards": len(self.unseen), "card_nos": self.unseen},
            "corrections_waiting": {
                "cases": len(self.corrections),
                "case_nos": self.corrections,
            },
            **({"tallies": self._tallies()} if self.tallies else {}),
            **({"trial": self.trial} if self.trial else {}),
        }

    def _tallies(self) -> dict[str, int]:
        return {
            "total": sum(self.tallies.values()),
            **{str(outcome): self.tallies.get(str(outcome), 0) for outcome in Outcome},
        }

    def as_json(self, zone: str) -> dict[str, object]:
        """The JSON others rely on (docs/contract.md 15)."""
        document: dict[str, object] = {
            **self.summary(zone),
            "problems": [
                {"case_no": case_no, "rule": rule or None, "reason": reason, "detail": detail}
                for case_no, rule, reason, detail in self.problems
            ],
            "untold": [{"card_no": card_no, "reason": reason} for card_no, reason in self.untold],
            "undelivered": self.undelivered,
            "rule_changed": self.rule_changed,
            "judged_later": self.judged_later,
            "tally_problems": [
                {"rule": rule, "window": window, "reason": reason, "subjects": number}
                for (rule, window, reason), number in sorted(self.tally_problems.items())
            ],
            "stale": [each.as_json(zone) for each in self.stale],
            "input_not_held": [each.as_json() for each in self.not_held],
            "clocks_restored": self.clocks_restored,
            "rotation": None if self.rotation is None else self.rotation.as_json(),
            "clock_jumps": [each.as_json(zone) for each in self.jumped],
            "vanished": self.vanished,
            "trial": self.trial,
            "waiting": [each.as_json() for each in self.waiting],
            "changed": self.changed,
            "wrote": self.wrote,
        }
        if self.checkpoint is not None:
            document["checkpoint"] = self.checkpoint.as_json()
        if not self.wrote:
            document["would_issue"] = self.would_issue
        return document
