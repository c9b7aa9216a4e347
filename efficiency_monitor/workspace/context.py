"""What every service is given: the store, the catalogue, the clock. Wired in `app`."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from ..cards.model.decide import Conduct
from ..catalogue import catalogue_files
from ..engine.encoding import BoundRule
from ..engine.evaluation import CompiledCalendar, evaluate
from ..engine.findings import CaseFindings
from ..engine.timeline import CaseRecord, calendars_of
from ..faults import CatalogueError
from ..intake.model.statements import digest
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.model.actor import Actor, Machine
from ..records.engine import Store
from ..records.tables import Meta
from ..rules.measures import Measure
from ..rules.vocabulary import Vocabulary
from ..time.calendar import Calendar
from ..time.calendar_file import CalendarFile
from ..time.instants import rfc3339
from .settings import Settings

if TYPE_CHECKING:
    from ..people.model.signatures import PersonalKey

#: Opens a transaction that may write, under whatever guard its maker puts on it.
Writing = Callable[[], AbstractContextManager[Connection]]
META = Meta.__table__  # type: ignore[attr-defined]


class Catalogue:
    """The rules, calendars and words of a workspace, read when first needed."""

    def __init__(
        self, folder: Path, packs: Sequence[str], calendars_folder: Path | None = None
    ) -> None:
        self.folder = folder
        self.packs = tuple(packs)
        #: The workspace's own calendars, which stand in the place of those of the catalogue.
        self.calendars_folder = calendars_folder
        self._compiled: dict[str, CompiledCalendar] = {}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The event types and grounds of suspension."""
        return catalogue_files.read_vocabulary(self.folder)

    @cached_property
    def measures(self) -> Sequence[Measure]:
        """The measures that may be proposed."""
        return catalogue_files.read_measures(self.folder)

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        """Every calendar of the catalogue, by id."""
        return catalogue_files.read_calendars(self.folder, self.calendars_folder)

    @cached_property
    def calendar_files(self) -> Mapping[str, CalendarFile]:
        """The files that the calendars are made of, by id."""
        return catalogue_files.calendar_file_texts(self.folder, self.calendars_folder)

    @cached_property
    def loaded(self) -> Sequence[catalogue_files.LoadedRule]:
        """Every rule of the workspace's packs, drafts and retired ones too."""
        return catalogue_files.read_rules(self.folder, self.packs)

    @cached_property
    def ladders(self) -> Mapping[str, catalogue_files.LoadedLadder]:
        """Every ladder of the catalogue, by id."""
        return catalogue_files.read_ladders(self.folder)

    @cached_property
    def ladders_digest(self) -> str:
        """Digest of all of them."""
        return digest(
            [[name, entry.ladder.version, entry.digest] for name, entry in self.ladders.items()]
        )

    @cached_property
    def rules(self) -> tuple[BoundRule, ...]:
        """The rules that give cards; `preview` and `trial` rules are left out."""
        bound = tuple(
            BoundRule(rule.rule, rule.pack, rule.digest)
            for rule in self.loaded
            if rule.rule.status not in ("preview", "trial")
        )
        if not bound:
            raise CatalogueError(
                f"no rule is in use: the packs {', '.join(self.packs)} hold none",
                "name a pack under [workspace] packs in effmon.toml",
            )
        return bound

    @cached_property
    def tallies(self) -> tuple[BoundRule, ...]:
        """Those of the rules that are tallies."""
        return tuple(bound for bound in self.rules if bound.rule.form == "tally")

    @cached_property
    def tried_tallies(self) -> tuple[BoundRule, ...]:
        """Those of the rules on trial that are tallies."""
        return tuple(bound for bound in self.trials if bound.rule.form == "tally")

    @cached_property
    def trials(self) -> tuple[BoundRule, ...]:
        """The rules on trial: a scan reports what they would give and gives no card."""
        return tuple(
            BoundRule(rule.rule, rule.pack, rule.digest)
            for rule in self.loaded
            if rule.rule.status == "trial"
        )

    @cached_property
    def trials_digest(self) -> str:
        """Digest of the rules on trial; empty where there are none."""
        return _digest_of(self.trials) if self.trials else ""

    @cached_property
    def rule_ids(self) -> frozenset[str]:
        """Ids of the rules that give cards."""
        return frozenset(bound.rule.id for bound in self.rules)

    @cached_property
    def conduct(self) -> Conduct:
        """The conditions among the rules, as deciding on cards asks for them."""
        found: dict[str, dict[str, bool]] = {}
        for bound in self.rules:
            if bound.rule.condition is not None:
                timed = bound.rule.condition.timed
                found.setdefault(bound.rule.id, {})[bound.digest] = timed
        return found

    @cached_property
    def rule_of(self) -> Mapping[tuple[str, int], BoundRule]:
        """The rules that give cards, by id and version."""
        return {(bound.rule.id, bound.rule.version): bound for bound in self.rules}

    def compiled(self, calendar: str) -> CompiledCalendar:
        """A calendar with its table; KeyError where there is none of that id."""
        if calendar not in self._compiled:
            self._compiled[calendar] = CompiledCalendar.of(self.calendars[calendar])
        return self._compiled[calendar]

    def judge(
        self,
        records: Sequence[CaseRecord],
        as_of: int,
        instead: Mapping[str, Calendar] = MappingProxyType({}),
    ) -> list[CaseFindings]:
        """Findings of cases by these rules, words and calendars, in the order of the cases.

        `instead` are calendars in the place of those of the same id.
        """
        calendars = self.compiled_for(calendars_of(records))
        calendars |= {name: CompiledCalendar.of(each) for name, each in instead.items()}
        return evaluate(records, self.rules, self.vocabulary, calendars, as_of)

    def compiled_for(self, names: Sequence[str]) -> dict[str, CompiledCalendar]:
        """Compiled calendars of those names that exist."""
        return {name: self.compiled(name) for name in set(names) if name in self.calendars}

    @cached_property
    def vocabulary_digest(self) -> str:
        """Digest of the words' file."""
        return digest((self.folder / "vocabulary.yaml").read_text(encoding="utf-8"))

    @cached_property
    def rules_digest(self) -> str:
        """Digest of the rules in use."""
        return _digest_of(self.rules)


def _digest_of(rules: Sequence[BoundRule]) -> str:
    return digest(
        [[bound.rule.id, bound.rule.version, bound.pack, bound.digest] for bound in rules]
    )


@dataclass(frozen=True)
class Context:
    """The wired collaborators of a service."""

    folder: Path
    settings: Settings
    store: Store
    catalogue: Catalogue
    #: The true clock, epoch seconds. Only `app` reads one.
    now: Callable[[], int]
    #: 32 random bytes for a commitment.
    salt: Callable[[], bytes]
    #: Who acts: every ledger entry says so.
    actor: Actor
    #: Where this process runs: leases tell by it whose holder has died.
    machine: Machine
    #: The personal key of `--key`, with which approvals are signed.
    key: "PersonalKey | None" = None
    #: What the file says, where `settings` holds what is in force instead.
    filed: Settings | None = None
    #: Digests of the settings that decide by which this process acts, once it has written.
    acts_by: set[str] = field(default_factory=set)
    #: Path, value in force and value of the file, where the next command that writes enters the
    #: file's.
    unlike: Sequence[tuple[str, str | None, str | None]] = ()

    @property
    def os_user(self) -> str:
        """Name of the operating system's user."""
        return self.actor.os_user

    @property
    def person(self) -> str | None:
        """For whom the person at the terminal says they act (`--as`)."""
        return self.actor.claimed

    def entry(self, kind: EntryType, fact: str, content: Mapping[str, object]) -> ledger.NewEntry:
        """A ledger entry of now and of who acts."""
        return ledger.NewEntry(
            type=kind,
            fact=fact,
            at=rfc3339(self.now(), self.zone),
            content={**content, "actor": self.actor.as_json()},
        )

    @property
    def zone(self) -> str:
        """The workspace's zone."""
        return self.settings.workspace.zone


def meta(connection: Connection) -> dict[str, str]:
    """Single facts about the workspace."""
    return {row.name: row.value for row in connection.execute(select(META))}


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Set a single fact."""
    found = connection.execute(update(META).where(META.c.name == name).values(value=value)).rowcount
    if not found:
        connection.execute(insert(META).values(name=name, value=value))


def compact_json(value: object) -> str:
    """JSON text for a column: compact, keys sorted, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
