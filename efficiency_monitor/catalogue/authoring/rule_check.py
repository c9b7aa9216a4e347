"""What a rule or a pack still lacks although it can be read: each with its place and a hint.

A fault stops the load (`catalogue_files`); what is found here stops nothing but `rules check`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...i18n.language import say_level, t
from ...i18n.model_words import nearest
from ...located_error import Loc
from ...rules.rules import Example, Rule
from ...time.instants import parse_as_of, parse_instant
from ...workspace.context import Catalogue
from .. import catalogue_files
from ..strict_yaml import Node, place
from .rule_work import RuleFile

_KINDS: Final = {
    "silent": ("明显不发牌的", "a silent"),
    "near_miss": ("差一点的", "a near-miss"),
    "firing": ("刚好发牌的", "a firing"),
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
            t(f"文件名与 id、name 不符：{path.name}", f"the file is called {path.name}"),
            t(f"改名为 {wanted}", f"call it {wanted}"),
        )
    yield from _unwritten(node, rule)
    names = Counter(example.name for example in rule.examples)
    for number, example in enumerate(rule.examples):
        loc: Loc = ("examples", number)
        if names[example.name] > 1:
            yield Lack(
                place(node, (*loc, "name")),
                t(f"示例名 {example.name!r} 重复", f"two examples are called {example.name!r}"),
                t("各取一个名字", "give each a name of its own"),
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
                t(f"{loc[-1] if isinstance(loc[-1], str) else ''} 尚未填写", f"{loc[-1]} is empty"),
                t("牌上要写明依据和理由", "a card states its basis and reason: write it"),
            )


def _levels(node: Node, rule: Rule) -> Iterator[Lack]:
    for number, card in enumerate(rule.cards):
        kinds = {example.kind for example in rule.examples if example.level == card.level}
        for kind, (zh, en) in _KINDS.items():
            if kind in kinds:
                continue
            level = say_level(card.level)
            yield Lack(
                place(node, ("cards", number)),
                t(f"{level}缺少{zh}示例（{kind}）", f"{level} has no example of kind {kind}"),
                t(
                    f"在 examples 中补一个{zh}",
                    f"write {en} example of {level} under examples",
                ),
            )


def _example(
    catalogue: Catalogue, node: Node, rule: Rule, loc: Loc, example: Example
) -> Iterator[Lack]:
    levels = [card.level for card in rule.cards]
    if example.level not in levels:
        yield Lack(
            place(node, (*loc, "level")),
            t(f"本规则没有{say_level(example.level)}", f"the rule has no level {example.level}"),
            t(f"有：{'、'.join(levels)}", f"it has {', '.join(levels)}"),
        )
    given = any(example.level in expected.cards for expected in example.expect)
    if given != (example.kind == "firing"):
        level = say_level(example.level)
        yield Lack(
            place(node, (*loc, "kind")),
            t(
                f"示例为 {example.kind}，cards 中{'却有' if given else '却没有'}{level}",
                f"it is {example.kind}, and its cards have {'' if given else 'no '}{level}",
            ),
            t("firing 的 cards 含该级，其余不含", "only a firing example's cards hold its level"),
        )
    if example.calendar not in catalogue.calendars:
        known = nearest(example.calendar, list(catalogue.calendars))
        yield Lack(
            place(node, (*loc, "calendar")),
            t(f"没有工作日历 {example.calendar!r}", f"no calendar {example.calendar!r}") + known,
            t("见 effmon calendar list", "see effmon calendar list"),
        )
        return
    zone = catalogue.calendars[example.calendar].zone
    for where, text, whole in _times(loc, example):
        try:
            parse_as_of(text, zone) if whole else parse_instant(text, zone)
        except ValueError:
            yield Lack(
                place(node, where),
                t(f"{text!r} 不是时间", f"{text!r} is no time"),
                t('写如 "2026-03-02 10:00"，加引号', 'as "2026-03-02 10:00", in quotes'),
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
            t("规则包没有 README.md", "the pack has no README.md"),
            t(
                "写明各色含义、阈值来源、与其他规则包重叠之处",
                "say what each colour means, where the thresholds come from, what overlaps",
            ),
        )
    prefixes = Counter(_prefix(rule.id) for _, rule in rules)
    usual = max(sorted(prefixes), key=lambda prefix: prefixes[prefix])
    for node, rule in rules if len(prefixes) > 1 else ():
        if _prefix(rule.id) != usual:
            yield Lack(
                place(node, ("id",)),
                t(
                    f"编号 {rule.id} 的前缀与本规则包的 {usual} 不同",
                    f"{rule.id} begins otherwise than the pack's other ids, {usual}",
                ),
                t("一个规则包用一个前缀", "one prefix for a pack"),
            )


def _prefix(rule_id: str) -> str:
    return rule_id.split("-")[0]


def said(found: Iterable[Lack]) -> list[dict[str, str]]:
    """As records: place, what, hint."""
    return [{"place": one.place, "what": one.what, "hint": one.hint} for one in found]
