"""The mappings and the vocabulary as shipped, and files made for a test."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from efficiency_monitor.catalogue.strict_yaml import parse_model
from efficiency_monitor.intake.formats.rows import Quarantined
from efficiency_monitor.intake.mapping.cells import Context
from efficiency_monitor.intake.mapping.facts import read_facts
from efficiency_monitor.intake.mapping.mapping import SourceMapping, load_mapping
from efficiency_monitor.intake.model.decide import (
    Counts,
    KnownCase,
    RowDecision,
    RowResult,
    decide,
    find_conflicts,
)
from efficiency_monitor.intake.model.statements import RowFacts, RowVersion
from efficiency_monitor.rules.vocabulary import VocabularyFile, build_vocabulary

ROOT = Path(__file__).resolve().parents[2]
ZONES = {"cn": "Asia/Shanghai", "us-federal": "America/New_York"}
VOCABULARY = build_vocabulary(
    parse_model(
        (ROOT / "rules/vocabulary.yaml").read_text(encoding="utf-8"),
        "vocabulary.yaml",
        VocabularyFile,
    )
)


def context(**calendars: str) -> Context:
    """The context of an import into a Chinese workspace; the calendars of cases known before."""
    return Context(
        vocabulary=VOCABULARY,
        zone_of=ZONES.get,
        calendar_of=calendars.get,
        default_calendar="cn",
    )


def shipped(name: str) -> SourceMapping:
    """A mapping as it is shipped."""
    text = (ROOT / "rules/mappings" / f"{name}.yaml").read_text(encoding="utf-8")
    return load_mapping(text, f"{name}.yaml")


Answer = list[RowFacts | Quarantined]
#: Reads a text, or bytes, as a file under a shipped mapping.
Reading = Callable[..., Answer]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    def read(mapping: str, content: str | bytes | Path, *, name: str = "cases.csv") -> Answer:
        path = tmp_path / name
        if isinstance(content, Path):
            path = content
        else:
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(data)
        return list(read_facts(path, shipped(mapping), context(), name=name))

    return read


Sheets = dict[str, Sequence[Sequence[Any]]]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[[Sheets], Path]:
    """A workbook with these sheets; datetimes and dates become date cells."""

    def make(sheets: Sheets, **options: Any) -> Path:
        path = tmp_path / "book.xlsx"
        book = xlsxwriter.Workbook(str(path), options)
        second = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, values in enumerate(rows):
                for column, value in enumerate(values):
                    if isinstance(value, datetime):
                        sheet.write_datetime(row, column, value, second)
                    elif isinstance(value, date):
                        sheet.write_datetime(row, column, value, day)
                    elif isinstance(value, str):
                        sheet.write_string(row, column, value)
                    elif value is not None:
                        sheet.write(row, column, value)
        book.close()
        return path

    return make


class Store:
    """What a store would keep: the fields and live events of every case, and the counts."""

    def __init__(self) -> None:
        self.cases: dict[str, KnownCase] = {}
        self.remembered: dict[str, RowVersion] = {}
        self.items: dict[tuple[str, str], str] = {}

    def take(self, answer: Answer) -> tuple[Counts, list[RowDecision]]:
        """Import one file's answer as the service does, in two batches."""
        facts = [one for one in answer if isinstance(one, RowFacts)]
        disputed = find_conflicts(facts)
        counts = Counts(quarantined=len(answer) - len(facts))
        decisions = []
        half = len(facts) // 2
        for batch in (facts[:half], facts[half:]):
            known = (dict(self.cases), disputed, dict(self.remembered), dict(self.items))
            for decision in decide(batch, *known):
                counts = counts.plus(decision.result)
                decisions.append(decision)
                self._append(decision)
        return counts, decisions

    def _append(self, decision: RowDecision) -> None:
        self.remembered.update(decision.kept())
        if decision.item is not None:
            self.items[decision.item.item_code, decision.item.item_version] = decision.item.key
            return
        if decision.result is not RowResult.IMPORTED:
            assert not decision.events
            assert not decision.withdrawals
            assert decision.fields is None
            return
        known = self.cases.get(decision.row.case_no, KnownCase())
        gone = {withdrawal.key for withdrawal in decision.withdrawals}
        live = {identity: key for identity, key in known.live.items() if key not in gone}
        live |= {event.identity: event.key for event in decision.events}
        fields = known.fields if decision.fields is None else decision.fields
        self.cases[decision.row.case_no] = KnownCase(fields, live)


@pytest.fixture
def store() -> Store:
    return Store()
