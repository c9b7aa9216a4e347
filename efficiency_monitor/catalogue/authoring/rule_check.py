"""What a rule or a pack still lacks although it can be read: each with its place and a hint.

A fault stops the load (`catalogue_files`); what is found here stops nothing but `rules check`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...i18n.language import say_level
from ...i18n.messages import mark, t
from ...i18n.model_words import nearest
from ...located_error import Loc
from ...rules.rules import Example, Rule
from ...time.instants import parse_as_of, parse_instant
from ...workspace.context import Catalogue
from .. import catalogue_files
from ..strict_yaml import Node, place
from .rule_work import RuleFile

_KINDS: Final = {
    "silent": mark("a silent"),
    "near_miss": mark("a near-miss"),
    "firing": mark("a firing"),
}
#: What a template leaves to be written.
_LEFT: Final = ("（请填写", "(say why", "(name the article", "(and what it says")


@dataclass(frozen=True, slots=True)
class Lack:
    """What is lacking: `file:line:col`, what, and how to mend it."""

    place: str
    what: str
    hint: str


def lacks(catalogue: Catalogue, files: Sequence[RuleFile], *, outside: bool) -> list[Lack]:
    """What the rules and their packs lack, in the order of the files.

    `outside`: the files were named, their paths lead to them; else they are the catalogue's own.
    """
    found: list[Lack] = []
    packs: dict[Path, list[tuple[Node, Rule]]] = {}
    for file in files:
        path = Path(file.path) if outside else catalogue.folder / file.path
        node = catalogue_files.read_document(path)
        packs.setdefault(path.parent, []).append((node, file.bound.rule))
        found += _rule(catalogue, node, file.bound.rule, path)
    for folder, rules in packs.items():
        found += _pack(folder, rules, alone=len(files) == 1)
    return found


def _rule(catalogue: Catalogue, node: Node, rule: Rule, path: Path) -> Iterator[Lack]:
    wanted = f"{rule.id}-{rule.name}.yaml"
    if path.name != wanted:
        yield Lack(
            place(node, ("name",)),
            t("the file is called {name}", name=path.name),
            t("call it {wanted}", wanted=wanted),
        )
    yield from _unwritten(node, rule)
    names = Counter(example.name for example in rule.examples)
    for number, example in enumerate(rule.examples):
        loc: Loc = ("examples", number)
        if names[example.name] > 1:
            yield Lack(
                place(node, (*loc, "name")),
                t("two examples are called {name!r}", name=example.name),
                t("give each a name of its own"),
            )
        yield from _example(catalogue, node, rule, loc, example)
    if rule.status != "preview":
        yield from _levels(node, rule)


def _unwritten(node: Node, rule: Rule) -> Iterator[Lack]:
    texts: list[tuple[Loc, str]] = [(("why",), rule.why)]
    for number, basis in enumerate(rule.legal_basis):
        texts.append((("legal_basis", number, "ref"), basis.ref))
        texts.append((("legal_basis", number, "says"), basis.says))
    texts += [(("title", "zh"), rule.title.zh), (("title", "en"), rule.title.en)]
    for loc, text in texts:
        if not text.strip() or text.startswith(_LEFT):
            yield Lack(
                place(node, loc),
                t("{loc} is empty", loc=loc[-1], which=loc[-1] if isinstance(loc[-1], str) else ""),
                t("a card states its basis and reason: write it"),
            )


def _levels(node: Node, rule: Rule) -> Iterator[Lack]:
    for number, card in enumerate(rule.cards):
        kinds = {example.kind for example in rule.examples if example.level == card.level}
        for kind, named in _KINDS.items():
            if kind in kinds:
                continue
            level = say_level(card.level)
            yield Lack(
                place(node, ("cards", number)),
                t("{level} has no example of kind {kind}", level=level, kind=kind, named=t(named)),
                t("write {named} example of {level} under examples", named=t(named), level=level),
            )


def _example(
    catalogue: Catalogue, node: Node, rule: Rule, loc: Loc, example: Example
) -> Iterator[Lack]:
    levels = [card.level for card in rule.cards]
    if example.level not in levels:
        yield Lack(
            place(node, (*loc, "level")),
            t(
                "the rule has no level {level}",
                level=example.level,
                level_2=say_level(example.level),
            ),
            t("it has {levels}", levels=", ".join(levels), levels_2="、".join(levels)),
        )
    given = any(example.level in expected.cards for expected in example.expect)
    if given != (example.kind == "firing"):
        level = say_level(example.level)
        yield Lack(
            place(node, (*loc, "kind")),
            t(
                "it is {kind}, and its cards have {ending}{level}",
                kind=example.kind,
                ending="" if given else "no ",
                level=level,
                ending_2="却有" if given else "却没有",
            ),
            t("only a firing example's cards hold its level"),
        )
    if example.calendar not in catalogue.calendars:
        known = nearest(example.calendar, list(catalogue.calendars))
        yield Lack(
            place(node, (*loc, "calendar")),
            t("no calendar {calendar!r}", calendar=example.calendar) + known,
            t("see effmon calendar list"),
        )
        return
    zone = catalogue.calendars[example.calendar].zone
    for where, text, whole in _times(loc, example):
        try:
            parse_as_of(text, zone) if whole else parse_instant(text, zone)
        except ValueError:
            yield Lack(
                place(node, where),
                t("{text_!r} is no time", text_=text),
                t('as "2026-03-02 10:00", in quotes'),
            )


def _times(loc: Loc, example: Example) -> Iterator[tuple[Loc, str, bool]]:
    for number, event in enumerate(example.events):
        for name in ("at", "due_at", "recorded_at"):
            text = getattr(event, name)
            if text is not None:
                yield (*loc, "events", number, name), text, False
    for number, expected in enumerate(example.expect):
        yield (*loc, "expect", number, "as_of"), expected.as_of, True


def _pack(folder: Path, rules: Sequence[tuple[Node, Rule]], *, alone: bool) -> Iterator[Lack]:
    installed = catalogue_files.catalogue_folder().resolve() in folder.resolve().parents
    if not alone and not installed and not (folder / "README.md").is_file():
        yield Lack(
            f"{folder}:1:1",
            t("the pack has no README.md"),
            t("say what each colour means, where the thresholds come from, what overlaps"),
        )
    prefixes = Counter(_prefix(rule.id) for _, rule in rules)
    usual = max(sorted(prefixes), key=lambda prefix: prefixes[prefix])
    for node, rule in rules if len(prefixes) > 1 else ():
        if _prefix(rule.id) != usual:
            yield Lack(
                place(node, ("id",)),
                t(
                    "{id} begins otherwise than the pack's other ids, {usual}",
                    id=rule.id,
                    usual=usual,
                ),
                t("one prefix for a pack"),
            )


def _prefix(rule_id: str) -> str:
    return rule_id.split("-")[0]


def said(found: Iterable[Lack]) -> list[dict[str, str]]:
    """As records: place, what, hint."""
    return [{"place": one.place, "what": one.what, "hint": one.hint} for one in found]
