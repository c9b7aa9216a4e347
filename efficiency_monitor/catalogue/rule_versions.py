"""Changes of what is judged by: proposed by one person, approved by another, kept for ever.

A change is of texts (rules, calendars, the vocabulary), each with its digest before and after; what
is signed is the digest of all of them. Files are where a text comes from and nothing more: see
`approved_catalogue`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError, NotAllowed
from ..i18n.messages import t
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.acting import approve as write_approval
from ..people.acting import standing_of
from ..people.first_signatures import before
from ..people.model.authority import Act
from ..time.instants import rfc3339
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from ..workspace.transaction import transaction
from . import kept_texts, settings_in_force
from . import store as changes
from .approved_catalogue import ApprovedCatalogue, apply, state_with_settings, texts_of
from .kept_texts import RULE, SETTINGS, VOCABULARY, KeptText, Key
from .rule_files import Part, Selection, chosen, differences, parts_of, parts_text, wanted
from .version_check import check_versions

SECOND_PERSON = "second_person"
APPROVED, WITHDRAWN, WAITING = "approved", "withdrawn", "waiting"


@dataclass(slots=True)
class Change:
    """A proposal, as it stands."""

    change_no: str
    state: str
    parts: list[Part]
    sha256: str
    reason: str
    person: str
    at: int
    ended_by: str | None = None
    ended_at: int | None = None
    mode: str | None = None
    #: True: the same person had done so before, nothing was written.
    repeated: bool = False
    #: Contents of its texts by digest, where they are at hand: of a rehearsal nothing is kept.
    texts: Mapping[str, str] = field(default_factory=dict)

    def as_json(self, zone: str) -> dict[str, Any]:
        """For the command line."""
        return {
            "change_no": self.change_no,
            "state": self.state,
            "proposed_by": self.person,
            "proposed_at": rfc3339(self.at, zone),
            "reason": self.reason,
            "ended_by": self.ended_by,
            "ended_at": None if self.ended_at is None else rfc3339(self.ended_at, zone),
            "mode": self.mode,
            "repeated": self.repeated,
            "sha256": self.sha256,
            "parts": [{**part.as_json(), "change": part.kind} for part in self.parts],
        }


def propose(
    context: Context, selection: Selection, reason: str | None, *, dry_run: bool = False
) -> Change:
    """Propose what the files say otherwise than what is approved, for another person to approve.

    ConfigurationError where nothing differs or the selection names nothing, CatalogueError where
    a file of the selection is broken, the texts cannot stand together, or a text was changed under
    a number that has judged; NotAllowed where the person may not.
    """
    found = wanted(context)
    with context.store.reading() as connection:
        approved, contents = texts_of(connection, state_with_settings(connection))
    parts = chosen(context, selection, differences(approved, found, contents), found)
    texts = [found.texts[part.key] for part in parts if part.after is not None]
    return write_proposal(context, parts, texts, reason, dry_run=dry_run)


def write_proposal(
    context: Context,
    parts: Sequence[Part],
    texts: Sequence[KeptText],
    reason: str | None,
    *,
    dry_run: bool = False,
) -> Change:
    """Write a proposal of these texts: row, kept texts and entry in one transaction."""
    why = require_text(reason, t("reason"))
    what = parts_text(parts)
    sha256 = hashlib.sha256(what.encode()).hexdigest()
    with transaction(context, dry_run=dry_run) as connection:
        standing = standing_of(context, connection, Act.PROPOSE_CHANGE, None)
        same = _same(connection, standing.person_id, sha256, why)
        if same is not None:
            same.texts = texts_by_digest(connection, parts)
            return same
        kept_texts.keep(connection, texts, context.now())
        _check_after(context, connection, parts)
        number = changes.next_number(connection)
        now, actor = context.now(), context.actor
        changes.propose(
            connection,
            {
                "change_no": number,
                "at": now,
                "person": standing.person_id,
                "on_behalf_of": standing.on_behalf_of,
                "os_user": actor.os_user,
                "host": actor.host,
                "tty": actor.tty,
                "reason": why,
                "sha256": sha256,
                "parts": what,
            },
        )
        entry = context.entry(
            EntryType.CHANGE_PROPOSED,
            f"{EntryType.CHANGE_PROPOSED}/{number}",
            {
                "change": number,
                "person": standing.person_id,
                "on_behalf_of": standing.on_behalf_of,
                "sha256": sha256,
                "parts": [part.as_json() for part in parts],
                "reason": text_commitment(context, connection, why),
            },
        )
        ledger.append(connection, [entry])
        _sign_proposal(context, connection, number, sha256, why)
        contents = texts_by_digest(connection, parts)
    return Change(
        texts=contents,
        change_no=number,
        state=WAITING,
        parts=list(parts),
        sha256=sha256,
        reason=why,
        person=standing.person_id,
        at=now,
    )


def _sign_proposal(
    context: Context, connection: Connection, number: str, sha256: str, why: str
) -> None:
    """Signed, where keys are in use: else nobody else could approve it as a second person."""
    write_approval(
        context,
        connection,
        act=Act.PROPOSE_CHANGE,
        subject=f"change:{number}",
        decision="propose",
        ground=sha256,
        text=why,
        must_sign=False,
    )


def _same(connection: Connection, person: str, sha256: str, reason: str) -> Change | None:
    """The proposal of these very texts that waits, by the same person and for the same reason."""
    for change in listed(connection):
        said = (change.state, change.person, change.sha256, change.reason)
        if said == (WAITING, person, sha256, reason):
            change.repeated = True
            return change
    return None


def _check_after(context: Context, connection: Connection, parts: Sequence[Part]) -> None:
    """Refuse what does not follow on what is approved now, or cannot stand together."""
    after = state_with_settings(connection)
    for part in parts:
        known = after.get(part.key)
        if part.before not in (None if known is None else known.sha256, _of_file(context, part)):
            raise ConfigurationError(
                t("{words} was changed since this was proposed", words=part.key.words()),
                t("withdraw it and propose it again"),
            )
    apply(after, [part.as_json() for part in parts])
    texts = texts_of(connection, after)
    if Key(VOCABULARY, "", VOCABULARY, 0) in after:
        ApprovedCatalogue(context.catalogue.folder, lambda: texts).check()
    check_versions(
        connection,
        [
            KeptText(part.key, part.path, texts[1][part.after])
            for part in parts
            if part.after is not None
        ],
    )


def _of_file(context: Context, part: Part) -> str | None:
    """Digest of the calendar that a notice amends, where its file is what judges."""
    if part.notice is None or context.settings.rules.approval == SECOND_PERSON:
        return None
    text = wanted(context).texts.get(part.key)
    return None if text is None else text.sha256


def approve(
    context: Context, change_no: str, text: str | None = None, *, dry_run: bool = False
) -> Change:
    """Approve a change as another person than the one who proposed it, signed with their key.

    Where `[rules] approval` is `none` the same person may, without a key. ConfigurationError where
    there is no such change, it is withdrawn, or does not follow on what is approved now; given
    again for one that is approved, nothing is written. NotAllowed where the person may not.
    """
    mode = context.settings.rules.approval
    with transaction(context, dry_run=dry_run) as connection:
        change = find(connection, change_no)
        change_no = change.change_no
        if change.state == APPROVED:
            change.repeated = True
            return change
        _check_waits(change)
        barred = _proposed(context, connection, change) if mode == SECOND_PERSON else {}
        _check_after(context, connection, change.parts)
        given = write_approval(
            context,
            connection,
            act=Act.APPROVE_CHANGE,
            subject=f"change:{change_no}",
            decision="approve",
            ground=change.sha256,
            text=None if text is None else require_text(text, t("text", ctx="rule versions")),
            must_sign=mode == SECOND_PERSON,
            barred=barred,
        )
        _end(context, connection, change, APPROVED, given.person_id, None)
        rules = [p for p in change.parts if p.key.kind == RULE and p.after is not None]
        _use(connection, rules, context.now())
        for part in change.parts:
            if part.key.kind == SETTINGS and part.after is not None:
                settings_in_force.put(context, connection, part.after, change_no)
    change.state, change.mode = APPROVED, mode
    change.ended_by, change.ended_at = given.person_id, given.at
    return change


def _proposed(context: Context, connection: Connection, change: Change) -> dict[str, str]:
    """Who proposed it, and may therefore not approve it, each with the reason.

    NotAllowed where the proposal is not signed by who made it, or its signature does not hold any
    more: whoever merely claimed to be another one makes no second person of who approves.
    """
    row = changes.find(connection, change.change_no)
    assert row is not None
    known = before(
        context,
        connection,
        act=Act.PROPOSE_CHANGE,
        subject=f"change:{change.change_no}",
        scope=None,
    )
    if known.by(row.person, "propose", change.sha256) is None:
        none = t("nobody's key has signed the proposal")
        raise NotAllowed(
            t(
                "{change_no} cannot be approved: {which}",
                change_no=change.change_no,
                which=known.lapsed[0] if known.lapsed else none,
            ),
            t("withdraw it, and propose it again: effmon --as PERSON --key FILE rules propose"),
        )
    why = t("they proposed it themselves")
    return {person: why for person in (row.person, row.on_behalf_of) if person}


def _use(connection: Connection, parts: Sequence[Part], now: int) -> None:
    """From here on these numbers mean these texts, unless they are still being written."""
    contents = kept_texts.read(connection, [part.after for part in parts if part.after])
    changes.use(
        connection,
        [
            {
                "name": part.key.name,
                "version": part.key.version,
                "pack": part.key.pack,
                "sha256": part.after,
                "since": now,
            }
            for part in parts
            if part.after and kept_texts.rule_of(contents[part.after]).status == "stable"
        ],
    )


def withdraw(context: Context, change_no: str, text: str | None) -> Change:
    """Withdraw a change that waits. ConfigurationError where it has ended otherwise."""
    why = require_text(text, t("reason"))
    with context.store.writing() as connection:
        change = find(connection, change_no)
        if change.state == WITHDRAWN:
            change.repeated = True
            return change
        _check_waits(change)
        standing = standing_of(context, connection, Act.PROPOSE_CHANGE, None)
        _end(context, connection, change, WITHDRAWN, standing.person_id, why)
    change.state, change.mode = WITHDRAWN, context.settings.rules.approval
    change.ended_by, change.ended_at = standing.person_id, context.now()
    return change


def _end(
    context: Context,
    connection: Connection,
    change: Change,
    kind: str,
    person: str,
    text: str | None,
) -> None:
    entry_type = EntryType.CHANGE_APPROVED if kind == APPROVED else EntryType.CHANGE_WITHDRAWN
    mode = context.settings.rules.approval
    entry = context.entry(
        entry_type,
        f"change.ended/{change.change_no}",
        {
            "change": change.change_no,
            "person": person,
            "sha256": change.sha256,
            "mode": mode,
            "text": None if text is None else text_commitment(context, connection, text),
        },
    )
    seq = ledger.read_head(connection).size + 1
    ledger.append(connection, [entry])
    changes.end(
        connection,
        {
            "change_no": change.change_no,
            "kind": kind,
            "at": context.now(),
            "person": person,
            "os_user": context.actor.os_user,
            "host": context.actor.host,
            "tty": context.actor.tty,
            "text": text,
            "mode": mode,
            "seq": seq,
        },
    )


def _check_waits(change: Change) -> None:
    if change.state == WAITING:
        return
    raise ConfigurationError(
        t(
            "{change_no} was {state} by {person}",
            change_no=change.change_no,
            state=t("approved", ctx="ended")
            if change.state == APPROVED
            else t("withdrawn", ctx="ended"),
            person=change.ended_by,
        ),
        t("see effmon rules changes"),
    )


def find(connection: Connection, change_no: str) -> Change:
    """A proposal; ConfigurationError where there is none of that number."""
    for change in listed(connection):
        if change.change_no == change_no.strip().upper():
            return change
    raise ConfigurationError(
        t("there is no change {change_no!r}", change_no=change_no),
        t("see effmon rules changes"),
    )


def listed(connection: Connection) -> Iterator[Change]:
    """Every proposal, oldest first."""
    for row in changes.proposals(connection):
        yield Change(
            change_no=row.change_no,
            state=row.kind or WAITING,
            parts=parts_of(row.parts),
            sha256=row.sha256,
            reason=row.reason,
            person=row.person,
            at=row.at,
            ended_by=row.ended_by,
            ended_at=row.ended_at,
            mode=row.mode,
        )


def texts_by_digest(connection: Connection, parts: Iterable[Part]) -> dict[str, str]:
    """The kept texts that parts name, before and after."""
    return kept_texts.read(
        connection, [sha for part in parts for sha in (part.before, part.after) if sha]
    )
