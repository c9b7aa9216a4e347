"""The catalogue's files as values: words, measures, calendars, packs. Every fault has its place."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import combinations
from pathlib import Path

from ..faults import CatalogueError, ConfigurationError, brief
from ..i18n.messages import t
from ..i18n.model_words import nearest
from ..located_error import Loc, LocatedError
from ..rules.ladders import Ladder
from ..rules.measures import Measure, MeasuresFile, check_measures
from ..rules.rules import Clock, Rule
from ..rules.vocabulary import Vocabulary, VocabularyFile, build_vocabulary
from .calendar_documents import (
    calendar_file_texts,
    calendar_paths,
    load_calendar_file,
    read_calendar_file,
    read_calendars,
    read_document,
    yaml_files,
)
from .strict_yaml import MOST_FAULTS, Node, load, place, placed, validate

__all__ = [
    "LoadedLadder",
    "LoadedRule",
    "calendar_file_texts",
    "calendar_paths",
    "canonical_text",
    "catalogue_folder",
    "check_kept",
    "load_calendar_file",
    "pack_names",
    "read_calendar_file",
    "read_calendars",
    "read_document",
    "read_ladder_file",
    "read_ladders",
    "read_measures",
    "read_rule_file",
    "read_rules",
    "read_vocabulary",
    "read_vocabulary_file",
    "rule_digest",
    "rule_paths",
]


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule and where it came from.

    `path` is relative to the catalogue, with slashes. `digest` is the SHA-256 (64 hex digits) of
    the rule without its examples in canonical JSON: comments and examples do not change it.
    """

    rule: Rule
    pack: str
    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class LoadedLadder:
    """A ladder and its file; `digest` is its text's without the examples, as a rule's is."""

    ladder: Ladder
    path: str
    digest: str


def catalogue_folder(path: Path | None = None) -> Path:
    """The folder to read: the given one, else the installed catalogue, else the checkout's.

    ConfigurationError if it does not exist.
    """
    folder = path if path is not None else _own_catalogue()
    if not folder.is_dir():
        raise ConfigurationError(
            t("no catalogue folder {folder}", folder=folder),
            t("name a folder with vocabulary.yaml, calendars, packs"),
        )
    return folder


def _own_catalogue() -> Path:
    try:
        return Path(str(resources.files("efficiency_monitor.catalogue.data")))
    except ModuleNotFoundError:
        return Path(__file__).resolve().parents[2] / "rules"


def read_vocabulary(folder: Path) -> Vocabulary:
    """The event types and suspension kinds of `vocabulary.yaml`."""
    node = read_document(folder / "vocabulary.yaml")
    try:
        return build_vocabulary(validate(node, VocabularyFile))
    except LocatedError as fault:
        raise placed(node, fault) from None


def read_measures(folder: Path) -> tuple[Measure, ...]:
    """The measures of `measures.yaml`; a catalogue without that file has the installed ones."""
    own = folder / "measures.yaml"
    path = own if own.is_file() else _own_catalogue() / "measures.yaml"
    node = read_document(path)
    try:
        return check_measures(validate(node, MeasuresFile))
    except LocatedError as fault:
        raise placed(node, fault) from None


def rule_paths(folder: Path, pack: str) -> list[Path]:
    """The rule files of a pack, in the order of their names."""
    return yaml_files(folder / "packs" / pack)


def read_vocabulary_file(path: Path) -> VocabularyFile:
    """A vocabulary file as it is written."""
    return validate(read_document(path), VocabularyFile)


def pack_names(folder: Path) -> tuple[str, ...]:
    """The rule packs of the catalogue, in order of their names."""
    packs = folder / "packs"
    if not packs.is_dir():
        return ()
    return tuple(sorted(pack.name for pack in packs.iterdir() if any(yaml_files(pack))))


def read_rules(folder: Path, packs: Sequence[str]) -> list[LoadedRule]:
    """The rules of the named packs, in the order of the packs and then of the files' names.

    CatalogueError names every rule that uses an unknown word or contradicts another one.
    """
    vocabulary = read_vocabulary(folder)
    loaded: list[tuple[Node, LoadedRule]] = []
    for pack in dict.fromkeys(packs):
        if pack not in pack_names(folder):
            known = list(pack_names(folder))
            raise ConfigurationError(
                t("no rule pack {pack!r} in {value}", pack=pack, value=folder / "packs")
                + nearest(pack, known),
                t("mend the list of packs"),
            )
        for path in yaml_files(folder / "packs" / pack):
            node = read_document(path)
            rule = validate(node, Rule)
            loaded.append(
                (
                    node,
                    LoadedRule(rule, pack, path.relative_to(folder).as_posix(), rule_digest(rule)),
                )
            )
    _check_together(folder, vocabulary, loaded)
    return [entry for _, entry in loaded]


def check_kept(
    folder: Path, vocabulary: Vocabulary, rules: Sequence[tuple[LoadedRule, str]]
) -> None:
    """CatalogueError where rules, each with its kept text, cannot stand together.

    As `read_rules` for what is in files; the ladders are those of the catalogue `folder`.
    """
    loaded = [(load(text, f"{entry.path} ({entry.digest[:12]})"), entry) for entry, text in rules]
    _check_together(folder, vocabulary, loaded)


def _check_together(
    folder: Path, vocabulary: Vocabulary, loaded: Sequence[tuple[Node, LoadedRule]]
) -> None:
    lines = [line for node, entry in loaded for line in _unknown_words(node, entry, vocabulary)]
    lines += _contradictions(loaded)
    lines += _unknown_ladders(folder, loaded)
    lines += _given_way_to(loaded)
    if lines:
        raise CatalogueError(
            "\n".join(lines[:MOST_FAULTS]),
            t("mend the rules at the places named"),
        )


def read_rule_file(path: Path, vocabulary: Vocabulary) -> LoadedRule:
    """One rule file that may stand outside the catalogue; its folder's name is its pack.

    CatalogueError names each fault with file:line:col.
    """
    node = read_document(path)
    rule = validate(node, Rule)
    entry = LoadedRule(rule, path.resolve().parent.name, str(path), rule_digest(rule))
    lines = list(_unknown_words(node, entry, vocabulary))
    if lines:
        raise CatalogueError(
            "\n".join(lines[:MOST_FAULTS]),
            t("mend the rule at the places named"),
        )
    return entry


def read_rule_files(
    paths: Sequence[Path], folder: Path, vocabulary: Vocabulary
) -> list[LoadedRule]:
    """Rule files that may stand outside the catalogue `folder`, whose ladders are known to them.

    CatalogueError names the faults of every file, and versions that cannot stand together.
    """
    loaded: list[tuple[Node, LoadedRule]] = []
    lines: list[str] = []
    for path in paths:
        try:
            loaded.append((read_document(path), read_rule_file(path, vocabulary)))
        except CatalogueError as fault:
            lines.append(fault.message)
            hint = fault.hint
    if len(lines) > 1:
        hint = t("mend the rules at the places named")
    if lines:
        raise CatalogueError("\n".join(lines[:MOST_FAULTS]), hint)
    _check_together(folder, vocabulary, loaded)
    return [entry for _, entry in loaded]


def check_words(node: Node, rule: Rule, vocabulary: Vocabulary) -> None:
    """CatalogueError with the place of each word that the vocabulary does not have."""
    lines = list(_unknown_words(node, LoadedRule(rule, "", node.source, ""), vocabulary))
    if lines:
        raise CatalogueError(
            "\n".join(lines[:MOST_FAULTS]),
            t("mend the rule at the places named"),
        )


def read_ladders(folder: Path) -> dict[str, LoadedLadder]:
    """Every ladder under `ladders/` by id; a catalogue without that folder has the installed ones.

    CatalogueError names each fault with file:line:col.
    """
    own = folder / "ladders"
    place_of = own if own.is_dir() else _own_catalogue() / "ladders"
    found: dict[str, LoadedLadder] = {}
    for path in yaml_files(place_of):
        entry = read_ladder_file(path)
        found[entry.ladder.id] = entry
    return found


def read_ladder_file(path: Path) -> LoadedLadder:
    """One ladder file, which may stand outside the catalogue; it is called as its ladder."""
    node = read_document(path)
    ladder = validate(node, Ladder)
    if ladder.id != path.stem:
        raise CatalogueError(
            f"{place(node, ('id',))}: id {ladder.id!r} differs from the file's name",
            f"call the file {ladder.id}.yaml or the ladder {path.stem}",
        )
    return LoadedLadder(ladder, str(path), _digest(ladder))


def rule_digest(rule: Rule) -> str:
    """SHA-256 (hex) of a rule without its examples, in canonical JSON."""
    return _digest(rule)


def canonical_text(model: Rule | Ladder) -> str:
    """A rule or ladder without its examples as canonical JSON: what its digest is of."""
    content = model.model_dump(mode="json", by_alias=True, exclude={"examples"})
    for form in ("condition", "tally", "trial"):
        # A rule that has none is the same text as before there were any.
        if content.get(form, "") is None:
            del content[form]
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _digest(model: Rule | Ladder) -> str:
    return hashlib.sha256(canonical_text(model).encode()).hexdigest()


def _unknown_words(node: Node, entry: LoadedRule, vocabulary: Vocabulary) -> Iterator[str]:
    for loc, word in _event_types(entry.rule):
        if word not in vocabulary.types:
            meant = vocabulary.find_type(word)
            hint = _write(meant) if meant else nearest(word, list(vocabulary.types))
            said = t("no event type {word}", word=brief(word))
            yield f"{place(node, loc)}: {said}{hint}"
    for loc, word in _suspension_kinds(entry.rule):
        if word not in vocabulary.kinds:
            meant = vocabulary.find_kind(word)
            hint = _write(meant) if meant else nearest(word, list(vocabulary.kinds))
            said = t("no kind of suspension {word}", word=brief(word))
            yield f"{place(node, loc)}: {said}{hint}"


def _write(meant: str) -> str:
    return t("; write {meant!r}", meant=meant)


def _event_types(rule: Rule) -> Iterator[tuple[Loc, str]]:
    if rule.clock:
        yield from _clock_types(rule.clock)
    if rule.condition:
        for name in ("of", "after", "before", "since", "stop", "until", "need"):
            yield from _each(("condition", name), getattr(rule.condition, name) or ())
    if rule.tally:
        yield from _each(("tally", "events"), rule.tally.events or ())
        if rule.tally.with_:
            yield from _each(("tally", "with", "events"), rule.tally.with_.events or ())
    for number, example in enumerate(rule.examples):
        for index, event in enumerate(example.events):
            yield ("examples", number, "events", index, "event"), event.event
        for place_of, case in enumerate(example.cases):
            for index, row in enumerate(case.events):
                yield (
                    ("examples", number, "cases", place_of, "events", index, "event"),
                    row.event,
                )


def _clock_types(clock: Clock) -> Iterator[tuple[Loc, str]]:
    yield from _each(("clock", "start"), clock.start)
    yield from _each(("clock", "stop"), clock.stop)
    for number, pause in enumerate(clock.pause):
        yield from _each(("clock", "pause", number, "from"), pause.from_)
        yield from _each(("clock", "pause", number, "to"), pause.to)
    if clock.deemed:
        yield from _each(("clock", "deemed", "from"), clock.deemed.from_)
        yield from _each(("clock", "deemed", "unless"), clock.deemed.unless)
    if clock.extend:
        yield from _each(("clock", "extend", "by"), clock.extend.by)


def _suspension_kinds(rule: Rule) -> Iterator[tuple[Loc, str]]:
    if rule.condition:
        yield from _each(("condition", "kinds"), rule.condition.kinds or ())
    yield from _each(("clock", "kinds"), (rule.clock and rule.clock.kinds) or ())
    for number, pause in enumerate(rule.clock.pause if rule.clock else ()):
        yield from _each(("clock", "pause", number, "kinds"), pause.kinds or ())
    for number, example in enumerate(rule.examples):
        for index, event in enumerate(example.events):
            if event.kind is not None:
                yield ("examples", number, "events", index, "kind"), event.kind


def _each(loc: Loc, words: Sequence[str]) -> Iterator[tuple[Loc, str]]:
    for number, word in enumerate(words):
        yield (*loc, number), word


def _unknown_ladders(folder: Path, loaded: Sequence[tuple[Node, LoadedRule]]) -> Iterator[str]:
    if any(entry.rule.ladder for _, entry in loaded):
        known = list(read_ladders(folder))
        for node, entry in loaded:
            if entry.rule.ladder is not None and entry.rule.ladder not in known:
                hint = nearest(entry.rule.ladder, known)
                said = t("no ladder {ladder!r}", ladder=entry.rule.ladder)
                yield f"{place(node, ('ladder',))}: {said}{hint}"


def _given_way_to(loaded: Sequence[tuple[Node, LoadedRule]]) -> Iterator[str]:
    """Cards that levels give way to and that a rule here does not have, or that give way too.

    A rule that is not here at all gives no card: a place may leave its file out.
    """
    levels = {
        (entry.rule.id, card.level): card.unless for _, entry in loaded for card in entry.rule.cards
    }
    known = {rule_id for rule_id, _ in levels}
    for node, entry in loaded:
        for number, card in enumerate(entry.rule.cards):
            if card.unless is None or card.unless.rule not in known:
                continue
            other = card.unless.rule, card.unless.level
            if other not in levels:
                said = t("{other} has no {other_2} level", other=other[0], other_2=other[1])
            elif levels[other] is not None:
                said = t(
                    "the {other} level of {other_2} gives way itself",
                    other=other[1],
                    other_2=other[0],
                )
            else:
                continue
            yield f"{place(node, ('cards', number, 'unless'))}: {said}"


def _contradictions(loaded: Sequence[tuple[Node, LoadedRule]]) -> Iterator[str]:
    """Versions that cannot both stand: which one binds must never be a matter of order."""
    for node, entry in loaded:
        span = entry.rule.in_force
        if span.to is not None and span.to < span.from_:
            said = t("in force until {to}, from {from_}", to=span.to, from_=span.from_)
            yield f"{place(node, ('in_force', 'to'))}: {said}"
    for (_, first), (node, second) in combinations(loaded, 2):
        if first.rule.id != second.rule.id:
            continue
        if first.rule.version == second.rule.version:
            name = f"{second.rule.id} {t('version {version}', version=second.rule.version)}"
            said = t("{name} stands also in {path}", name=name, path=first.path)
            yield f"{place(node, ('version',))}: {said}"
        elif _overlap(first.rule, second.rule):
            said = t(
                "{id} version {version} is in force together with version {version_2} in {path}",
                id=second.rule.id,
                version=second.rule.version,
                version_2=first.rule.version,
                path=first.path,
            )
            yield f"{place(node, ('in_force',))}: {said}"


def _overlap(first: Rule, second: Rule) -> bool:
    ends = [rule.in_force.to or date.max for rule in (first, second)]
    return max(first.in_force.from_, second.in_force.from_) <= min(ends)
