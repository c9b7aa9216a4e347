"""The two sides of a back-test: which rules and calendars each judges by, and over which dates."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ...catalogue import catalogue_files
from ...catalogue.authoring import rule_work
from ...engine.encoding import BoundRule
from ...engine.evaluation import CompiledCalendar
from ...faults import CatalogueError, ConfigurationError, brief
from ...i18n.messages import t
from ...rules.rule_parts import InForce
from ...rules.tallies import Tally
from ...time.calendar import Calendar
from ...workspace.context import Catalogue
from .model import Window

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Side:
    """Rules and calendars of one side; calendars are compiled when first needed."""

    def __init__(
        self, name: str, rules: Sequence[BoundRule], calendars: Mapping[str, Calendar]
    ) -> None:
        self.name = name
        #: Clocks and conditions, which judge cases; tallies, which count what these find.
        self.rules = tuple(bound for bound in rules if bound.rule.form != "tally")
        self.tallies = tuple(bound for bound in rules if bound.rule.form == "tally")
        self.calendars = calendars
        self._compiled: dict[str, CompiledCalendar] = {}

    def compiled(self, names: Sequence[str]) -> dict[str, CompiledCalendar]:
        """Compiled calendars of those names that exist."""
        for name in set(names):
            if name in self.calendars and name not in self._compiled:
                self._compiled[name] = CompiledCalendar.of(self.calendars[name])
        return {name: self._compiled[name] for name in set(names) if name in self._compiled}

    @property
    def every(self) -> tuple[BoundRule, ...]:
        """Its clocks, conditions and tallies."""
        return (*self.rules, *self.tallies)

    def version(self, calendar: str) -> str | None:
        """Version of a calendar; None where there is none of that name."""
        found = self.calendars.get(calendar)
        return None if found is None else found.version


@dataclass(frozen=True)
class Plan:
    """A back-test that is to be run."""

    window: Window
    first: date
    last: date
    #: The instant of the would-be first scan: the end of the last date, or now if that is earlier.
    as_of: int
    before: Side
    after: Side
    renamed: Mapping[str, str]
    departments: frozenset[str]
    #: Rules in use beside those of a single file: tallies count their cards, nothing else asks.
    beside: tuple[BoundRule, ...] = ()
    #: Tallies in use that were not asked for: they count cards of the rule that was.
    brought: frozenset[str] = frozenset()
    #: Rules that are not judged, each with the reason.
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def tallied(self) -> bool:
        """Whether there are tallies to be judged."""
        return bool(self.before.tallies or self.after.tallies)

    @property
    def gives_way(self) -> bool:
        """Whether a level hangs on the card of another rule: then neither is judged alone."""
        rules = (*self.before.rules, *self.after.rules)
        return any(card.unless is not None for bound in rules for card in bound.rule.cards)

    def without(self, left_out: Sequence[tuple[str, str]]) -> "Plan":
        """The same without some rules, each with the reason why."""
        ids = {rule_id for rule_id, _ in left_out}

        def less(side: Side) -> Side:
            rules = [bound for bound in side.every if bound.rule.id not in ids]
            return Side(side.name, rules, side.calendars)

        found = replace(
            self,
            before=less(self.before),
            after=less(self.after),
            left_out=(*self.left_out, *left_out),
        )
        return found if found.tallied else replace(found, beside=())

    @cached_property
    def split(self) -> tuple[tuple[BoundRule, ...], tuple[BoundRule, ...], tuple[BoundRule, ...]]:
        """Rules of both sides in the same words, of `before` alone, of `after` alone."""
        digests = {_identity(bound) for bound in self.before.rules}
        both = {_identity(bound) for bound in self.after.rules} & digests
        return (
            tuple(bound for bound in self.after.rules if _identity(bound) in both),
            tuple(bound for bound in self.before.rules if _identity(bound) not in both),
            tuple(bound for bound in self.after.rules if _identity(bound) not in both),
        )

    def same_calendar(self, name: str) -> bool:
        """Whether both sides judge cases of a calendar by the same version of it."""
        return self.before.version(name) == self.after.version(name)

    def meant(self, department: str | None) -> bool:
        """Whether a department is asked for."""
        return not self.departments or department in self.departments


def _identity(bound: BoundRule) -> tuple[str, str, str]:
    return bound.rule.id, bound.pack, bound.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for, in the words of the command line."""

    what: str
    first: str
    last: str
    against: Sequence[str] = ()
    renamed: Sequence[str] = ()
    calendars: Path | None = None
    departments: Sequence[str] = ()
    always_in_force: bool = False


def plan(catalogue: Catalogue, zone: str, now: int, asked: Asked) -> Plan:
    """Read rules and calendars of both sides. Faults say what cannot be compared.

    A single file stands against the rules of its own id: whatever else is in use gives the same
    cards on both sides, but for the tallies that count cards of that rule. A pack or a folder
    stands against all that is in use, or all of `against`.
    """
    first, last, window = _window(asked, zone)
    after = rules_of(catalogue, asked.what)
    if asked.always_in_force:
        after = _always(after)
    renamed = _renamed(asked.renamed)
    if asked.against:
        before = list(chain.from_iterable(rules_of(catalogue, each) for each in asked.against))
        name = ", ".join(asked.against)
    else:
        before, name = list(catalogue.rules), t("the rules in use")
    if _is_file(asked.what):
        ids = {bound.rule.id for bound in after}
        before = [b for b in before if renamed.get(b.rule.id, b.rule.id) in ids]
    _check(before, after, renamed)
    beside: list[BoundRule] = []
    counting: list[BoundRule] = []
    if _is_file(asked.what):
        beside, counting = _beside(catalogue, [*before, *after])
        before, after = [*before, *counting], [*after, *counting]
    calendars = catalogue.calendars
    given = calendars if asked.calendars is None else read_calendars(asked.calendars, calendars)
    if window.since >= now:
        raise ConfigurationError(
            t("{first} is yet to come", first=first),
            t("a back-test is for dates that are past"),
        )
    found = Plan(
        window=window,
        first=first,
        last=last,
        as_of=min(window.until, now),
        before=Side(name, before, calendars),
        after=Side(asked.what, after, given),
        renamed=renamed,
        departments=frozenset(asked.departments),
        beside=tuple(beside),
        brought=frozenset(bound.rule.id for bound in counting),
    )
    resting = {b.rule.id for b in (*before, *after) if _rests_on_matters(b.rule.tally)}
    why = t("it counts orders, alarms or answers, and no would-be card ever had any")
    return found.without([(rule_id, why) for rule_id in sorted(resting)])


def _rests_on_matters(tally: Tally | None) -> bool:
    """Whether a tally counts what people do after a card was given."""
    if tally is None:
        return False
    return tally.of in ("orders", "alarms") or tally.unanswered_for is not None


def _beside(
    catalogue: Catalogue, given: Sequence[BoundRule]
) -> tuple[list[BoundRule], list[BoundRule]]:
    """The clocks and conditions in use besides those given, and the tallies that count the given.

    A tally that counts what could not be judged depends on every rule.
    """
    ids = {bound.rule.id for bound in given}
    used = any(entry.rule.status not in ("preview", "trial") for entry in catalogue.loaded)
    others = [bound for bound in catalogue.rules if bound.rule.id not in ids] if used else []
    found = {bound.rule.id for bound in given if bound.rule.form != "tally"}
    counting = [bound for bound in others if found and _counts(bound.rule.tally, found)]
    return [bound for bound in others if bound.rule.form != "tally"], counting


def _counts(tally: Tally | None, rules: set[str]) -> bool:
    """Whether a tally may say something else where these rules do."""
    if tally is None:
        return False
    if tally.of == "cards":
        return tally.rules is None or not rules.isdisjoint(tally.rules)
    counted = tally.with_
    if counted is None:
        return False
    if counted.levels is not None or counted.rules is not None:
        return counted.rules is None or not rules.isdisjoint(counted.rules)
    return bool(counted.incomplete)


def rules_of(catalogue: Catalogue, what: str) -> list[BoundRule]:
    """Rules of a pack by its name, of a file or of a folder of files, drafts and trials too."""
    if what in catalogue_files.pack_names(catalogue.folder):
        loaded = catalogue_files.read_rules(catalogue.folder, (what,))
        return [BoundRule(entry.rule, entry.pack, entry.digest) for entry in loaded]
    try:
        path = Path(what)
        there = path.exists()
    except (OSError, ValueError):  # a name that no file system takes
        there = False
    if not there:
        packs = ", ".join(catalogue_files.pack_names(catalogue.folder))
        raise ConfigurationError(
            t("there is no pack or file {what}", what=brief(what)),
            t("the packs are {packs}", packs=packs),
        )
    found = [file.bound for file in rule_work.load(catalogue, path)]
    if not found:
        raise ConfigurationError(
            t("{what} holds no rule", what=what),
            t("name a rule file or a folder of them"),
        )
    return found


def read_calendars(folder: Path, known: Mapping[str, Calendar]) -> dict[str, Calendar]:
    """The calendars in use, with those of a folder's files in the place of their namesakes."""
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise ConfigurationError(
            t("{folder} holds no calendar file", folder=folder),
            t("name a folder with calendar files *.yaml"),
        )
    own = [catalogue_files.load_calendar_file(file, known) for file in files]
    found = {calendar.id: calendar for calendar in own}
    if len(found) != len(own):
        raise CatalogueError(
            t("{folder} holds two calendars of one id", folder=folder),
            t("remove one of them", ctx="backtest sides"),
        )
    return {**known, **found}


def _is_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except (OSError, ValueError):
        return False


def _always(rules: Sequence[BoundRule]) -> list[BoundRule]:
    """The newest version of each rule, as if it had always been in force."""
    newest: dict[str, BoundRule] = {}
    for bound in rules:
        known = newest.get(bound.rule.id)
        if known is None or bound.rule.version > known.rule.version:
            newest[bound.rule.id] = bound
    span = InForce.model_validate({"from": date.min})
    found = []
    for bound in newest.values():
        rule = bound.rule.model_copy(update={"in_force": span})
        found.append(BoundRule(rule, bound.pack, catalogue_files.rule_digest(rule)))
    return found


def _renamed(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        old, new = old.strip().upper(), new.strip().upper()
        if not equals or not old or not new or old in found:
            raise ConfigurationError(
                t("--map {pair} cannot be read", pair=brief(pair)),
                "--map OLD-ID=NEW-ID",
            )
        found[old] = new
    return found


def _check(
    before: Sequence[BoundRule], after: Sequence[BoundRule], renamed: Mapping[str, str]
) -> None:
    """Refuse what would compare a card with two others, or a rule that is not there."""
    ids = {bound.rule.id for bound in before}
    new = {bound.rule.id for bound in after}
    for old, name in renamed.items():
        missing = old if old not in ids else name if name not in new else None
        if missing is not None:
            raise ConfigurationError(
                t(
                    "--map {old}={name}: there is no rule {missing}",
                    old=old,
                    name=name,
                    missing=missing,
                ),
                t("OLD is in use, NEW is among those given"),
            )
    names = [renamed.get(one, one) for one in ids]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(
            t("{twice} would stand against two rules", twice=twice[0]),
            t("mend --map"),
        )
    for side in (before, after):
        _check_versions(side)


def _check_versions(rules: Sequence[BoundRule]) -> None:
    for number, one in enumerate(rules):
        for other in rules[:number]:
            if one.rule.id == other.rule.id and _overlap(one, other):
                raise ConfigurationError(
                    t(
                        "{id} has two texts in force together ({pack}, {pack_2})",
                        id=one.rule.id,
                        pack=other.pack,
                        pack_2=one.pack,
                    ),
                    t("compare with one of them"),
                )


def _overlap(one: BoundRule, other: BoundRule) -> bool:
    spans = [
        (bound.rule.in_force.from_, bound.rule.in_force.to or date.max) for bound in (one, other)
    ]
    return max(span[0] for span in spans) <= min(span[1] for span in spans)


def _window(asked: Asked, zone: str) -> tuple[date, date, Window]:
    first, last = _date(asked.first, "--from"), _date(asked.last, "--to")
    if last < first:
        raise ConfigurationError(
            t("--to {last} is before --from {first}", last=last, first=first),
            t("both dates are included"),
        )
    return first, last, window_of(first, last, zone)


def window_of(first: date, last: date, zone: str) -> Window:
    """The window of some dates, both included."""
    return Window(_midnight(first, zone), _midnight(last + timedelta(days=1), zone), zone)


def _midnight(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def _date(text: str, option: str) -> date:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 1900 < found.year < 2100:
        raise ConfigurationError(
            t("{option} {text_} is no date", option=option, text_=brief(text)),
            f"{option} 2026-03-31",
        )
    return found
