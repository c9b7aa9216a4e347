"""Filling a template of a rule in: its marks, its comments, its instants by the engine."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from textwrap import indent
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from ...engine.encoding import BoundRule
from ...engine.evaluation import evaluate
from ...engine.questions import Counting, due
from ...engine.timeline import CaseRecord, Event
from ...faults import CatalogueError, ConfigurationError, EffmonError, NotCovered
from ...i18n.messages import bilingual, t
from ...i18n.model_words import nearest
from ...rules.rule_parts import Text
from ...rules.rules import Rule
from ...time.amount import Amount
from ...time.calendar import Calendar
from ...time.instants import last_second, local_date, wall_text
from ...workspace.context import Catalogue
from .. import catalogue_files
from ..strict_yaml import load, plain, validate
from .rule_work import RuleFile, run_examples

_MARK: Final = re.compile(r"<<([^<>]*)>>")
_COMMENT: Final = re.compile(r"^(\s*)# (.*)$")
_LEVELS: Final = ("warning", "yellow", "red")
#: What a reason is filled with, as long as it has to be.
_REASON: Final = "材料已经现场核实并与申请人当面确认"


class Template(BaseModel):
    """`templates/NAME.yaml`: the text of a rule and of its examples, with marks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Text
    #: What may be set, with the value that is taken otherwise.
    settings: dict[str, str] = Field(default_factory=dict)
    #: The case of the examples and the event with which it begins.
    case: str
    begin: str
    rule: str
    examples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants of a new rule; texts are `中文 / English`, or in one language."""

    id: str
    pack: str
    template: str
    title: str | None = None
    #: `article: what it says`, any number.
    basis: Sequence[str] = ()
    why: str | None = None
    #: First day on which the rule binds; None: the first of the newest year that is published.
    in_force: date | None = None
    name: str | None = None
    calendar: str = "cn"
    settings: Mapping[str, str] = field(default_factory=dict)


class Filling:
    """Fills a template in."""

    def __init__(self, catalogue: Catalogue, wanted: Wanted, template: Template) -> None:
        self.catalogue = catalogue
        self.wanted = wanted
        self.template = template
        self.compiled = catalogue.compiled(wanted.calendar)
        self.zone = self.compiled.calendar.zone
        self.settings = _settings(template, wanted.settings)
        self.known_to = _known_to(self.compiled.calendar)
        self.in_force = wanted.in_force or date(self.known_to.year, 1, 1)
        self.begun = self._begun()
        #: The last instant before each level, once they are known.
        self.levels: dict[str, int] = {}

    def write(self) -> tuple[str, Rule]:
        """The text and the rule, which passes its examples."""
        head = self._head() + self._filled(self.template.rule)
        self.levels = self._instants(self._rule(head))
        text = f"{head}examples:\n{indent(self._filled(self.template.examples), '  ')}"
        rule = self._rule(text)
        file = RuleFile(BoundRule(rule, self.wanted.pack, ""), self.wanted.id)
        failed = [one for one in run_examples(self.catalogue, [file]) if not one.passed]
        if failed:
            one = failed[0]
            raise ConfigurationError(
                t(
                    "with these values {example!r} wants {wanted} and gives {found}",
                    example=one.example,
                    wanted=one.wanted,
                    found=one.found,
                ),
                t("warning, yellow and red have to fall due in this order: mend --set"),
            )
        return text, rule

    def _head(self) -> str:
        wanted, template = self.wanted, self.template
        title = wanted.title or f"{template.title.zh} / {template.title.en}"
        zh, slash, en = title.partition(" / ")
        basis = wanted.basis or [t("(name the article): ") + "（请填写条文） / (and what it says)"]
        lines = [
            "# yaml-language-server: $schema=../../schema.json",
            f"id: {wanted.id}",
            "version: 1",
            f"name: {wanted.name or template.name}",
            "title:",
            f"  zh: {_quoted(zh)}",
            f"  en: {_quoted(en if slash else zh)}",
            t("# preview: being written; trial: reports and gives no card; stable: gives cards."),
            "status: trial",
            f"in_force: {{from: {self.in_force}}}",
            "legal_basis:",
        ]
        for text in basis:
            ref, _, says = re.sub("：", ": ", text, count=1).partition(": ")
            lines += [
                f"  - ref: {_quoted(ref.strip())}",
                t("    # text: the article says so in its own words; ours: a reading of it."),
                "    reading: ours",
                f"    says: {_quoted(says.strip() or ref)}",
            ]
        why = wanted.why or t("(say why the rule is as it is)")
        lines.append(f"why: {_quoted(why)}")
        return "\n".join(lines) + "\n"

    def _rule(self, text: str) -> Rule:
        try:
            rule = validate(load(text, self.wanted.id), Rule)
        except CatalogueError as fault:
            raise ConfigurationError(
                t("these make no rule: {message}", message=fault.message),
                t("mend what is given: --set, --name"),
            ) from None
        catalogue_files.check_words(load(text, self.wanted.id), rule, self.catalogue.vocabulary)
        return rule

    def _instants(self, rule: Rule) -> dict[str, int]:
        """When each level falls due on a case that begins and never ends."""
        if rule.form != "clock":
            return {}
        begin = plain(load(self._filled(self.template.begin), "begin"))
        event = Event(
            key="event-001",
            type=begin["event"],
            occurred_at=self.begun,
            stage=begin.get("stage"),
            amount=begin.get("amount"),
        )
        case = plain(load(self._filled(self.template.case), "case"))
        record = CaseRecord(
            case_no="1", calendar=self.wanted.calendar, fields=case, events=(event,)
        )
        until = last_second(self.begun, self.zone) + 86_400 * 370
        found = evaluate(
            [record],
            [BoundRule(rule, self.wanted.pack, "")],
            self.catalogue.vocabulary,
            {self.wanted.calendar: self.compiled},
            until,
        )[0]
        instants = {}
        for level in found.episodes[0].levels if found.episodes else ():
            if level.instant is None or self._date(level.instant) > self.known_to:
                raise _beyond(self.wanted.calendar, self.known_to)
            instants[level.level.word] = level.instant
        return instants

    def _date(self, instant: int) -> date:
        return date.fromisoformat(local_date(instant, self.zone))

    def _begun(self) -> int:
        """Ten o'clock of the first working day on which the rule binds."""
        day = self.in_force
        calendar = self.compiled.calendar
        try:
            while not calendar.day(day).kind.working:
                day += timedelta(days=1)
        except NotCovered:
            raise _beyond(self.wanted.calendar, self.known_to) from None
        return int(
            datetime(day.year, day.month, day.day, 10, tzinfo=ZoneInfo(self.zone)).timestamp()
        )

    def _filled(self, text: str) -> str:
        """The text with its marks filled in and its comments in the current language."""
        lines = []
        for line in text.splitlines():
            comment = _COMMENT.match(line)
            if comment:
                line = f"{comment[1]}# {bilingual(comment[2])}"
            lines.append(_MARK.sub(lambda found: self._value(found[1].strip()), line))
        return "\n".join(lines) + ("\n" if text.endswith("\n") else "")

    def _value(self, mark: str) -> str:
        """What stands for a mark."""
        kind, _, rest = mark.partition(" ")
        if kind == "say":
            return _quoted(bilingual(rest))
        if kind == "first":
            return self.settings[rest].split(",")[0].strip()
        if kind == "unit":
            return str(Amount.parse(self.settings[rest]).unit)
        if kind == "text":
            long = int(self._number(rest))
            return _quoted((_REASON * (long // len(_REASON) + 1))[:long])
        if mark == "begin":
            return self._filled(self.template.begin)
        if mark == "case":
            return self._filled(self.template.case)
        if mark.partition(" ")[0] in (*_LEVELS, "begun", "soon", "far"):
            return _quoted(wall_text(self._instant(mark), self.zone))
        return self.settings[mark] if mark in self.settings else self._number(mark)

    def _instant(self, mark: str) -> int:
        """`begun`, `yellow + 1`, `begun + within + 1`: seconds, or amounts of the calendar."""
        name, *more = (word.strip() for word in mark.split("+"))
        if name == "far":
            last = max(self.levels.values(), default=self.begun)
            return last_second(last, self.zone) + 86_400 * 100
        if name == "soon":
            return self.begun + 3_600
        instant = self.begun if name == "begun" else self.levels[name]
        for word in more:
            if word.isdigit():
                instant += int(word)
                continue
            amount = Amount.parse(self.settings.get(word, word))
            found = due(
                self.compiled.table, instant, amount, counting=Counting(by_time=True), pauses=[]
            )
            if found is None:
                raise _beyond(self.wanted.calendar, self.known_to)
            instant = found
        return instant

    def _number(self, text: str) -> str:
        """`number - 1`, `3 * least`, `least`: a whole number of settings and numbers."""
        words = re.fullmatch(r"(\w+)(?:\s*([-+*])\s*(\w+))?", text)
        if words is None:
            raise CatalogueError(f"template {self.template.name}: what is <<{text}>>?", "")
        left = self._whole(words[1])
        if words[2] is None:
            return str(left)
        right = self._whole(words[3])
        return str({"-": left - right, "+": left + right, "*": left * right}[words[2]])

    def _whole(self, word: str) -> int:
        return int(self.settings.get(word, word))


def _settings(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if name not in template.settings:
            raise ConfigurationError(
                t("{name} has no {name_2!r}", name=template.name, name_2=name)
                + nearest(name, list(template.settings)),
                t("see effmon rules new --list"),
            )
        if not value.strip() or re.search(r"[<>\n\r#\"'{}\[\]&*!|]", value):
            raise ConfigurationError(
                t("{name}={value!r} cannot stand in a rule", name=name, value=value),
                t("a word, a number, an amount", name=name, settings=template.settings[name]),
            )
        default = template.settings[name]
        if default.isdigit() and not (value.isascii() and value.isdigit()):
            raise ConfigurationError(
                t("{name}={value!r} should be a whole number", name=name, value=value),
                f"--set {name}={default}",
            )
        if re.fullmatch(r"[0-9.]+ [a-z_]+", default):
            try:
                Amount.parse(value)
            except ValueError as fault:
                raise ConfigurationError(
                    f"--set {name}: {fault}", f"--set {name}={default!r}"
                ) from None
    return {**template.settings, **given}


def _known_to(calendar: Calendar) -> date:
    """The last day of the calendar that is not provisional."""
    day = calendar.last
    while calendar.day(day).provisional:
        day = date(day.year - 1, 12, 31)
    return day


def _beyond(calendar: str, known_to: date) -> EffmonError:
    return ConfigurationError(
        t(
            "the calendar {calendar} ends on {known_to}, before the examples fall due",
            calendar=calendar,
            known_to=known_to,
        ),
        t("write it with an earlier --in-force and change the date later"),
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
