"""Chance made into rules of conduct and into timelines that break them in every way."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from efficiency_monitor.rules.conditions import PARAMETERS
from tests.oracle.timeline import listed

from . import drawing
from .dice import Dice, between, chance, pick, weighted
from .places import DAY, Place, places

MEASURES = tuple(PARAMETERS)
_UNITS = drawing.UNITS[:-1]
_TYPES = (
    (5, "suspended"),
    (5, "resumed"),
    (4, "correction_requested"),
    (2, "correction_received"),
    (2, "accepted"),
    (4, "stage_started"),
    (3, "stage_finished"),
    (2, "fee_charged"),
    (2, "contacted"),
    (1, "extended"),
    (1, "submitted"),
    (1, "decided"),
    (1, "returned"),
)
_NAMES = ("submitted", "accepted", "correction_requested", "suspended", "stage_started", "decided")
_TEXTS = ("材料不齐", "材料 不齐", "Waiting", "waiting ", " ", "a", "等待专家评审意见")
_PEOPLE = ("张三", "张 三", "李四", "Li", "li")
_STAGES = ("review", "Re view", "survey", "approval", "issue")
_LISTS = ("review;survey;approval", "review；approval；issue", "survey", "", "review; review;issue")
_FEES = ("0", "50", "100", "49.99", "105", "1e3", "fifty", "", "99999999.99", "75")
_FEE_LISTS = ("50;100", "base=50;copy = 100", "none", "0", "0;80", "", "50;free", "0.03")
_NUMBERS = ("0", "1", "2", "3", "2.5", "two", "", " 4 ")


@dataclass(frozen=True)
class Trial:
    """A calendar, a rule of conduct, a case with its events, an instant."""

    place: Place
    rule: dict[str, Any]
    case: dict[str, str]
    events: list[dict[str, Any]]
    as_of: int

    def __repr__(self) -> str:
        events = "\n  ".join(map(str, self.events))
        return (
            f"calendar {self.place.name}, as of {self.as_of}\n"
            f"rule {self.rule}\ncase {self.case}\nevents\n  {events}"
        )


def trial(dice: Dice, measure: str = "") -> Trial:
    """A trial by any dice, of any measure or of one."""
    place = pick(dice, places())
    made = rule(dice, measure or pick(dice, MEASURES))
    day = drawing.some_day(dice, place)
    events: list[dict[str, Any]] = []
    for number in range(between(dice, 1, 9)):
        if events and chance(dice, 20):
            at = events[-1]["occurred_at"] + pick(dice, (0, 0, 1, 59, 60))
        else:
            day = day + weighted(dice, [(5, 0), (4, 1), (2, 2), (1, 5), (1, 12), (1, -1)]) * DAY
            at = drawing.instant(dice, place, day)
        events.append(event(dice, place, made, at, number))
    if made["condition"]["measure"] == "across_closing":
        events += over_night(dice, place, made, day)
    elif made["condition"]["measure"] == "gap" and chance(dice, 70):
        events[0]["type"] = made["condition"]["since"][0]
    elif made["condition"]["measure"] == "paused_share" and chance(dice, 80):
        events[0]["type"] = made["condition"]["since"][0]
        events[-1]["type"] = made["condition"]["stop"][0]
    elif made["condition"]["measure"] == "recorded_after_due" and not chance(dice, 20):
        events[0] |= {"type": listed(made["clock"]["start"])[0], "kind": "hearing"}
        late = event(dice, place, made, events[-1]["occurred_at"] + 60, 98)
        recorded = late["occurred_at"] + pick(dice, (9_000_000, 900_000, 90_000))
        events.append({**late, "type": made["condition"]["of"][0], "recorded_at": recorded})
    case = {
        "stage_list": pick(dice, _LISTS),
        "fee_list": pick(dice, _FEE_LISTS),
        "number": pick(dice, _NUMBERS),
        "handler": pick(dice, (*_PEOPLE, "")),
        "material": pick(dice, ("yes", " ", "")),
        "promised_limit": drawing.said_amount(dice) or "",
    }
    as_of = drawing.instant(dice, place, day + between(dice, -3, 12) * DAY)
    return Trial(place, made, {name: text for name, text in case.items() if text}, events, as_of)


def long_trial(dice: Dice, measure: str) -> Trial:
    """A trial of many events, close together, recorded long after and in another order."""
    one = trial(dice, measure)
    condition, clock = one.rule["condition"], one.rule.get("clock", {})
    turns = [name for part in ("start", "stop") for name in listed(clock.get(part, ()))]
    turns += ["extended"] if turns else condition.get("until", [])
    kinds = pick(dice, ((), ("hearing",), ("hearing", "other"), ("hearing", "other", None)))
    at = one.events[0]["occurred_at"]
    events = list(one.events)
    for number in range(between(dice, 20, 40)):
        at += pick(dice, (0, 0, 1, 3_600, 40_000, 86_400, 100_000))
        made = event(dice, one.place, one.rule, at, 100 + number)
        if chance(dice, 30):
            made["type"] = condition["of"][0]
        elif turns and chance(dice, 30):
            made["type"] = pick(dice, turns)
        if made["type"] == "extended":
            made["amount"] = drawing.amount(dice)
        if kinds:
            made["kind"] = pick(dice, kinds)
        if chance(dice, 40):
            late = pick(dice, (0, 1, 40_000, 500_000, 2_000_000, 10**9))
            made["recorded_at"] = made["occurred_at"] + late
        events.append(made)
    for made in events:
        if chance(dice, 15):  # just when another one happened
            made["recorded_at"] = pick(dice, events)["occurred_at"]
    as_of = pick(dice, (one.as_of, at, at - 3 * 86_400, at + 40 * 86_400))
    return Trial(one.place, one.rule, one.case, events, as_of)


def event(
    dice: Dice, place: Place, the_rule: dict[str, Any], at: int, number: int
) -> dict[str, Any]:
    """An event: mostly one that the condition asks about."""
    condition = the_rule["condition"]
    roles = ("of", "since", "until", "stop", "need", "after", "before")
    asked = [name for role in roles for name in condition.get(role, ())]
    name = pick(dice, asked) if chance(dice, 65) else weighted(dice, _TYPES)
    made: dict[str, Any] = {"key": f"{number:02}", "type": name, "occurred_at": at}
    if chance(dice, 12):
        made["occurred_at"] = place.oracle.bounds(place.oracle.local_date(at)).first
        made["precision"] = "day"
    if name.startswith("stage") or chance(dice, 25):
        made["stage"] = pick(dice, _STAGES)
    if chance(dice, 50):
        made["kind"] = pick(dice, (*drawing.KINDS, "other", "unheard"))
    if chance(dice, 75):
        made["recorded_at"] = at + pick(dice, (-60, 0, 1, 60, 3600, 86_400, 500_000, 3_000_000))
    if chance(dice, 60):
        made["reason"] = pick(dice, _TEXTS)
    if chance(dice, 60):
        made["actor"] = pick(dice, _PEOPLE)
    if name == "extended":
        made["amount"] = drawing.amount(dice)
    drawn = {"fee": _FEES, "number": _NUMBERS, "approver": _PEOPLE, "result": ("agreed", "refused")}
    made["attributes"] = {
        name: pick(dice, texts) for name, texts in drawn.items() if chance(dice, 60)
    }
    return made


def over_night(
    dice: Dice, place: Place, the_rule: dict[str, Any], day: date
) -> list[dict[str, Any]]:
    """Pauses from near a closing time to near the next opening."""
    cal, condition = place.oracle, the_rule["condition"]
    made: list[dict[str, Any]] = []
    for _ in range(between(dice, 0, 3)):
        working = [on for on in (day + n * DAY for n in range(12)) if cal.covers(on)]
        working = [on for on in working if cal.spans(on)]
        if len(working) < 2:
            break
        near = (-7200, -1801, -1800, -600, 0, 1, 600, 1800, 1801, 3600)
        begin = cal.spans(working[0])[-1][1] - pick(dice, near)
        end = cal.spans(working[1])[0][0] + pick(dice, near)
        for name, at in ((condition["of"][0], begin), (condition["until"][0], end)):
            one = event(dice, place, the_rule, at, 90 + len(made))
            made.append({**one, "type": name, "occurred_at": at, "precision": "second"})
        day = working[1] + pick(dice, (0, 1)) * DAY
    return made


def rule(dice: Dice, measure: str) -> dict[str, Any]:
    """A rule of conduct as its file would have it."""
    condition = condition_of(dice, measure)
    made: dict[str, Any] = {
        "in_force": weighted(
            dice,
            [
                (10, {"from": "2000-01-01"}),
                (1, {"from": "2000-01-01", "to": "2017-11-20"}),
                (1, {"from": "2024-06-01"}),
            ],
        ),
        "condition": condition,
        "cards": cards(dice, measure, condition),
    }
    if measure == "recorded_after_due":
        lent = drawing.rule(dice)
        made |= {"clock": lent["clock"], "limits": lent["limits"]}
        condition["limit"] = pick(dice, tuple(lent["limits"]))
    return made


def names(dice: Dice, *first: str) -> list[str]:
    """One or two event types."""
    found = [pick(dice, first) if first and chance(dice, 80) else pick(dice, _NAMES)]
    if chance(dice, 25):
        found.append(pick(dice, _NAMES))
    return list(dict.fromkeys(found))


def condition_of(dice: Dice, measure: str) -> dict[str, Any]:
    """A condition with every parameter that its measure needs, and some that it may have."""
    needed, allowed = PARAMETERS[measure]
    paused = "until" in needed
    of: tuple[str, ...] = ("fee_charged",) if measure == "fee_deviation" else ()
    if "stage" in measure or measure == "contradiction":
        of = ("stage_started", "stage_finished", "decided")
    if paused or measure in ("same_person", "recorded_after_due"):
        of = ("suspended",)
    made: dict[str, Any] = {"measure": measure, "of": names(dice, *of)}
    fields = {
        "length": ("reason", "actor", "result"),
        "number": ("number",),
        "contradiction": ("result", "kind", "stage"),
        "repeated_text": ("reason", "kind"),
        "same_person": ("approver",),
    }
    values: dict[str, Any] = {
        "after": names(dice, "accepted"),
        "before": names(dice, "decided"),
        "since": names(dice, "accepted", "submitted"),
        "stop": names(dice, "decided", "returned"),
        "until": names(dice, "resumed"),
        "need": names(dice, "accepted", "stage_started"),
        "unit": pick(dice, _UNITS),
        "field": pick(dice, fields.get(measure, ("reason",))),
        "case_fields": pick(dice, (["material"], ["material", "number", "handler"])),
        "within": pick(dice, ("30 working_minutes", "1 working_hours", "3 working_hours")),
    }
    for name in sorted(needed - {"of", "limit"}):
        made[name] = values[name]
    for name in sorted(allowed):
        if chance(dice, 50):
            made[name] = values[name]
    if measure == "number" and "unit" in made:
        made["field"] = "amount"
    if chance(dice, 15):
        made["kinds"] = pick(dice, (["hearing"], ["hearing", "other"]))
    if chance(dice, 15):
        made["lawful"] = chance(dice, 50)
    return made


def cards(dice: Dice, measure: str, condition: dict[str, Any]) -> list[dict[str, str]]:
    """Comparisons with values that the measure takes."""
    unit = ""
    numbers: tuple[str, ...] = ("0", "1", "2", "3", "2.5")
    if measure in ("gap", "lag"):
        unit = condition["unit"]
        numbers = ("0", "0.5", "1", "2", "1.000277", "8", "60", "3600", "7.999999")
    elif measure == "number":
        unit = condition.get("unit", "")
    elif measure == "length":
        unit, numbers = "characters", ("0", "1", "2", "5", "7")
    elif measure == "lacking":
        unit = "fields"
    elif measure in ("fee_deviation", "paused_share"):
        unit, numbers = "%", ("0", "5", "25", "33.333333", "50", "99.999999", "100")
    elif measure == "recorded_after_due":
        unit, numbers = "calendar_seconds", ("0", "1", "60", "100000")
    levels = pick(dice, (("warning", "yellow", "red"), ("yellow",), ("warning", "red")))
    return [
        {
            "level": level,
            "at": f"{pick(dice, ('>', '>=', '<', '<=', '='))} {pick(dice, numbers)} {unit}".strip(),
        }
        for level in levels
    ]
