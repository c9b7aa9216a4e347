"""The public page of rules, made from their files: HTML that stands alone, or Markdown.

Deterministic: the same files give the same bytes. Every text of a file is escaped where it is
written: a rule's title is no markup, whatever it says.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from ..i18n.language import (
    say_level,
    say_limit,
    say_reading,
    say_reason,
)
from ..i18n.messages import bilingual, language, mark, one_of, t
from ..i18n.rule_phrases import event_words
from ..i18n.rule_words import (
    Fact,
    say_card,
    say_clock,
    say_condition,
    say_follow_up,
    say_match,
    say_sources,
)
from ..i18n.tally_words import say_tally
from ..rules.rule_parts import Match
from ..rules.rules import Example, Rule
from ..rules.vocabulary import Vocabulary
from ..terms import Level
from .text_safety import safe

#: Lines of a cell.
Cell = Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule with its pack and the SHA-256 (hex) of its text."""

    rule: Rule
    pack: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Table:
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    #: Class of each row, for its colour; empty where there is none.
    classes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Section:
    """A rule's part of the page."""

    anchor: str
    title: str
    facts: Sequence[tuple[str, Cell]]
    cards: _Table
    examples: Sequence[tuple[str, _Table]]


_STATUS: Final = {
    "preview": mark("draft"),
    "trial": mark("on trial"),
    "stable": mark("in use"),
    "retired": mark("retired"),
}
_KINDS: Final = {
    "silent": mark("nothing", ctx="rule page"),
    "near_miss": mark("just not"),
    "firing": mark("given"),
}
_ROWS: Final = {
    "cards": mark("card"),
    "cases": mark("case"),
    "items": mark("item"),
    "orders": mark("order"),
    "alarms": mark("alarm"),
}
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]|~])")
_STYLE: Final = """\
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;color:#1c1c1c;background:#fff;
font:1rem/1.6 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem;border-top:2px solid #444;
padding-top:.8rem}h3{font-size:1rem;margin-bottom:.3rem}
h1,h2,h3,td,dd,li{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(6rem,9rem) 1fr;gap:.3rem 1rem}
dt{font-weight:600}dd{margin:0}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}
th,td{border:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#eee}
td:first-child,th:first-child{white-space:nowrap;overflow-wrap:normal;width:1%}
tr.warning td:first-child{border-left:.5rem solid #2f6fb0}
tr.yellow td:first-child{border-left:.5rem solid #d9a400}
tr.red td:first-child{border-left:.5rem solid #b3261e}
footer{margin-top:3rem;color:#444;font-size:.85rem}
@media (max-width:40rem){dl{display:block}dd{margin:0 0 .6rem}}
@media print{body{max-width:none}h2{break-before:auto}table,dl{break-inside:avoid}a{color:inherit}}
"""


def page(rules: Sequence[ShownRule], vocabulary: Vocabulary, form: str) -> str:
    """The page of rules in the current language; `form` is `html` or `md`."""
    ordered = sorted(rules, key=lambda one: (one.pack, one.rule.id, one.rule.version))
    sections = [_section(one, vocabulary) for one in ordered]
    packs = ", ".join(dict.fromkeys(one.pack for one in ordered))
    title = t("Rules of supervision: {packs}", packs=packs)
    return _html(title, sections) if form == "html" else _markdown(title, sections)


def _section(shown: ShownRule, vocabulary: Vocabulary) -> _Section:
    rule = shown.rule
    return _Section(
        anchor=f"{rule.id}-{rule.version}",
        title=f"{rule.id} {one_of(rule.title.zh, rule.title.en)}",
        facts=list(_facts(shown, vocabulary)),
        cards=_cards(rule),
        examples=[_example(example, vocabulary) for example in rule.examples],
    )


def _facts(shown: ShownRule, vocabulary: Vocabulary) -> Iterator[tuple[str, Cell]]:
    rule = shown.rule
    until = str(rule.in_force.to) if rule.in_force.to else t("further notice")
    if rule.form != "tally" or rule.applies_to != Match():
        yield t("For whom"), [say_match(rule.applies_to)]
    if rule.clock is not None:
        yield t("What is counted"), list(say_clock(rule.clock, vocabulary))
        limits = [
            f"{say_limit(name)}{t(': ')}{say_sources(sources)}"
            for name, sources in rule.limits.items()
        ]
        yield t("Limits"), limits
    if rule.condition is not None:
        yield t("What is measured"), list(say_condition(rule.condition, vocabulary))
    if rule.tally is not None:
        yield t("What is tallied"), list(say_tally(rule.tally, vocabulary))
    yield (
        t("Legal basis"),
        [
            f"{basis.ref}{t(': ')}{bilingual(basis.says)}"
            f"{t(' (')}{say_reading(basis.reading)}{t(')')}"
            for basis in rule.legal_basis
        ],
    )
    yield t("Why"), [bilingual(rule.why)]
    yield t("What follows"), [say_follow_up(rule)]
    yield (
        t("Version"),
        [
            t(
                "{version}, {word}, in force from {from_} until {until}; pack {pack}",
                version=rule.version,
                word=t(_STATUS[rule.status]),
                from_=rule.in_force.from_,
                until=until,
                pack=shown.pack,
            ),
            f"SHA-256 {shown.digest}",
        ],
    )


def _cards(rule: Rule) -> _Table:
    ordered = sorted(rule.cards, key=lambda card: Level.parse(card.level))
    return _Table(
        (t("Level"), t("When"), t("As the file has it")),
        [[[say_level(card.level)], [say_card(rule, card)], [card.at]] for card in ordered],
        [card.level for card in ordered],
    )


def _example(example: Example, vocabulary: Vocabulary) -> tuple[str, _Table]:
    level, kind = say_level(example.level), t(_KINDS[example.kind])
    fields = [f"{name} = {value}" for name, value in example.case.items()]
    rows: list[list[Cell]] = []
    if fields:
        rows.append([[t("Case", ctx="clocks")], fields])
    for event in example.events:
        said = [event_words(vocabulary, [event.event])]
        if event.kind:
            said.append(event_words(vocabulary, [event.kind]))
        said += [
            f"{name} = {value}"
            for name in (
                "stage",
                "amount",
                "due_at",
                "recorded_at",
                "actor",
                "department",
                "reason",
            )
            if (value := getattr(event, name))
        ]
        said += [f"{name} = {value}" for name, value in event.attributes.items()]
        rows.append([[event.at], [t(", ", ctx="card").join(said)]])
    rows += [[[kind], [said]] for kind, said in _rows(example)]
    for expected in example.expect:
        cards = t(", ").join(say_level(word) for word in expected.cards)
        said = [cards or t("no card")]
        if expected.not_judgeable:
            said.append(t("not judgeable: ") + say_reason(expected.not_judgeable))
        if expected.excluded:
            said.append(t("the rule is not for it"))
        as_of = t("as of {as_of}", as_of=expected.as_of)
        rows.append([[as_of], [t(", ", ctx="card").join(said)]])
    title = f"{example.name}{t(' (')}{level}{t(', ', ctx='card')}{kind}{t(')')}"
    return title, _Table((t("When", ctx="rule page"), t("What", ctx="rule page")), rows)


def _rows(example: Example) -> Iterator[tuple[str, str]]:
    """The rows that a tally's example is made over, each with what it is."""
    for kind, heading in _ROWS.items():
        for row in getattr(example, kind):
            given = row.model_dump(mode="json", exclude_defaults=True)
            said = [f"{name} = {_written(value)}" for name, value in given.items()]
            yield t(heading), t(", ", ctx="card").join(said)


def _written(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_written(one) for one in value)
    if isinstance(value, dict):
        return " ".join(str(one) for one in value.values())
    return str(value)


def _html(title: str, sections: Sequence[_Section]) -> str:
    return "\n".join(_html_lines(title, sections)) + "\n"


def _text(text: str) -> str:
    return escape(safe(text))


def _html_lines(title: str, sections: Sequence[_Section]) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield f'<html lang="{"zh-CN" if language() == "zh" else "en"}">'
    yield '<head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )
    yield f"<title>{_text(title)}</title>"
    yield f"<style>\n{_STYLE}</style></head>"
    yield f"<body><h1>{_text(title)}</h1>"
    yield "<nav><ul>"
    for section in sections:
        yield f'<li><a href="#{_text(section.anchor)}">{_text(section.title)}</a></li>'
    yield "</ul></nav><main>"
    for section in sections:
        yield from _html_section(section)
    yield "</main>"
    yield f"<footer>{_text(_foot())}</footer></body></html>"


def _html_section(section: _Section) -> Iterator[str]:
    yield f'<section id="{_text(section.anchor)}"><h2>{_text(section.title)}</h2><dl>'
    for term, said in section.facts:
        yield f"<dt>{_text(term)}</dt><dd>{'<br>'.join(_text(line) for line in said)}</dd>"
    yield "</dl>"
    yield from _html_table(section.cards)
    if section.examples:
        count = len(section.examples)
        yield f"<details><summary>{_text(t('examples ({count})', count=count))}</summary>"
        for title, table in section.examples:
            yield f"<h3>{_text(title)}</h3>"
            yield from _html_table(table)
        yield "</details>"
    yield "</section>"


def _html_table(table: _Table) -> Iterator[str]:
    head = "".join(f"<th>{_text(name)}</th>" for name in table.head)
    yield f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>'
    for number, row in enumerate(table.rows):
        cells = "".join(f"<td>{'<br>'.join(_text(line) for line in cell)}</td>" for cell in row)
        kind = f' class="{table.classes[number]}"' if table.classes else ""
        yield f"<tr{kind}>{cells}</tr>"
    yield "</tbody></table></div>"


def _foot() -> str:
    return t("This page is made from the rule files; the examples are the rules' tests.")


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, also inside a table."""
    return _MARKDOWN.sub(r"\\\1", escape(safe(text), quote=False))


def _markdown(title: str, sections: Sequence[_Section]) -> str:
    return "\n".join(_markdown_lines(title, sections)) + "\n"


def _markdown_lines(title: str, sections: Sequence[_Section]) -> Iterator[str]:
    yield f"# {_plain(title)}"
    for section in sections:
        yield ""
        yield f"## {_plain(section.title)}"
        yield ""
        facts: list[Fact] = [
            (term, "<br>".join(_plain(one) for one in said)) for term, said in section.facts
        ]
        yield "| | |"
        yield "|---|---|"
        for term, text in facts:
            yield f"| **{_plain(term)}** | {text} |"
        yield ""
        yield from _markdown_table(section.cards)
        for name, table in section.examples:
            yield ""
            yield f"### {_plain(name)}"
            yield ""
            yield from _markdown_table(table)
    yield ""
    yield _plain(_foot())


def _markdown_table(table: _Table) -> Iterator[str]:
    yield "| " + " | ".join(_plain(name) for name in table.head) + " |"
    yield "|" + "---|" * len(table.head)
    for row in table.rows:
        yield "| " + " | ".join("<br>".join(_plain(line) for line in cell) for cell in row) + " |"
