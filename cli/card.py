"""`effmon cards list | show | confirm | acknowledge | reply`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from efficiency_monitor.language import say_state, t

from . import columns
from .render import emit, message
from .state import Output, context_of

app = typer.Typer(help=t("预警、黄牌、红牌", "warnings, yellow and red cards"))


class LevelWord(StrEnum):
    """Level of a card."""

    WARNING = "warning"
    YELLOW = "yellow"
    RED = "red"


class StateWord(StrEnum):
    """State of cards; `open` means every state before closed."""

    OPEN = "open"
    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    REPLIED = "replied"
    CLOSED = "closed"
    SUPERSEDED = "superseded"
    LIFTED = "lifted"
    HISTORICAL = "historical"
    ALL = "all"


@app.command("list", help=t("列出牌", "list cards"))
def list_cards(
    ctx: typer.Context,
    level: Annotated[LevelWord | None, typer.Option(help=t("级别", "level"))] = None,
    department: Annotated[str | None, typer.Option(help=t("部门", "department"))] = None,
    state: Annotated[StateWord, typer.Option(help=t("状态", "state"))] = StateWord.OPEN,
    case_no: Annotated[str | None, typer.Option("--case", help=t("办件", "case"))] = None,
    rule: Annotated[str | None, typer.Option(help=t("规则", "rule"))] = None,
    output: Output = None,
) -> None:
    """List cards, worst first; every card that is not closed, unless asked otherwise."""
    from efficiency_monitor.core.terms import Level
    from efficiency_monitor.services import listing
    from efficiency_monitor.store.cards import CardQuery

    context = context_of(ctx)
    query = CardQuery(
        level=None if level is None else Level.parse(level),
        state=str(state),
        department=department,
        case_no=case_no,
        rule=rule,
    )
    emit(
        listing.list_cards(context, query),
        columns.CARDS,
        output,
        empty=t("没有这样的牌", "no such cards"),
    )


@app.command("show", help=t("显示一张牌", "show one card"))
def show(ctx: typer.Context, card_no: str, output: Output = None) -> None:
    """Show one card: what it rests on, what happened to it, who held the case."""
    from efficiency_monitor.services import listing

    from .documents import show_card

    context = context_of(ctx)
    show_card(listing.show_card(context, card_no), output)


def _answer(ctx: typer.Context, card_no: str, what: str, text: str | None) -> None:
    from efficiency_monitor.services.answers import answer

    state = answer(context_of(ctx), card_no, what, _read(text))
    message(f"{card_no}: {say_state(state)}")


def _read(text: str | None) -> str | None:
    from efficiency_monitor.core.faults import ConfigurationError

    if text is None or not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(
            t(f"{text[1:]} 不是 UTF-8", f"{text[1:]} is not UTF-8"),
            t("请存为 UTF-8", "save it as UTF-8"),
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            t(
                f"{text[1:]} 无法读取：{fault.strerror}",
                f"{text[1:]} cannot be read: {fault.strerror}",
            ),
            t("以 @ 开头的是文件名", "what begins with @ is the name of a file"),
        ) from None


Text = Annotated[
    str | None,
    typer.Option("--text", help=t("文字，或 @文件", "text, or @FILE"), show_default=False),
]


@app.command("acknowledge", help=t("签收", "acknowledge a card"))
def acknowledge(ctx: typer.Context, card_no: str, text: Text = None) -> None:
    """Say that the card was received; needs --as PERSON."""
    _answer(ctx, card_no, "acknowledged", text)


@app.command("reply", help=t("反馈", "reply to a card"))
def reply(ctx: typer.Context, card_no: str, text: Text = None) -> None:
    """Answer the card; needs --as PERSON and --text."""
    _answer(ctx, card_no, "replied", text)


@app.command("confirm", help=t("确认待发的牌", "confirm a pending card"))
def confirm(ctx: typer.Context, card_no: str, text: Text = None) -> None:
    """Confirm a card of a rule with manual confirmation; needs --as PERSON."""
    _answer(ctx, card_no, "confirmed", text)
