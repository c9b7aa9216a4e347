"""Words in both languages."""

from enum import Enum

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n import language, messages
from efficiency_monitor.i18n.language import (
    say_amount,
    say_duration,
    say_instant,
    say_level,
    say_local,
    say_state,
    say_threshold,
)
from efficiency_monitor.i18n.messages import choose, set_language, speaking, t
from efficiency_monitor.terms import CardState, ItemKind, Level, LiftReason, Outcome, Reason
from efficiency_monitor.time.amount import Amount, Unit

SAYING = [
    (Level, language.say_level),
    (CardState, language.say_state),
    (Outcome, language.say_outcome),
    (Reason, language.say_reason),
    (LiftReason, language.say_lift_reason),
    (ItemKind, language.say_item_kind),
    (Unit, language.say_unit),
]


@pytest.mark.parametrize(("kind", "say"), SAYING, ids=lambda one: getattr(one, "__name__", ""))
def test_every_member_has_its_own_words(kind: type[Enum], say: object) -> None:
    """A new member without words would be a KeyError in front of the user."""
    assert callable(say)
    for code in ("zh", "en"):
        with speaking(code):
            words = [say(member) for member in kind]
        assert all(words)
        assert len(set(words)) == len(words)
        # Chinese words hold Chinese and English ones none.
        assert [any("\u4e00" <= c <= "\u9fff" for c in word) for word in words] == (
            [code == "zh"] * len(words)
        )


@pytest.mark.parametrize(
    ("env", "workspace", "expected"),
    [
        ({}, None, "en"),
        ({"EFFMON_LANG": "zh"}, "en", "zh"),
        ({"EFFMON_LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh", "en"),
        ({"EFFMON_LANG": "fr"}, "zh", "zh"),
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "en", "en"),
        ({"LC_MESSAGES": "zh_TW"}, None, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, None, "en"),
        ({"LC_ALL": "", "LANG": "zh-Hans"}, None, "zh"),
        ({"LANGUAGE": "zh:en"}, None, "zh"),
        ({"LANG": "de_DE"}, None, "en"),
    ],
)
def test_the_first_that_is_set_decides(
    env: dict[str, str], workspace: str | None, expected: str
) -> None:
    assert choose(env, workspace) == expected


def test_set_language_refuses_what_it_does_not_speak() -> None:
    set_language("en_US.UTF-8")
    assert t("yes") == "yes"
    with pytest.raises(ConfigurationError, match="unknown language 'fr'"):
        set_language("fr")
    assert messages.language() == "en"


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        ("3 working_days", "3个工作日", "3 working days"),
        ("1 working_days", "1个工作日", "1 working day"),
        ("0.5 working_days", "0.5个工作日", "0.5 working days"),
        # Six places come out of the engine; two are shown, and never more than there is.
        ("6.999999 working_days", "6.99个工作日", "6.99 working days"),
        ("0.000012 working_days", "0.000012个工作日", "0.000012 working days"),
        ("26.5 working_hours", "26个工作小时30分钟", "26 working hours 30 minutes"),
        ("0.25 working_hours", "15个工作分钟", "15 working minutes"),
        ("90 working_minutes", "90个工作分钟", "90 working minutes"),
        ("1.508333 calendar_hours", "1小时30分钟30秒", "1 hour 30 minutes 30 seconds"),
        ("5 calendar_days", "5个自然日", "5 calendar days"),
        ("1 calendar_months", "1个月", "1 month"),
    ],
)
def test_amounts(amount: str, zh: str, en: str) -> None:
    number, unit = amount.split()
    for form in (amount, {"value": number, "unit": unit}, Amount.parse(amount)):
        with speaking("zh"):
            assert say_amount(form) == zh
        with speaking("en"):
            assert say_amount(form) == en


@pytest.mark.parametrize("odd", ["", "soon", "3 fortnights", "NaN working_days", {"value": "x"}])
def test_an_amount_that_cannot_be_read_is_shown_as_it_is(odd: str | dict[str, object]) -> None:
    assert say_amount(odd) == (odd if isinstance(odd, str) else "x")
    assert say_amount(None) == ""


def test_durations() -> None:
    assert say_duration(days=3, seconds=7200) == "3个工作日2小时"
    assert say_duration(days=0, seconds=90) == "1分钟30秒"
    assert say_duration(days=0, seconds=0) == "0个工作日"
    set_language("en")
    assert say_duration(days=1, seconds=3660) == "1 working day 1 hour 1 minute"


def test_thresholds() -> None:
    assert say_threshold("promised - 2 working_days") == "承诺时限前2个工作日"
    assert say_threshold("90% statutory") == "法定时限的90%"
    assert say_threshold("review_limit") == "review_limit"
    set_language("en")
    assert say_threshold("statutory + 1 working_days") == "1 working day after the statutory limit"


def test_codes_that_are_not_known_stay() -> None:
    assert say_level("blue") == "blue"
    assert say_state("asleep") == "asleep"


def test_times_are_wall_times_of_their_zone() -> None:
    assert say_instant(1774886399, "Asia/Shanghai") == "2026-03-30 23:59:59"
    assert say_instant(0, "America/New_York") == "1969-12-31 19:00:00"
    assert say_local("2026-03-30T23:59:59+08:00") == "2026-03-30 23:59:59"
    assert say_local("2026-03-30") == "2026-03-30"
    assert say_local("Tomorrow") == "Tomorrow"
