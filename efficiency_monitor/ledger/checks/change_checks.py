"""Whether each change of rules is what the ledger says, and was approved as it had to be.

What judges is a fold over rows that the application may only add to; whoever owns the database can
do more. A kept text is held against its digest, a proposal and its end against their entries, an
approval that took a second person against the signature of another one than proposed it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection

from ...catalogue import store as changes
from ...catalogue.kept_texts import digest_of
from ...i18n.messages import t
from ...people.model.authority import Act
from ..model.entries import EntryType

KINDS = (
    EntryType.WORKSPACE_CREATED,
    EntryType.SETTINGS_CHANGED,
    EntryType.CHANGE_PROPOSED,
    EntryType.CHANGE_APPROVED,
    EntryType.CHANGE_WITHDRAWN,
)
_ENDS = {
    EntryType.CHANGE_APPROVED: "approved",
    EntryType.CHANGE_WITHDRAWN: "withdrawn",
}
Entry = Mapping[str, Any]


@dataclass(slots=True)
class Changes:
    """What the ledger has said so far of changes and of who agreed to them."""

    proposed: dict[str, Entry] = field(default_factory=dict)
    ended: dict[str, Entry] = field(default_factory=dict)
    #: Change → who approved it by a sound approval: (voices, digest, signed).
    agreed: dict[str, list[tuple[frozenset[str], str, bool]]] = field(default_factory=dict)
    #: Person and digest of each proposal that its person has signed, by sound signatures.
    signed: dict[str, tuple[str, str]] = field(default_factory=dict)

    #: Digest of the settings, the change that approved them and who wrote, as they came into force.
    settings: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def approval(self, entry: Entry) -> None:
        """A sound approval."""
        kind, _, number = entry["subject"].partition(":")
        if kind == "change" and entry["act"] == Act.APPROVE_CHANGE:
            voices = frozenset({entry["person"], entry["on_behalf_of"] or entry["person"]})
            said = (voices, entry["ground"], bool(entry["signature"]))
            self.agreed.setdefault(number, []).append(said)
        if kind == "change" and entry["act"] == Act.PROPOSE_CHANGE and entry["signature"]:
            self.signed[number] = (entry["person"], entry["ground"])

    def take(self, entry: Entry) -> Iterator[str]:
        """A change is proposed or ends; what is wrong with that."""
        if entry["type"] in (EntryType.WORKSPACE_CREATED, EntryType.SETTINGS_CHANGED):
            first = entry["type"] == EntryType.WORKSPACE_CREATED
            sha256, change = (entry.get("settings"), None) if first else _settings(entry)
            if sha256 is not None:
                self.settings.append((sha256, change, entry["actor"].get("os_user")))
            return
        number = entry["change"]
        if entry["type"] == EntryType.CHANGE_PROPOSED:
            self.proposed[number] = entry
            return
        self.ended[number] = entry
        first = self.proposed.get(number)
        if first is None or first["sha256"] != entry["sha256"]:
            yield _said(number, t("it was not proposed like that"))
        elif entry["type"] == EntryType.CHANGE_APPROVED:
            yield from self._approved(number, first, entry)

    def _approved(self, number: str, first: Entry, entry: Entry) -> Iterator[str]:
        given = [said for said in self.agreed.get(number, ()) if said[1] == entry["sha256"]]
        if not given:
            yield _said(number, t("nobody approved it"))
        elif entry["mode"] != "none":
            if self.signed.get(number) != (first["person"], first["sha256"]):
                yield _said(
                    number,
                    t(
                        "a second person had to approve it, and its proposer's signature is not "
                        "behind it"
                    ),
                )
            own = {first["person"], first["on_behalf_of"] or first["person"]}
            if not any(signed and not voices & own for voices, _, signed in given):
                yield _said(
                    number,
                    t(
                        "a second person had to approve it, and no other person's signature is "
                        "behind it"
                    ),
                )

    def rows(self, connection: Connection) -> Iterator[str]:
        """The rows: there, and what the ledger says; each kept text what its digest says."""
        for text in changes.every_text(connection):
            if digest_of(text.content) != text.sha256:
                yield t(
                    "the kept text {name} {sha256} was changed",
                    name=text.name,
                    sha256=text.sha256[:12],
                )
        known = {row.change_no: row for row in changes.proposals(connection)}
        for number in sorted(known.keys() | self.proposed.keys()):
            row, entry = known.get(number), self.proposed.get(number)
            if row is None or entry is None:
                lost = row is None
                yield _said(
                    number,
                    t("the database has lost it") if lost else t("the ledger does not know it"),
                )
            elif not _same(row, entry):
                yield _said(number, t("it is not what the ledger says"))
        yield from self._ends(connection)
        yield from self._in_force(connection)

    def _in_force(self, connection: Connection) -> Iterator[str]:
        """Each row of the settings in force, against what the ledger says of that time."""
        rows = changes.settings_history(connection)
        for row, said in zip_longest(rows, self.settings):
            if row is None or said != (row.sha256, row.change_no, row.os_user):
                number = "?" if row is None else row.id
                yield t(
                    "settings in force {number}: they are not what the ledger says", number=number
                )

    def _ends(self, connection: Connection) -> Iterator[str]:
        stored = {row.change_no: row for row in changes.every_end(connection)}
        for number in sorted(stored.keys() | self.ended.keys()):
            row, entry = stored.get(number), self.ended.get(number)
            if (
                row is None
                or entry is None
                or (row.kind, row.person, row.mode, row.seq)
                != (_ENDS[entry["type"]], entry["person"], entry["mode"], entry["seq"])
            ):
                yield _said(
                    number,
                    t("how it ended is not what the ledger says"),
                )


def _settings(entry: Entry) -> tuple[str, str | None]:
    return entry["sha256"], entry["change"]


def _same(row: Any, entry: Entry) -> bool:
    try:
        parts = json.loads(row.parts)
    except ValueError:
        return False
    return bool(
        hashlib.sha256(row.parts.encode()).hexdigest() == row.sha256 == entry["sha256"]
        and parts == entry["parts"]
        and (row.person, row.on_behalf_of) == (entry["person"], entry["on_behalf_of"])
    )


def _said(number: str, fault: str) -> str:
    return t("change {number}: {fault}", number=number, fault=fault)
