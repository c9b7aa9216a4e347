"""What binds an episode is what an oracle of plain loops says, over drawn histories of fields."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from efficiency_monitor.engine.evaluation import evaluate
from efficiency_monitor.engine.timeline import CaseRecord, FieldsVersion
from tests.oracle import binding

from .comparing import bound, by_oracle, event, vocabulary
from .places import Place, places

HOUR, DAY = 3600, 86_400
FIRST = int(datetime(2023, 4, 3, 10, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp())
RULE = {
    "in_force": {"from": "2020-01-01"},
    "applies_to": {"item_kind": ["promised"]},
    "clock": {"start": "inquiry_received", "stop": "inquiry_answered", "episodes": "each"},
    "limits": {"promised": {"case": "promised_limit"}},
    "cards": [
        {"level": "warning", "at": "50% promised"},
        {"level": "yellow", "at": "promised"},
        {"level": "red", "at": "promised + 2 working_days"},
    ],
}
LIMITS = (
    "2 working_days",
    "4 working_days",
    "6 working_days",
    "12 working_days",
    "20 working_days",
)


@dataclass(frozen=True)
class Told:
    """A case as it was told: versions of its fields, events, when starts were told first."""

    versions: list[binding.Version]
    events: list[dict[str, Any]]
    first_told: dict[str, int]
    supervised_from: int | None
    as_of: int


def told(seed: int) -> Told:
    """A drawn history."""
    dice = Random(seed)
    versions: list[binding.Version] = []
    at = FIRST + dice.randrange(-2, 3) * DAY
    for number in range(dice.randint(2, 5)):
        fields = {"item_kind": dice.choice(("promised", "promised", "promised", "instant"))}
        if number == 0 or dice.random() < 0.85:
            fields["promised_limit"] = dice.choice(LIMITS)
        versions.append((at, fields))
        at += dice.randrange(1, 12 * 24) * HOUR
    events: list[dict[str, Any]] = []
    first_told = {}
    for number in range(dice.randint(1, 4)):
        begun = FIRST + dice.randrange(0, 30 * 24) * HOUR
        received = begun + dice.choice((0, HOUR, 3 * DAY, 15 * DAY))
        key = f"s{number}"
        if dice.random() < 0.3:  # a corrected start, told before
            first_told[key] = received - dice.randrange(0, 10) * DAY
        events.append(
            {
                "key": key,
                "type": "inquiry_received",
                "occurred_at": begun,
                "received_at": received,
                "source_key": key,
            }
        )
        if dice.random() < 0.5:
            events.append(
                {
                    "key": f"e{number}",
                    "type": "inquiry_answered",
                    "occurred_at": begun + dice.randrange(1, 20 * 24) * HOUR,
                    "received_at": received,
                    "source_key": f"e{number}",
                }
            )
    return Told(
        versions,
        events,
        first_told,
        dice.choice((None, 0, 0, versions[-1][0])),
        FIRST + dice.randrange(1, 70 * 24) * HOUR,
    )


def product(place: Place, one: Told) -> dict[str, dict[str, tuple[int | None, bool]]]:
    """Levels of each episode, by the key of its start."""
    versions = tuple(
        FieldsVersion(received_at=at, calendar=place.name, fields=fields)
        for at, fields in one.versions
    )
    record = CaseRecord(
        case_no="A",
        calendar=place.name,
        fields=one.versions[-1][1],
        events=tuple(event(each) for each in one.events),
        versions=versions,
        first_told=one.first_told,
        supervised_from=one.supervised_from,
    )
    calendars = {place.name: place.compiled}
    (found,) = evaluate([record], [bound(RULE)], vocabulary(), calendars, one.as_of)
    return {
        episode.key: {level.level.word: (level.instant, level.reached) for level in episode.levels}
        for episode in found.episodes
    }


def oracle(place: Place, one: Told) -> dict[str, dict[str, tuple[int | None, bool]]]:
    """The same by the oracle."""

    def says(fields: binding.Fields) -> dict[str, Any]:
        answer = by_oracle(place, RULE, fields, one.events, one.as_of)
        return {
            each["start_key"]: {
                "due": each["due"].get("promised"),
                "stop_at": each["stop_at"],
                "levels": each["levels"],
            }
            for each in answer["episodes"]
        }

    found = {}
    for each in one.events:
        key = each["key"]
        if each["type"] == "inquiry_received" and each["occurred_at"] <= one.as_of:
            first = one.first_told.get(key, each["received_at"])
            levels = binding.levels_of(
                key, first, one.versions, one.supervised_from, says, one.as_of
            )
            if levels is not None:
                found[key] = levels
    return found


#: Seeds that told program and oracle apart: a warning that a shortened limit brings forward, of a
#: clock that has stopped since.
@example(480)
@example(1140246)
@settings(max_examples=400)
@given(st.integers(0, 10**9))
def test_the_bound_values_judge(seed: int) -> None:
    place = next(each for each in places() if each.name == "amsterdam")
    one = told(seed)
    assert product(place, one) == oracle(place, one)


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_where_somebody_supervises_nothing_that_fell_due_is_taken_back(seed: int) -> None:
    """The last version changes nothing up to the instant at which it was received."""
    place = next(each for each in places() if each.name == "amsterdam")
    one = told(seed)
    # A first value is no correction: it binds what had none.
    assume(all("promised_limit" in fields for _, fields in one.versions))
    at = one.versions[-1][0]
    before = Told(one.versions[:-1], one.events, one.first_told, 0, at)
    after = Told(one.versions, one.events, one.first_told, 0, at)
    known = {key for each in one.events for key in [each["key"]] if _first(one, each) < at}
    former, now = product(place, before), product(place, after)
    for key in known & former.keys():
        for level, (_, reached) in former[key].items():
            assert now[key][level][1] == reached


def _first(one: Told, each: dict[str, Any]) -> int:
    return int(one.first_told.get(each["key"], each["received_at"]))
