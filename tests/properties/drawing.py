"""Chance made into instants, amounts, rules and dirty timelines."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.oracle.calendars import OracleCalendar

from .dice import Dice, between, chance, pick, weighted
from .places import DAY, Place, landmarks

UNITS = (
    "working_days",
    "calendar_days",
    "working_hours",
    "calendar_hours",
    "working_minutes",
    "calendar_minutes",
    "working_seconds",
    "calendar_seconds",
    "calendar_months",
)
KINDS = ("hearing", "testing")
_VALUES = {
    "days": ("1", "2", "3", "5", "7", "10", "20", "0.5", "0.8", "1.25", "2.999999", "45"),
    "hours": ("1", "4", "7", "8", "14", "30", "0.25", "2.5", "100"),
    "minutes": ("1", "30", "420", "0.5", "2000"),
    "seconds": ("1", "59", "3600", "0.3", "90000"),
    "months": ("1", "2", "3"),
}
_DUES = ("promised_due", "statutory_due", "licence_expires")
#: What a source may deliver for an amount.
_GARBAGE = ("", "soon", "5 days", "-1 working_days", "0 working_days")
_PERCENTS = ("50", "80", "90", "99.99", "33.33", "100", "120", "0.01")


def instant(dice: Dice, place: Place, day: date) -> int:
    """An instant of a date: opening, closing and midnight far more often than any other."""
    cal = place.oracle
    first, following = cal.bounds(day)
    spans = cal.spans(day) if cal.covers(day) else []
    edges = [edge for span in spans for edge in span]
    how = weighted(dice, [(4, "in"), (4, "edge"), (3, "midnight"), (2, "any")])
    if how == "edge" and edges:
        return pick(dice, edges) + pick(dice, (0, 1, -1))
    if how == "midnight":
        return pick(dice, (first, following - 1, following - 2, first + 1))
    if how == "in" and spans:
        opens, closes = pick(dice, spans)
        return between(dice, opens, closes)
    return between(dice, first, following - 1)


def some_day(dice: Dice, place: Place) -> date:
    """A date near something special, just before the calendar's end, or any of the coverage."""
    cal = place.oracle
    how = weighted(dice, [(5, "landmark"), (3, "any"), (2, "end")])
    if how == "landmark":
        return cal.first + (pick(dice, landmarks(place)) + between(dice, -6, 4)) * DAY
    if how == "end":
        return cal.last - dice.below(5) * DAY
    return cal.first + dice.below((cal.last - cal.first).days + 1) * DAY


def amount(dice: Dice, units: tuple[str, ...] = UNITS) -> str:
    """An amount in one of the units."""
    unit = pick(dice, units)
    return f"{pick(dice, _VALUES[unit.split('_')[1]])} {unit}"


def said_amount(dice: Dice) -> str | None:
    """An amount as a source says it: perhaps none, perhaps nonsense."""
    how = weighted(dice, [(16, "good"), (2, "none"), (1, "bad")])
    if how == "none":
        return None
    return amount(dice) if how == "good" else pick(dice, _GARBAGE)


def threshold(dice: Dice, name: str, sources: Any) -> str:
    """A threshold on a limit."""
    how = weighted(dice, [(3, "plain"), (2, "percent"), (2, "own"), (3, "other")])
    if how == "plain":
        return name
    if how == "percent":
        return f"{pick(dice, _PERCENTS)}% {name}"
    sign = pick(dice, "+-")
    fixed = [source["fixed"].split()[1] for source in sources if "fixed" in source]
    units: tuple[str, ...] = UNITS
    if how == "own" and fixed:
        units = (fixed[0],)
    elif sign == "-":
        units = UNITS[:-1]
    if sign == "-" and units == ("calendar_months",) and fixed != [*units] * len(sources):
        units = ("calendar_days",)
    return f"{name} {sign} {amount(dice, units)}"


def sources(dice: Dice) -> list[dict[str, Any]]:
    """Where a limit comes from."""
    made: list[dict[str, Any]] = []
    for _ in range(between(dice, 1, 2)):
        how = weighted(
            dice, [(6, "fixed"), (3, "case"), (2, "event"), (2, "stated"), (1, "due_at")]
        )
        moved = {"moved_by_pauses": True} if chance(dice, 50) else {}
        kinds: dict[str, dict[str, Any]] = {
            "fixed": {"fixed": amount(dice)},
            "case": {"case": pick(dice, ("promised_limit", "statutory_limit"))},
            "event": {"event": "amount"},
            "stated": {"case": pick(dice, _DUES), **moved},
            "due_at": {"event": "due_at", **moved},
        }
        made.append(kinds[how])
    return made


def bounds(dice: Dice, limits: dict[str, Any], extended: list[str]) -> dict[str, Any]:
    """How often and by how much limits may be extended: in the unit of all that are fixed."""
    made: dict[str, Any] = {}
    if chance(dice, 40):
        made["times"] = between(dice, 1, 2)
    units = {one["fixed"].split()[1] for name in extended for one in limits[name] if "fixed" in one}
    if len(units) <= 1 and chance(dice, 60):
        made["most"] = amount(dice, tuple(units) or ("working_days",))
    return made


def pause(dice: Dice) -> dict[str, Any]:
    """A pair of events between which the clock stands still."""
    made: dict[str, Any] = weighted(
        dice,
        [
            (8, {"from": "suspended", "to": "resumed"}),
            (2, {"from": "correction_requested", "to": "correction_received"}),
            (1, {"from": ["suspended", "forwarded_up"], "to": ["resumed", "forwarded_back"]}),
        ],
    )
    made = dict(made)
    if chance(dice, 25):
        made["kinds"] = pick(dice, (["hearing"], ["hearing", "testing"]))
    if chance(dice, 45):
        made["cap"] = {"event": "amount"} if chance(dice, 50) else {"fixed": cap(dice)}
    return made


def cap(dice: Dice) -> str:
    """A cap: hours, or whole days."""
    units = ("working_days", "calendar_days", "working_hours", "calendar_hours", "calendar_months")
    unit = pick(dice, units)
    return f"{pick(dice, ('1', '2', '5', '12', '60'))} {unit}"


def rule(dice: Dice) -> dict[str, Any]:
    """A rule as its file would have it."""
    clock: dict[str, Any] = {
        "start": weighted(
            dice, [(8, "accepted"), (2, ["submitted", "accepted"]), (2, "submitted")]
        ),
        "stop": weighted(dice, [(7, "decided"), (3, ["decided", "refused"])]),
        "pause": [pause(dice) for _ in range(weighted(dice, [(6, 1), (1, 0), (3, 2)]))],
        "count": pick(dice, UNITS[:-1]),
        "resolution": weighted(dice, [(3, "day"), (1, "time")]),
        "first_day": weighted(dice, [(2, "next"), (1, "same")]),
        "ends": weighted(dice, [(1, "midnight"), (1, "close")]),
        "roll": weighted(dice, [(2, "none"), (1, "next_working_day")]),
        "episodes": weighted(dice, [(5, "once"), (2, "each"), (2, "per_stage")]),
    }
    if clock["episodes"] != "once" and chance(dice, 70):
        clock["start"], clock["stop"] = "stage_started", ["stage_finished", "decided"]
    if chance(dice, 10):
        clock["kinds"] = ["hearing"]
    if clock["episodes"] == "once" and "refused" in clock["stop"] and chance(dice, 50):
        clock["unstarted"] = ["refused"]
    if clock["episodes"] == "once" and clock["start"] == "accepted" and chance(dice, 25):
        clock["deemed"] = {
            "from": "submitted",
            "unless": pick(dice, (["accepted"], ["accepted", "refused"], ["refused"])),
            "within": amount(dice),
        }
    limits = {name: sources(dice) for name in ("promised", "statutory")[: between(dice, 1, 2)]}
    if chance(dice, 40):
        clock["extend"] = {
            "by": "extended",
            "limits": pick(dice, (list(limits), [next(iter(limits))])),
        }
        clock["extend"] |= bounds(dice, limits, clock["extend"]["limits"])
    stated = ("promised_due", "statutory_due", "licence_expires")
    if all(
        one.get("case") in stated or one.get("event") == "due_at" for one in limits["promised"]
    ) and chance(dice, 30):
        clock["ahead"] = f"{between(dice, 1, 9)} calendar_days"
    levels = pick(dice, (("warning", "yellow", "red"), ("yellow",), ("warning", "red")))
    cards = []
    for level in levels:
        name = pick(dice, tuple(limits))
        cards.append({"level": level, "at": threshold(dice, name, limits[name])})
    return {
        "in_force": weighted(
            dice, [(12, {"from": "2000-01-01"}), (1, {"from": "2000-01-01", "to": "2017-11-20"})]
        ),
        "clock": clock,
        "limits": limits,
        "cards": cards,
    }


@dataclass(frozen=True)
class Story:
    """A case with its events, as the oracle takes them, and instants to ask about."""

    case: dict[str, str]
    events: list[dict[str, Any]]
    as_of: int


_IN_PAUSE = (
    (8, "resumed"),
    (5, "suspended"),
    (1, "extended"),
    (1, "decided"),
    (1, "stage_finished"),
    (1, "contacted"),
)
_TYPES = (
    (9, "suspended"),
    (3, "resumed"),
    (3, "extended"),
    (3, "decided"),
    (2, "accepted"),
    (2, "stage_started"),
    (2, "stage_finished"),
    (1, "correction_requested"),
    (1, "correction_received"),
    (1, "forwarded_up"),
    (1, "forwarded_back"),
    (1, "submitted"),
    (1, "refused"),
    (1, "withdrawn"),
    (1, "contacted"),
)


def story(dice: Dice, place: Place, the_rule: dict[str, Any]) -> Story:
    """A timeline that mostly begins as it should, and then goes wrong in every way."""
    cal = place.oracle
    day = begin = some_day(dice, place)
    starts = the_rule["clock"]["start"]
    opening = [starts] if isinstance(starts, str) else starts[:1]
    deemed = "deemed" in the_rule["clock"]
    if deemed:
        opening = weighted(dice, [(3, ["submitted"]), (1, ["submitted", "accepted"])])
    elif chance(dice, 30):
        opening = ["submitted", *opening] if opening != ["submitted"] else opening
    if chance(dice, 15):
        opening = []
    if "unstarted" in the_rule["clock"] and chance(dice, 30):
        opening = ["refused"]
    pending = list(opening)
    events: list[dict[str, Any]] = []
    count = len(pending) + between(dice, 1, 7)
    for number in range(count):
        suspended = bool(events) and events[-1]["type"] == "suspended"
        name = pending.pop(0) if pending else weighted(dice, _IN_PAUSE if suspended else _TYPES)
        if events and chance(dice, 15):
            at = events[-1]["occurred_at"]
        else:
            day = day + weighted(dice, [(4, 0), (4, 1), (2, 2), (2, 5), (1, 12), (1, -1)]) * DAY
            at = instant(dice, place, day)
        kind = events[-1].get("kind") if suspended and chance(dice, 70) else pick(dice, KINDS)
        events.append(_event(dice, cal, name, at, number, kind))
    if timedelta(0) <= cal.last - begin <= 5 * DAY and chance(dice, 45):
        for name, on in (("suspended", -dice.below(2)), ("resumed", 1 + dice.below(4))):
            at = instant(dice, place, cal.last + on * DAY)
            events.append(_event(dice, cal, name, at, len(events), None))
    case = {
        "promised_limit": said_amount(dice),
        "statutory_limit": said_amount(dice),
        "promised_due": _said_due(dice, place, day),
        "statutory_due": _said_due(dice, place, day),
        "licence_expires": _said_due(dice, place, day),
    }
    fields = {name: text for name, text in case.items() if text is not None}
    as_of = instant(dice, place, day + between(dice, -4, 12) * DAY)
    return Story(fields, events, as_of)


def _event(
    dice: Dice, cal: OracleCalendar, name: str, at: int, number: int, kind: str | None
) -> dict[str, Any]:
    made: dict[str, Any] = {"key": f"{number:02}", "type": name, "occurred_at": at}
    if chance(dice, 8):
        made["occurred_at"] = cal.bounds(cal.local_date(at)).first
        made["precision"] = "day"
    if name.startswith("stage") or chance(dice, 5):
        made["stage"] = pick(dice, ("review", "survey"))
    if name in ("suspended", "resumed") and chance(dice, 60):
        made["kind"] = kind
    elif chance(dice, 5):
        made["kind"] = "hearing"
    if name == "extended" or chance(dice, 30):
        made["amount"] = said_amount(dice)
    if chance(dice, 20):
        made["due_at"] = at + between(dice, -5, 30) * 43_200
        if chance(dice, 30):
            made["due_at"] = cal.bounds(cal.local_date(made["due_at"])).first
            made["due_precision"] = "day"
    if chance(dice, 20):
        made["recorded_at"] = at + dice.below(3)
    if name == "extended" and chance(dice, 40):
        made["entered_at"] = made["occurred_at"] + between(dice, 0, 12) * 43_200
    if chance(dice, 10):
        made["source_key"] = pick(dice, ("a", "b"))
    return {key: value for key, value in made.items() if value is not None}


def _said_due(dice: Dice, place: Place, day: date) -> str | None:
    how = weighted(dice, [(3, "none"), (3, "date"), (3, "instant"), (1, "bad")])
    on = day + between(dice, -6, 14) * DAY
    if how == "none":
        return None
    if how == "bad":
        return pick(dice, ("soon", "2026-13-01"))
    if how == "date":
        return on.isoformat()
    at = instant(dice, place, on)
    return _rfc3339(at)


def _rfc3339(at: int) -> str:
    from tests.oracle.words import instant_text

    return str(instant_text(at))
