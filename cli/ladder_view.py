"""A ladder, and where a card's ladder stands, for people: roles, times and answers in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.i18n.act_words import say_role
from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_local,
    say_state,
)
from efficiency_monitor.i18n.messages import bilingual, mark, t
from efficiency_monitor.rules.ladders import Step
from efficiency_monitor.time.amount import Amount

from .documents import filled, section
from .recipients_view import LADDER_STATES
from .render import Format, emit_object

_STOPS: Final = {
    "acknowledged": mark("acknowledged"),
    "replied": mark("replied", ctx="entries"),
    "finished": mark("finished"),
}


def say_roles(roles: Sequence[str]) -> str:
    """The roles that a step tells."""
    return t(", ").join(say_role(role) for role in roles)


def say_chains(chains: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """Who is told in turn, by level."""
    return t("; ").join(
        f"{say_level(level)}{t(': ')}" + " → ".join(say_roles(step) for step in steps)
        for level, steps in chains.items()
    )


def _after(text: str) -> str:
    return say_amount(Amount.parse(text))


def _stops(codes: Sequence[str]) -> str:
    return t(", ").join(coded(_STOPS)(code) for code in codes)


def _repeat(repeat: Mapping[str, Any]) -> str:
    every, times = _after(repeat["every"]), repeat["times"]
    return t("every {every}, at most {times} times", every=every, times=times)


_LEVEL: Final = Column("level", "Level", say=say_level, styles=LEVEL_STYLES)
_STEPS: Final = (
    Column("step", "Step", right=True),
    Column("tell", "Tells", say=say_roles, least=10),
    Column("after", "After the step before", say=_after),
    Column("stops", "Kept back by", say=_stops, priority=2),
    Column("repeat", "Repeat", say=_repeat, priority=2, least=10),
)
_CHAINS: Final = (
    _LEVEL,
    Column("reply_within", "Reply within", say=_after),
    Column("acknowledged_for", "Acknowledging holds it", say=_after),
    Column("unanswered", "No reply in time: tells", say=say_roles, least=10),
)
_LADDER: Final = (
    Column("id", "Ladder"),
    Column("version", "Version"),
    Column("title", "Title"),
    Column("why", "Why", say=bilingual, ctx="ladder"),
    Column("not_followed_up", "Alarm: not followed up"),
    Column("order_open", "Alarm: order left open"),
    Column("file", "File"),
    Column("sha256", "SHA-256"),
    Column("examples", "Examples"),
)
_SOURCES: Final = (
    Column("ref", "Source", say=bilingual, least=12, ctx="sources"),
    Column("says", "It says", say=bilingual, least=20),
)
LADDERS: Final = (
    Column("id", "Ladder"),
    Column("version", "Version", right=True, priority=3),
    Column("title", "Title", least=12, priority=2),
    Column("chains", "Who is told, in turn", say=say_chains, least=20),
)
_POSITION: Final = (
    Column("card_no", "Card"),
    Column("card_state", "Card state", say=say_state),
    Column("ladder", "Ladder"),
    Column("version", "Version"),
    Column("state", "State", say=coded(LADDER_STATES)),
    Column("began_at", "Began", say=say_local),
    Column("step", "Told up to step"),
    Column("turn", "Turn"),
    Column("told_at", "Told", say=say_local),
    Column("delivered_at", "Delivered", say=say_local),
    Column("acknowledged_at", "Acknowledged", say=say_local),
    Column("replied_at", "Replied", say=say_local),
    Column("reply_due_at", "Reply by", say=say_local),
    Column("unanswered_told_at", "Told that no reply came", say=say_local),
    Column("next_at", "Looked at next", say=say_local),
)


def _numbered(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps with their numbers; the first is told with the card, so nothing keeps it back."""
    return [
        {"step": number, "stops": Step.model_fields["stops"].default, **step}
        if number > 1 or step.get("repeat")
        else {"step": number, "tell": step["tell"]}
        for number, step in enumerate(steps, start=1)
    ]


def show_ladder(document: Mapping[str, Any], fmt: Format | None) -> None:
    """Print one ladder; JSON and CSV as it is."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    alarms = {
        name: t(
            "after {within}, tells {tell}",
            within=_after(alarm["within"]),
            tell=say_roles(alarm["tell"]),
        )
        for name, alarm in (document.get("alarms") or {}).items()
        if alarm
    }
    head = {**document, **alarms}
    emit_object(head, fmt, columns=filled(_LADDER, head))
    section(t("Sources"), document.get("source") or [], _SOURCES, fmt)
    chains = [{"level": level, **chain} for level, chain in document["chains"].items()]
    steps = [
        {"level": chain["level"], **step} for chain in chains for step in _numbered(chain["steps"])
    ]
    section(t("Its steps"), steps, (_LEVEL, *_STEPS), fmt)
    section(t("Answers"), chains, _CHAINS, fmt)


def show_position(document: Mapping[str, Any], fmt: Format | None) -> None:
    """Print where the ladder of a card stands; JSON and CSV as it is."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    emit_object(document, fmt, columns=filled(_POSITION, document))
    steps = document.get("steps") or ()
    section(t("Its steps"), _numbered(steps), _STEPS, fmt)
