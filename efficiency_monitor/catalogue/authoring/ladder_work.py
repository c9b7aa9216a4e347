"""Working on ladders: loading one file or the catalogue's, running the examples of each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...cards.listing import no_card
from ...cards.store import cards
from ...engine.questions import Counting, due
from ...faults import CatalogueError, ConfigurationError
from ...followup.ladders import store as ladders
from ...followup.ladders.advance import chain_of
from ...followup.ladders.model import Happened, Said, Tell, play
from ...i18n.messages import t
from ...rules.ladders import Example, Expected, Ladder
from ...terms import Level
from ...time.amount import Amount
from ...time.instants import parse_as_of, parse_instant, rfc3339, wall_text
from ...workspace.context import Catalogue, Context
from .. import catalogue_files
from ..catalogue_files import LoadedLadder

_CARD_NUMBER = re.compile(r"[WYR]-[A-Z2-7]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """One example of a ladder: what was wanted and what it did."""

    ladder: str
    path: str
    example: str
    level: str
    wanted: str
    found: str

    @property
    def passed(self) -> bool:
        """Whether the ladder does what its example says."""
        return self.wanted == self.found


def load(catalogue: Catalogue, path: Path | None) -> list[LoadedLadder]:
    """The ladder of one file, those of a folder, or the catalogue's."""
    if path is None:
        return list(catalogue.ladders.values())
    if path.is_dir():
        return [catalogue_files.read_ladder_file(file) for file in sorted(path.rglob("*.yaml"))]
    if not path.is_file():
        raise ConfigurationError(
            t("there is no file or folder {path}", path=path),
            t("name a ladder file or a folder of them"),
        )
    return [catalogue_files.read_ladder_file(path)]


def outline(ladder: Ladder) -> dict[str, list[list[str]]]:
    """The roles that are told in turn, by level: one list for each step."""
    return {
        level.word: [list(step.tell) for step in ladder.chains.of(level).steps] for level in Level
    }


def is_card_number(text: str) -> bool:
    """Whether a text looks like the number of a card."""
    return _CARD_NUMBER.fullmatch(text.upper()) is not None


def position(context: Context, card_no: str) -> dict[str, object]:
    """Where the ladder of a card stands: what was told and delivered, and what comes when.

    ConfigurationError where there is no such card.
    """
    number = card_no.upper()
    with context.store.reading() as connection:
        card = cards.find(connection, number)
        run = ladders.runs_of(connection, [number]).get(number)
    if card is None:
        raise no_card(card_no)
    shown: dict[str, object] = {"card_no": number, "card_state": card.state}
    if run is None:
        return {**shown, "ladder": None}

    def instant(value: int | None) -> str | None:
        return None if value is None else rfc3339(value, context.zone)

    chain = chain_of(run.chain)
    return {
        **shown,
        "ladder": run.ladder_id,
        "version": run.ladder_version,
        "sha256": run.ladder_digest,
        "state": run.state,
        "ended_reason": run.ended_reason,
        "began_at": instant(run.began_at),
        "step": run.step,
        "turn": run.turn,
        "told_at": instant(run.told_at),
        "delivered_at": instant(run.delivered_at),
        "reaches_nobody": run.missed,
        "acknowledged_at": instant(run.acknowledged_at),
        "replied_at": instant(run.replied_at),
        "reply_due_at": instant(run.reply_due_at),
        "unanswered_told_at": instant(run.unanswered_at),
        "next_at": instant(run.next_at) if run.state == "running" else None,
        "steps": [step.model_dump(mode="json", exclude_none=True) for step in chain.steps],
    }


def run_examples(catalogue: Catalogue, loaded: Sequence[LoadedLadder]) -> Iterator[ExampleResult]:
    """Every example, played through on its calendar."""
    for entry in loaded:
        for example in entry.ladder.examples:
            yield _result(catalogue, entry, example)


def _result(catalogue: Catalogue, entry: LoadedLadder, example: Example) -> ExampleResult:
    where = f"{entry.path}: example {example.name!r}"
    if example.calendar not in catalogue.calendars:
        raise CatalogueError(
            f"{where}: there is no calendar {example.calendar!r}",
            f"known are {', '.join(catalogue.calendars)}",
        )
    compiled = catalogue.compiled(example.calendar)
    zone = compiled.calendar.zone
    chain = entry.ladder.chains.of(Level.parse(example.level))
    within = example.reply_within or chain.reply_within
    try:
        happened = [
            Happened(parse_instant(each.at, zone)[0], each.what) for each in example.happens
        ]
        issued = parse_instant(example.issued, zone)[0]
        until = parse_as_of(example.until, zone)
        wanted = [(parse_instant(each.at, zone)[0], _wanted(each)) for each in example.expect]
    except ValueError as fault:
        raise CatalogueError(f"{where}: {fault}", "mend the time") from None
    said = play(
        chain,
        issued,
        happened,
        until,
        partial(_due, compiled.table),
        reply_within=None if within is None else Amount.parse(within),
        at_once=example.delivery == "at_once",
    )
    return ExampleResult(
        ladder=entry.ladder.id,
        path=entry.path,
        example=example.name,
        level=example.level,
        wanted=_text(sorted(wanted), zone),
        found=_text(sorted((each.at, _found(each)) for each in said), zone),
    )


def _due(table: object, start: int, amount: Amount) -> int:
    instant = due(table, start, amount, counting=Counting(), pauses=[])  # type: ignore[arg-type]
    assert instant is not None  # only an open pause withholds it
    return instant


def _wanted(expected: Expected) -> str:
    return "unanswered" if expected.step is None else f"step {expected.step}.{expected.turn}"


def _found(said: Said) -> str:
    what = said.what
    return f"step {what.step}.{what.turn}" if isinstance(what, Tell) else "unanswered"


def _text(said: Sequence[tuple[int, str]], zone: str) -> str:
    return "; ".join(f"{wall_text(at, zone)} {what}" for at, what in said)
