"""The same rule and case for the product and for the oracle, and their answers in one form."""

from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from efficiency_monitor.catalogue.catalogue_files import read_vocabulary
from efficiency_monitor.engine.encoding import BoundRule
from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.findings import CaseFindings, Episode
from efficiency_monitor.engine.timeline import CaseRecord, Event
from efficiency_monitor.rules.rules import Rule
from efficiency_monitor.rules.vocabulary import Vocabulary
from efficiency_monitor.terms import Precision
from tests.oracle import evaluate as oracle
from tests.oracle.words import decimal_text

from .places import Place

_AROUND = {
    "version": 1,
    "name": "drawn",
    "title": {"zh": "试", "en": "drawn"},
    "status": "stable",
    "legal_basis": [{"ref": "none", "reading": "ours", "says": "none"}],
    "why": "drawn",
}


@cache
def vocabulary() -> Vocabulary:
    """The event types of the catalogue."""
    return read_vocabulary(Path(__file__).resolve().parents[2] / "rules")


def bound(the_rule: dict[str, Any], number: int = 0) -> BoundRule:
    """A rule as the product has it; rules of one test need different numbers."""
    model = Rule.model_validate({"id": f"DRAWN-{number}", **_AROUND, **the_rule})
    return BoundRule(model, "drawn", str(number))


def event(given: dict[str, Any]) -> Event:
    """An event as the product has it."""
    values = dict(given)
    for name in ("precision", "due_precision"):
        if name in values:
            values[name] = Precision(values[name])
    return Event(**values)


def record(
    place: Place, case: dict[str, str], events: list[dict[str, Any]], number: int = 0
) -> CaseRecord:
    """A case as the product has it."""
    return CaseRecord(
        case_no=f"C{number}",
        calendar=place.name,
        fields=case,
        events=tuple(event(one) for one in events),
    )


def judged(
    place: Place,
    the_rule: dict[str, Any],
    case: dict[str, str],
    events: list[dict[str, Any]],
    as_of: int,
) -> CaseFindings:
    """What the product says of one rule and one case."""
    records = [record(place, case, events)]
    calendars = {place.name: place.compiled}
    return evaluate(records, [bound(the_rule)], vocabulary(), calendars, as_of)[0]


def by_product(found: CaseFindings) -> dict[str, Any]:
    """The product's answer in plain values."""
    return {
        "outcome": str(found.outcome),
        "reasons": sorted({str(trouble.reason) for trouble in found.troubles}),
        "episodes": [_episode(one) for one in found.episodes],
    }


def _episode(one: Episode) -> dict[str, Any]:
    return {
        "start_key": one.start.key,
        "stage": one.stage,
        "start_at": one.start.occurred_at,
        "deemed": one.deemed_at is not None,
        "state": one.state,
        "stop_at": one.stop.occurred_at if one.stop else None,
        "elapsed": None if one.elapsed is None else _text(one.elapsed),
        "due": {limit.name: limit.due_at for limit in one.limits},
        "levels": {level.level.word: (level.instant, level.reached) for level in one.levels},
        "ignored": one.ignored,
        "refused": one.refused,
    }


def _text(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def by_oracle(
    place: Place,
    the_rule: dict[str, Any],
    case: dict[str, str],
    events: list[dict[str, Any]],
    as_of: int,
) -> dict[str, Any]:
    """The oracle's answer in the same form."""
    answer = oracle.evaluate(the_rule, case, events, place.oracle, as_of)
    order = ("warning", "yellow", "red")
    return {
        "outcome": answer["outcome"],
        "reasons": sorted(answer["reasons"]),
        "episodes": [
            {
                **one,
                "elapsed": _rounded(one["elapsed"]),
                "levels": {
                    level: (found["instant"], found["reached"])
                    for level, found in sorted(
                        one["levels"].items(), key=lambda item: order.index(item[0])
                    )
                },
            }
            for one in answer["episodes"]
        ],
    }


def _rounded(value: Fraction | None) -> str | None:
    return None if value is None else decimal_text(value)
