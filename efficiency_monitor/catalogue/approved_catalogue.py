"""The catalogue that a second person approved: read from the database, whatever the files say."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..faults import CatalogueError
from ..i18n.messages import t
from ..records.engine import Store
from ..rules.vocabulary import Vocabulary, build_vocabulary
from ..time.calendar import Calendar
from ..time.calendar_file import CalendarFile
from ..workspace.context import Catalogue
from . import catalogue_files, kept_texts
from . import store as changes
from .calendar_documents import built
from .kept_texts import CALENDAR, RULE, SETTINGS, VOCABULARY, Key


@dataclass(frozen=True, slots=True)
class Approved:
    """A text that is approved: its digest, the file that it came from."""

    sha256: str
    path: str


State = dict[Key, Approved]
#: A state, and the content of each of its texts by digest.
Texts = tuple[State, Mapping[str, str]]


def state(connection: Connection) -> State:
    """What is approved by now: every approved change in the order of the approvals."""
    found: State = {}
    for row in changes.approved(connection):
        apply(found, json.loads(row.parts))
    # Settings stand in a table of their own: they are in force also without an approval.
    found.pop(Key(SETTINGS, "", SETTINGS, 0), None)
    return found


def state_with_settings(connection: Connection) -> State:
    """What is approved by now, and the settings in force where a change of them takes approval."""
    found = state(connection)
    row = changes.settings_in_force(connection)
    if row is not None:
        text = kept_texts.read(connection, [row.sha256])[row.sha256]
        if json.loads(text)["rules"]["approval"] != "none":
            found[Key(SETTINGS, "", SETTINGS, 0)] = Approved(row.sha256, "effmon.toml")
    return found


def apply(found: State, parts: Iterable[Mapping[str, Any]]) -> None:
    """Bring a state to what it is after a change."""
    for part in parts:
        key = Key(part["kind"], part["pack"], part["name"], part["version"])
        if part["after"] is None:
            found.pop(key, None)
        else:
            found[key] = Approved(part["after"], part["path"])


class ApprovedCatalogue(Catalogue):
    """A catalogue of kept texts; ladders, measures and mappings are those of the files.

    CatalogueError where nothing was approved yet.
    """

    def __init__(
        self,
        folder: Path,
        read: Callable[[], Texts],
        calendars_folder: Path | None = None,
    ) -> None:
        super().__init__(folder, (), calendars_folder)
        del self.packs
        self._read = read

    @cached_property
    def _texts(self) -> Texts:
        return self._read()

    @property
    def _state(self) -> State:
        return self._texts[0]

    @property
    def _contents(self) -> Mapping[str, str]:
        return self._texts[1]

    @cached_property
    def packs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The packs whose rules are approved, whatever the settings name."""
        return tuple(dict.fromkeys(key.pack for key in self._state if key.kind == RULE))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The approved event types and grounds of suspension.

        Before anything was approved those of the file, so that cases can be imported: no rule
        judges them yet.
        """
        if not self._state:
            return catalogue_files.read_vocabulary(self.folder)
        _, approved = self._only(VOCABULARY)
        return build_vocabulary(kept_texts.vocabulary_of(self._contents[approved.sha256]))

    @cached_property
    def vocabulary_digest(self) -> str:
        """Digest of the approved words."""
        return self._only(VOCABULARY)[1].sha256

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        """The approved calendars, by id."""
        return built(self.calendar_files)

    @cached_property
    def calendar_files(self) -> Mapping[str, CalendarFile]:
        """The approved files that they are made of, by id."""
        return {
            key.name: kept_texts.calendar_of(self._contents[approved.sha256])
            for key, approved in sorted(self._state.items())
            if key.kind == CALENDAR
        }

    @cached_property
    def loaded(self) -> Sequence[catalogue_files.LoadedRule]:
        """The approved rules, in the order of the packs and then of their files."""
        found = [
            catalogue_files.LoadedRule(
                kept_texts.rule_of(self._contents[approved.sha256]),
                key.pack,
                approved.path,
                approved.sha256,
            )
            for key, approved in self._state.items()
            if key.kind == RULE
        ]
        if not found:
            raise self._nothing()
        return sorted(found, key=lambda entry: (self.packs.index(entry.pack), entry.path))

    def check(self) -> None:
        """CatalogueError where these texts cannot stand together."""
        words, _ = self.vocabulary, self.calendars
        texts = [(entry, self._contents[entry.digest]) for entry in self.loaded]
        catalogue_files.check_kept(self.folder, words, texts)

    def _only(self, kind: str) -> tuple[Key, Approved]:
        for key, approved in self._state.items():
            if key.kind == kind:
                return key, approved
        raise self._nothing()

    @staticmethod
    def _nothing() -> CatalogueError:
        return CatalogueError(
            t("effmon.toml asks that a second person approves rules, and nothing is approved yet"),
            t("one person: effmon rules propose --reason …; another: effmon rules approve NUMBER"),
        )


def approved_catalogue(
    store: Store, folder: Path, calendars_folder: Path | None = None
) -> ApprovedCatalogue:
    """The approved catalogue as it is when it is first asked.

    EffmonError then where a text was lost or changed.
    """

    def read() -> Texts:
        with store.reading() as connection:
            return texts_of(connection, state(connection))

    return ApprovedCatalogue(folder, read, calendars_folder)


def texts_of(connection: Connection, found: State) -> Texts:
    """A state with its texts; EffmonError where one was lost or changed."""
    return found, kept_texts.read(connection, [approved.sha256 for approved in found.values()])
