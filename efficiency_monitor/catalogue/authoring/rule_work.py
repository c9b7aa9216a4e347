"""Working on rules: loading one file or the catalogue, running the examples of each rule."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...cards.model import decide as core_cards
from ...documents import rule_page
from ...documents.tabular import put_in_place
from ...engine.conduct import lent_clock
from ...engine.conduct_facts import FactsBuilder, encode_conditions
from ...engine.encoding import BoundRule, encode_rules
from ...engine.evaluation import CompiledCalendar, evaluate
from ...engine.findings import CaseFindings
from ...engine.tally_trial import try_tally
from ...engine.timeline import CaseRecord, Event
from ...faults import CatalogueError, ConfigurationError
from ...i18n.messages import t
from ...rules.rules import Example, ExampleEvent, Expectation
from ...terms import CardState, Level, Outcome, Precision
from ...time.instants import parse_as_of, parse_instant
from ...workspace.context import Catalogue
from .. import catalogue_files


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """One expectation of one example: what was wanted and what came."""

    rule: str
    path: str
    example: str
    level: str
    kind: str
    as_of: str
    wanted: str
    found: str

    @property
    def passed(self) -> bool:
        """Whether the rule does what its example says."""
        return self.wanted == self.found


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule with the pack it belongs to and the file it stands in."""

    bound: BoundRule
    path: str


def chosen(catalogue: Catalogue, what: str | None) -> list[RuleFile]:
    """Rules of a file, of a folder, of a pack by its name, or of the workspace's packs."""
    if what is None or (what in catalogue_files.pack_names(catalogue.folder)):
        packs = catalogue.packs if what is None else (what,)
        loaded = catalogue_files.read_rules(catalogue.folder, packs)
        return [
            RuleFile(BoundRule(entry.rule, entry.pack, entry.digest), entry.path)
            for entry in loaded
        ]
    path = Path(what)
    if not path.exists():
        names = ", ".join(catalogue_files.pack_names(catalogue.folder))
        raise ConfigurationError(
            t("there is no pack, file or folder {what!r}", what=what),
            t("the packs are {names}", names=names),
        )
    return load(catalogue, path)


def load(catalogue: Catalogue, path: Path | None) -> list[RuleFile]:
    """Rules of one file, of a folder of files, or of all packs of the catalogue."""
    if path is None:
        loaded = catalogue_files.read_rules(
            catalogue.folder, catalogue_files.pack_names(catalogue.folder)
        )
        return [
            RuleFile(BoundRule(entry.rule, entry.pack, entry.digest), entry.path)
            for entry in loaded
        ]
    if path.is_dir():
        # A whole catalogue has files of other kinds beside its packs.
        packs = path / "packs"
        files = sorted((packs if packs.is_dir() else path).rglob("*.yaml"))
    elif path.is_file():
        files = [path]
    else:
        raise ConfigurationError(
            t("there is no file or folder {path}", path=path),
            t("name a rule file or a folder of them"),
        )
    entries = catalogue_files.read_rule_files(files, catalogue.folder, catalogue.vocabulary)
    return [
        RuleFile(BoundRule(entry.rule, entry.pack, entry.digest), entry.path) for entry in entries
    ]


#: An expectation of an example of a rule.
Asked = tuple[RuleFile, Example, Expectation]


def _asked(files: Sequence[RuleFile]) -> Iterator[Asked]:
    for file in files:
        for example in file.bound.rule.examples:
            for expectation in example.expect:
                yield file, example, expectation


def named(files: Sequence[RuleFile], name: str) -> list[Asked]:
    """What the examples whose name holds a text expect; ConfigurationError where none does."""
    found = [asked for asked in _asked(files) if name.casefold() in asked[1].name.casefold()]
    if not found:
        names = sorted({example.name for _, example, _ in _asked(files)})
        raise ConfigurationError(
            t("no example's name holds {name!r}", name=name),
            t("there are: ") + ", ".join(names[:20]),
        )
    return found


def failing(files: Sequence[RuleFile], failed: Sequence[ExampleResult]) -> list[Asked]:
    """What was expected where the results are others."""
    wrong = {(result.path, result.example, result.as_of) for result in failed}
    return [
        (file, example, expectation)
        for file, example, expectation in _asked(files)
        if (file.path, example.name, expectation.as_of) in wrong
    ]


def run_examples(catalogue: Catalogue, files: Sequence[RuleFile]) -> Iterator[ExampleResult]:
    """Every expectation of every example, as a first scan would answer it."""
    for file in files:
        for example in file.bound.rule.examples:
            if example.calendar not in catalogue.calendars:
                raise CatalogueError(
                    f"{file.path}: example {example.name!r}: there is no calendar "
                    f"{example.calendar!r}",
                    f"known are {', '.join(catalogue.calendars)}",
                )
            for expectation in example.expect:
                try:
                    yield run_example(catalogue, file, example, expectation)
                except ValueError as fault:
                    raise CatalogueError(
                        f"{file.path}: {t('example')} {example.name!r}: {fault}",
                        t("effmon rules check names the place"),
                    ) from None


@dataclass(frozen=True, slots=True)
class Judged:
    """The case of an example as the engine judged it as of an instant (epoch seconds)."""

    record: CaseRecord
    compiled: CompiledCalendar
    as_of: int
    found: CaseFindings


def judge_example(
    catalogue: Catalogue, file: RuleFile, example: Example, expectation: Expectation
) -> Judged:
    """Judge the example of a clock or a condition as one expectation asks."""
    compiled = catalogue.compiled(example.calendar)
    zone = compiled.calendar.zone
    record = CaseRecord(
        case_no=example.name,
        calendar=example.calendar,
        fields=example.case,
        events=tuple(
            _event(event, number, zone) for number, event in enumerate(example.events, start=1)
        ),
    )
    as_of = parse_as_of(expectation.as_of, zone)
    found = evaluate(
        [record], [file.bound], catalogue.vocabulary, {example.calendar: compiled}, as_of
    )[0]
    return Judged(record, compiled, as_of, found)


def run_example(
    catalogue: Catalogue, file: RuleFile, example: Example, expectation: Expectation
) -> ExampleResult:
    """What an example wants as of one instant, and what a first scan then gives."""
    if file.bound.rule.form == "tally":
        compiled = catalogue.compiled(example.calendar)
        as_of = parse_as_of(expectation.as_of, compiled.calendar.zone)
        counted, why = try_tally(file.bound, example, compiled, as_of)
        return _compared(file, example, expectation, counted, {str(reason) for reason in why})
    found = judge_example(catalogue, file, example, expectation).found
    decisions = core_cards.decide(
        found, [], rule_ids=frozenset(), calendar_version="", watch_from=None
    )
    levels = [
        decision.level.level
        for decision in decisions
        if isinstance(decision, core_cards.Issue) and decision.state is not CardState.HISTORICAL
    ]
    reasons: set[str] = set()
    if found.outcome is Outcome.NOT_JUDGEABLE:
        reasons = {str(trouble.reason) for trouble in found.troubles}
    elif found.outcome is Outcome.EXCLUDED:
        reasons = {str(Outcome.EXCLUDED)}
    return _compared(file, example, expectation, levels, reasons)


def _compared(
    file: RuleFile,
    example: Example,
    expectation: Expectation,
    levels: Collection[Level],
    reasons: Collection[str],
) -> ExampleResult:
    """What came, in the same words as what was wanted."""
    said = " ".join(level.word for level in sorted(levels)) or "-"
    if reasons:
        said = f"{said} ({', '.join(sorted(reasons))})"
    wanted = " ".join(sorted(expectation.cards, key=Level.parse)) or "-"
    if expectation.not_judgeable:
        wanted = f"{wanted} ({expectation.not_judgeable})"
    elif expectation.excluded:
        wanted = f"{wanted} ({Outcome.EXCLUDED})"
    rule = file.bound.rule
    return ExampleResult(
        rule=rule.id,
        path=file.path,
        example=example.name,
        level=example.level,
        kind=example.kind,
        as_of=expectation.as_of,
        wanted=wanted,
        found=said,
    )


def _event(event: ExampleEvent, number: int, zone: str) -> Event:
    at, precision = parse_instant(event.at, zone)
    due, due_precision = (None, Precision.SECOND)
    if event.due_at:
        due, due_precision = parse_instant(event.due_at, zone)
    recorded = parse_instant(event.recorded_at, zone)[0] if event.recorded_at else None
    return Event(
        key=f"event-{number:03}",
        type=event.event,
        occurred_at=at,
        precision=precision,
        recorded_at=recorded,
        entered_at=recorded,
        stage=event.stage,
        actor=event.actor,
        department=event.department,
        kind=event.kind,
        amount=event.amount,
        due_at=due,
        due_precision=due_precision,
        reason=event.reason,
        source_key=event.source_key,
        attributes=event.attributes,
    )


def check_encodable(catalogue: Catalogue, files: Sequence[RuleFile]) -> None:
    """CatalogueError where a rule is well formed but more than the kernel can hold."""
    for file in files:
        try:
            _encode(file.bound, catalogue)
        except ValueError as fault:
            raise CatalogueError(f"{file.path}: {fault}", "make the rule smaller") from None


def _encode(bound: BoundRule, catalogue: Catalogue) -> None:
    condition = bound.rule.condition
    if bound.rule.form == "clock":
        encode_rules([bound], catalogue.vocabulary, {})
    elif condition is not None:
        encode_conditions([bound], FactsBuilder([condition]), catalogue.vocabulary, {})
        if condition.limit is not None:
            encode_rules([lent_clock(bound)], catalogue.vocabulary, {})


def write_page(catalogue: Catalogue, files: Sequence[RuleFile], out: Path) -> int:
    """Write the public page of the rules; how many there are. The file's ending says the form.

    A page of before is replaced whole. ConfigurationError for another ending.
    """
    form = {".html": "html", ".htm": "html", ".md": "md"}.get(out.suffix.lower())
    if form is None:
        raise ConfigurationError(
            t("{out}: the name ends in .html or .md", out=out),
            t("for example --out rules.html"),
        )
    shown = [
        rule_page.ShownRule(file.bound.rule, file.bound.pack, file.bound.digest) for file in files
    ]
    text = rule_page.page(shown, catalogue.vocabulary, form)
    with put_in_place(out, overwrite=True) as file:
        file.write(text.encode())
    return len(shown)
