"""What decides is bound when an episode starts: which values judge it, and what only waits.

Limits, due instants, the item, the calendar and every field that a rule reads are those that were
known when the start of the episode was received first, or, field by field, the first that were
received after it. What is told otherwise later counts for later episodes. For one that has begun it
is a correction: it counts at once if it only shortens, to due instants after it was received;
every other one waits, and what was bound judges. Where nobody has ever supervised a correction
counts at once, and makes nothing late by an instant before it was received (docs/time.md).
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..rules.rule_parts import Match
from ..terms import Outcome
from ..time.instants import earliest
from .encoding import DUE_FIELDS, LIMIT_FIELDS, BoundRule
from .findings import (
    CaseFindings,
    Correction,
    Episode,
    Ground,
    LevelFound,
    LimitFound,
    Offence,
    Trouble,
)
from .timeline import CaseRecord, Event

#: The field under which the calendar of a case is spoken of.
CALENDAR = "calendar"
#: A limit and the instant at which it ends are one value, given in two ways.
_TOGETHER: Mapping[str, tuple[str, ...]] = {
    name: (limit, due)
    for limit in LIMIT_FIELDS
    for due in DUE_FIELDS
    if limit.removesuffix("_limit") == due.removesuffix("_due")
    for name in (limit, due)
}
#: Fields of the case that measures read without naming them in the rule.
_READ_BY: Mapping[str, tuple[str, ...]] = {
    "skipped_stage": ("stage_list",),
    "reordered_stage": ("stage_list",),
    "unlisted_stage": ("stage_list",),
    "fee_deviation": ("fee_list",),
    "same_person": ("handler",),
}
Judge = Callable[[Sequence[CaseRecord]], list[CaseFindings]]
#: Asks for views of a case to be judged, and gives in the end what is found of the case.
_Settling = Generator[Sequence[CaseRecord], list[CaseFindings], CaseFindings]


def deciding_fields(rules: Sequence[BoundRule]) -> tuple[str, ...]:
    """The fields of a case that can decide what these rules say of it, sorted."""
    names = {*LIMIT_FIELDS, *DUE_FIELDS}
    for bound in rules:
        names |= _matched(bound.rule.applies_to)
        condition = bound.rule.condition
        if condition is not None:
            names |= {*(condition.case_fields or ()), *_READ_BY.get(condition.measure, ())}
    return tuple(sorted(names - {CALENDAR}))


def _matched(match: Match) -> set[str]:
    """Fields that a match block reads."""
    words = ("item_kind", "item_code", "region", "department", "channel")
    names = {name for name in words if getattr(match, name) is not None}
    names |= set(match.attributes or {})
    return names if match.not_ is None else names | _matched(match.not_)


def told_otherwise(records: Sequence[CaseRecord], rules: Sequence[BoundRule]) -> list[int]:
    """Places of the cases of which a field that decides was told otherwise at some time."""
    found = [place for place, record in enumerate(records) if len(record.versions) > 1]
    if not found:
        return []
    names = deciding_fields(rules)
    return [
        place
        for place in found
        if len({_words(v.calendar, v.fields, names) for v in records[place].versions}) > 1
    ]


def _words(
    calendar: str, fields: Mapping[str, str], names: Sequence[str]
) -> tuple[str | None, ...]:
    return calendar, *(fields.get(name) for name in names)


def settle(
    records: Sequence[CaseRecord], rules: Sequence[BoundRule], judge: Judge, as_of: int
) -> list[CaseFindings]:
    """What is found of cases that were told otherwise; `judge` judges cases by what they say.

    The views of all cases are judged together, round by round.
    """
    asked_for = _Asked.by(rules)
    running: dict[int, _Settling] = {}
    wanted: dict[int, Sequence[CaseRecord]] = {}
    answers: dict[int, CaseFindings] = {}
    for place, record in enumerate(records):
        running[place] = _Case(record, rules, asked_for, as_of).settling()
        wanted[place] = next(running[place])
    while wanted:
        found = iter(judge([view for views in wanted.values() for view in views]))
        asked, wanted = wanted, {}
        for place, views in asked.items():
            try:
                wanted[place] = running[place].send([next(found) for _ in views])
            except StopIteration as end:
                answers[place] = end.value
    return [answers[place] for place in range(len(records))]


def bound_version(record: CaseRecord, event: Event) -> int:
    """Number of the version that was known when the event was received first; 0 if none was."""
    told = record.first_told.get(event.key, event.received_at)
    known = [n for n, version in enumerate(record.versions) if version.received_at <= told]
    return known[-1] if known else 0


def bound_view(record: CaseRecord, number: int) -> CaseRecord:
    """The case with the values known by a version, and the first ones that came after it."""
    version = record.versions[number]
    fields = dict(version.fields)
    for later in record.versions[number + 1 :]:
        fields |= {
            name: value
            for name, value in later.fields.items()
            if not any(one in fields for one in _TOGETHER.get(name, (name,)))
        }
    return _with(record, version.calendar, fields)


def _with(record: CaseRecord, calendar: str, fields: Mapping[str, str]) -> CaseRecord:
    return replace(record, calendar=calendar, fields=fields, versions=(), first_told={})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What rules ask for: fields of the case, types of events that start a clock or can offend."""

    names: tuple[str, ...]
    starting: frozenset[str]
    about: frozenset[str]

    @classmethod
    def by(cls, rules: Sequence[BoundRule]) -> "_Asked":
        starting: set[str] = set()
        about: set[str] = set()
        for bound in rules:
            clock, condition = bound.rule.clock, bound.rule.condition
            if clock is not None:
                starting |= {*clock.start, *(clock.deemed.from_ if clock.deemed else ())}
            if condition is not None:
                about |= {*condition.of}
        return cls(deciding_fields(rules), frozenset(starting), frozenset(about))


#: Stands for what rests on no event, and for what is measured from the case's first start.
_CASE = ""


@dataclass(slots=True)
class _Chain:
    """What the same values bind, and what became of the corrections to them."""

    #: Keys of the events that its episodes and offences begin with.
    anchors: frozenset[str]
    #: The version that bound them.
    number: int
    view: CaseRecord
    #: What the view says, and what counts of it: the same but for levels that a correction moved.
    raw: CaseFindings
    counts: CaseFindings
    corrections: dict[str, Correction] = field(default_factory=dict)


class _Case:
    """One case of which something was told otherwise."""

    def __init__(
        self, record: CaseRecord, rules: Sequence[BoundRule], asked: "_Asked", as_of: int
    ) -> None:
        self.record = record
        self.rules = rules
        self.asked = asked
        self.names = asked.names
        self.as_of = as_of
        known = [event for event in record.events if event.occurred_at <= as_of]
        known.sort(key=lambda event: event.occurred_at)
        starts = [event for event in known if self._starts(event)]
        #: What binds by which version. What rests on no event binds with the case's first start;
        #: where nothing has started the newest values are meant.
        newest = len(record.versions) - 1
        self.bound = {_CASE: bound_version(record, starts[0]) if starts else newest}
        for event in known:
            if self._starts(event) or self._asked_about(event):
                self.bound[event.key] = bound_version(record, event)

    def _starts(self, event: Event) -> bool:
        return event.type in self.asked.starting

    def _asked_about(self, event: Event) -> bool:
        return event.type in self.asked.about

    def settling(self) -> _Settling:
        """Judge what is bound, then each correction in the order of receipt."""
        numbers = sorted(set(self.bound.values()))
        views = [bound_view(self.record, number) for number in numbers]
        found = yield views
        chains = []
        for number, view, raw in zip(numbers, views, found, strict=True):
            anchors = frozenset(key for key, own in self.bound.items() if own == number)
            chains.append(_Chain(anchors, number, view, raw, self._kept(raw, anchors)))
        for j in range(1, len(self.record.versions)):
            for name in self._changed(j):
                late = [chain for chain in chains if chain.number < j]
                tried = [self._corrected(chain.view, name, j) for chain in late]
                if not tried:
                    continue
                found = yield tried
                for chain, view, raw in zip(late, tried, found, strict=True):
                    chains.remove(chain)
                    chains += self._correct(chain, name, view, raw, j)
        return self._together(chains)

    def _changed(self, j: int) -> list[str]:
        """What a version says otherwise than the one before: a limit by its first name."""
        before, after = bound_view(self.record, j - 1), bound_view(self.record, j)
        changed = {
            _TOGETHER.get(name, (name,))[0]
            for name in self.names
            if before.fields.get(name) != after.fields.get(name)
        }
        if before.calendar != after.calendar:
            changed.add(CALENDAR)
        return sorted(changed)

    def _corrected(self, view: CaseRecord, name: str, j: int) -> CaseRecord:
        newest = bound_view(self.record, j)
        if name == CALENDAR:
            return replace(view, calendar=newest.calendar)
        fields = {k: v for k, v in view.fields.items() if k not in _TOGETHER.get(name, (name,))}
        told = {k: newest.fields[k] for k in _TOGETHER.get(name, (name,)) if k in newest.fields}
        return replace(view, fields=fields | told)

    def _correct(
        self, chain: _Chain, name: str, view: CaseRecord, raw: CaseFindings, j: int
    ) -> Iterator[_Chain]:
        """What a correction makes of a chain: it counts for some of what it binds, or for none."""
        version = self.record.versions[j]
        received = version.received_at
        supervised = self.record.supervised_from
        free = supervised is None or received < supervised
        if version.accepted_at is not None:
            # Persons agreed: it counts from then on, as if it had come when they did.
            received, free = version.accepted_at, True
        waiting, counting, alike = set(), set(), set()
        for anchor in chain.anchors:
            was, told = (self._kept(one, {anchor}) for one in (chain.raw, raw))
            if _said(was, anchor) == _said(told, anchor):
                alike.add(anchor)
            elif free or _only_shortens(was, told, received):
                counting.add(anchor)
            else:
                waiting.add(anchor)
        former = chain.corrections.get(name)
        bound = _value(chain.view, name) if former is None or former.waits else former.bound

        before = former.rows if former is not None and former.waits else ()

        def noted(waits: bool) -> dict[str, Correction]:
            told = Correction(
                name=name,
                bound=bound,
                later=_value(view, name),
                received_at=received,
                waits=waits,
                rows=(*before, *version.rows) if waits else (),
            )
            return {**chain.corrections, name: told}

        if waiting:
            yield replace(
                chain,
                anchors=frozenset(waiting),
                counts=self._kept(chain.counts, waiting),
                corrections=noted(True),
            )
        rest = frozenset(counting | alike)
        if rest:
            told = self._kept(raw, rest)
            yield _Chain(
                anchors=rest,
                number=chain.number,
                view=view,
                raw=raw,
                counts=_moved(
                    self._kept(chain.counts, rest),
                    told,
                    received,
                    self.as_of,
                    agreed=version.accepted_at is not None,
                )
                if counting
                else self._kept(chain.counts, rest),
                corrections=noted(False) if counting else chain.corrections,
            )

    def _kept(self, found: CaseFindings, anchors: Collection[str]) -> CaseFindings:
        """Of findings what begins with some events, with the troubles that go with it."""
        episodes = tuple(e for e in found.episodes if self._anchor(e) in anchors)
        offences = tuple(o for o in found.offences if self._anchor(o) in anchors)
        grounds: tuple[Ground, ...] = (*episodes, *offences)
        kept = {(ground.bound.rule.id, reason) for ground in grounds for reason in ground.reasons}
        told = {(g.bound.rule.id, reason) for g in found.grounds for reason in g.reasons}

        def stays(trouble: Trouble) -> bool:
            if (trouble.rule, trouble.reason) in told:
                return (trouble.rule, trouble.reason) in kept
            return _CASE in anchors or not trouble.rule

        return replace(
            found,
            episodes=episodes,
            offences=offences,
            troubles=tuple(trouble for trouble in found.troubles if stays(trouble)),
        )

    def _anchor(self, ground: Ground) -> str:
        if isinstance(ground, Episode):
            return ground.start.key
        condition = ground.bound.rule.condition
        if condition is not None and condition.limit is not None:
            return _CASE  # measured by the end of a limit that ran from the case's start
        return ground.event.key

    def _together(self, chains: Sequence[_Chain]) -> CaseFindings:
        """One answer of what each chain says of its own."""
        order = {(b.rule.id, b.pack, b.digest): n for n, b in enumerate(self.rules)}

        def place(ground: Ground) -> tuple[int, int, str]:
            bound = ground.bound
            at = ground.start.occurred_at
            return order[bound.rule.id, bound.pack, bound.digest], at, ground.key

        found = [(chain, chain.counts) for chain in chains]
        episodes = [replace(e, view=chain.view) for chain, one in found for e in one.episodes]
        offences = [replace(o, view=chain.view) for chain, one in found for o in one.offences]
        troubles = dict.fromkeys(trouble for _, one in found for trouble in one.troubles)
        base = next(one for chain, one in found if _CASE in chain.anchors)
        if troubles:
            outcome = Outcome.NOT_JUDGEABLE
        elif episodes or offences or base.outcome is not Outcome.EXCLUDED:
            outcome = Outcome.JUDGED
        else:
            outcome = Outcome.EXCLUDED
        instants = [one.next_at for _, one in found if one.next_at is not None]
        return CaseFindings(
            case_no=self.record.case_no,
            outcome=outcome,
            episodes=tuple(sorted(episodes, key=place)),
            offences=tuple(sorted(offences, key=place)),
            troubles=tuple(troubles),
            next_at=min(instants, default=None),
            corrections=tuple(self._corrections(chains)),
        )

    def _corrections(self, chains: Sequence[_Chain]) -> Iterator[Correction]:
        """Each field once: as of the newest value, waiting where it does for anything."""
        told: dict[str, Correction] = {}
        for chain in chains:
            for name, one in chain.corrections.items():
                newest = _value(self.record, name)
                if newest == (_value(chain.view, name) if one.waits else one.bound):
                    continue  # told again as it was bound
                if name not in told or (one.waits and not told[name].waits):
                    told[name] = one
        yield from (told[name] for name in sorted(told))


def _said(found: CaseFindings, anchor: str) -> tuple[object, ...]:
    """What is compared of findings; whether a rule is meant at all is said of the case alone."""
    outcome = found.outcome is Outcome.EXCLUDED if anchor == _CASE else None
    return found.grounds, found.troubles, outcome


def _value(view: CaseRecord, name: str) -> str | None:
    if name == CALENDAR:
        return view.calendar
    told = [view.fields[one] for one in _TOGETHER.get(name, (name,)) if one in view.fields]
    return " / ".join(told) or None


def _key(ground: Ground) -> tuple[str, str, str]:
    return ground.bound.rule.id, ground.bound.digest, ground.key


def _only_shortens(was: CaseFindings, told: CaseFindings, received: int) -> bool:
    """Whether a correction leaves everything as it is, but for limits that end earlier, and after
    it was received."""
    if was.offences != told.offences or was.troubles != told.troubles:
        return False
    if (was.outcome is Outcome.EXCLUDED) != (told.outcome is Outcome.EXCLUDED):
        return False
    before = {_key(episode): episode for episode in was.episodes}
    if before.keys() != {_key(episode) for episode in told.episodes}:
        return False
    return all(_shortened(before[_key(each)], each, received) for each in told.episodes)


def _shortened(was: Episode, told: Episode, received: int) -> bool:
    if [limit.name for limit in was.limits] != [limit.name for limit in told.limits]:
        return False
    return all(
        _earlier(old, new, received) for old, new in zip(was.limits, told.limits, strict=True)
    )


def _earlier(old: LimitFound, new: LimitFound, received: int) -> bool:
    if (old.due_at, old.beyond) == (new.due_at, new.beyond):
        return True
    if new.due_at is None or new.due_at <= received:
        return False
    return old.beyond or (old.due_at is not None and new.due_at < old.due_at)


def _moved(
    counts: CaseFindings, told: CaseFindings, received: int, as_of: int, *, agreed: bool
) -> CaseFindings:
    """What counts once a correction does: nothing is late by an instant before it was received.

    `agreed`: persons accepted it, at `received`; what still runs then and would have been late is
    late from then on.
    """
    before = {_key(ground): ground for ground in counts.grounds}

    def episode(each: Episode) -> Episode:
        former = before.get(_key(each))
        end = as_of if each.stop is None else min(as_of, each.stop.occurred_at)
        dues = {limit.name: limit.due_at for limit in each.limits}
        levels = tuple(
            _level(_of(former, level), level, dues.get(level.limit), received, end, agreed=agreed)
            for level in each.levels
        )
        coming = [
            level.instant
            for level in levels
            if each.stop is None and level.instant is not None and level.instant >= as_of
        ]
        return replace(each, levels=levels, next_at=min(coming, default=None))

    def offence(each: Offence) -> Offence:
        former = before.get(_key(each))
        levels = tuple(
            _level(_of(former, one), one, None, received, as_of, agreed=agreed)
            for one in each.levels
        )
        return replace(each, levels=levels)

    episodes = tuple(episode(each) for each in told.episodes)
    return replace(
        told,
        episodes=episodes,
        offences=tuple(offence(each) for each in told.offences),
        next_at=earliest(told.next_at, *(each.next_at for each in episodes)),
    )


def _of(ground: Ground | None, level: LevelFound) -> LevelFound | None:
    if ground is None:
        return None
    return next((each for each in ground.levels if each.level is level.level), None)


def _level(
    former: LevelFound | None,
    told: LevelFound,
    due: int | None,
    received: int,
    end: int,
    *,
    agreed: bool,
) -> LevelFound:
    """A level under a correction. `due` is the end of its limit, `end` that of its episode.

    Falling due later reaches no level that is withheld: a warning of a clock that has stopped, one
    that rests on a provisional date, one of a stale feed.
    """
    instant = told.instant
    if instant is None or instant >= received:
        return told
    if former is not None and former.instant is not None and former.instant <= instant:
        return told  # it had fallen due before, and does so later now
    if (
        due is not None
        and (agreed or due > received)
        and (former is None or former.instant is None or received < former.instant)
    ):
        return replace(told, instant=received, reached=told.reached and end > received)
    if former is not None:
        return former
    return replace(told, instant=None, reached=False)
