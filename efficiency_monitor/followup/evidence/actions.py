"""Deciding on evidence 补报 that is held back, and seeing that cards fell by it.

Accepted rows count as received when they are accepted, rejected ones for nothing until their source
says otherwise; the next scan judges by that. Everything of a decision is one transaction.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ...cards.fallen import Fallen, unseen
from ...faults import ConfigurationError
from ...i18n.messages import t
from ...intake.store import cases, evidence, import_runs
from ...ledger.model.entries import EntryType
from ...ledger.store import ledger
from ...people.acting import acting, approve, scope_of
from ...people.first_signatures import before, enough
from ...people.model.authority import Act
from ...workspace.context import Context, compact_json
from ...workspace.required_texts import require_text, text_commitment
from ...workspace.transaction import transaction
from .matters import Matter, Needs, Target, about, digest_of, needs, rejected_before, waiting


@dataclass(slots=True)
class Decision:
    """What became of a decision on evidence."""

    target: str
    accept: bool
    #: Numbers of what was decided on, and the cards that it contested.
    evidence: list[str]
    cards: list[str]
    #: False: it waits for another signature.
    done: bool
    signed_by: list[str]
    needed: int
    #: True: it stood already, nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "target": self.target,
            "decision": evidence.ACCEPTED if self.accept else evidence.REJECTED,
            "evidence": self.evidence,
            "cards": self.cards,
            "done": self.done,
            "signed_by": self.signed_by,
            "needed": self.needed,
            "repeated": self.repeated,
            "lapsed": self.lapsed,
        }


def decide(
    context: Context, target: Target, *, accept: bool, text: str | None, dry_run: bool = False
) -> Decision:
    """Accept or reject evidence, or sign that it be accepted: a red card takes two persons.

    `dry_run`: what would be decided; nothing is written. ConfigurationError where nothing is held
    back of that; NotAllowed where the person may not, or an earlier signature does not hold.
    """
    why = require_text(text, t("reason for the decision"))
    with transaction(context, dry_run=dry_run) as connection:
        found = about(connection, waiting(context, connection), target)
        need = needs(context, connection, found, accept=accept, why=t("they imported it"))
        if not found and accept and target.kind == "evidence":
            # Nothing says which cards it would take now: what a red one takes.
            found = rejected_before(connection, target.name)
            need = needs(context, connection, found, accept=accept, why=t("they imported it"))
            need.persons, need.must_sign = 2, True
        if not found:
            return _stands(context, connection, target, accept=accept)
        return _decide(context, connection, target, found, need, accept=accept, why=why)


def _decide(
    context: Context,
    connection: Connection,
    target: Target,
    found: Sequence[Matter],
    need: Needs,
    *,
    accept: bool,
    why: str,
) -> Decision:
    two = need.persons > 1
    for scope in need.scopes:
        acting(context, connection, Act.DECIDE_EVIDENCE, scope, need.barred, second=two)
    word = "accept" if accept else "reject"
    subject = subject_of(target, found, word)
    known = before(
        context, connection, act=Act.DECIDE_EVIDENCE, subject=subject, scope=need.scopes[0]
    )
    mine = known.by(context.person or "", word, None)
    if mine is None:
        given = approve(
            context,
            connection,
            act=Act.DECIDE_EVIDENCE,
            subject=subject,
            decision=word,
            text=why,
            must_sign=need.must_sign,
            barred=need.barred,
            second=two,
        )
        known.given.append(given)
    agreed = [one for one in known.given if one.decision == word and _may(one.person_id, need)]
    done = Decision(
        target=str(target),
        accept=accept,
        evidence=[one.evidence.number for one in found],
        cards=sorted({str(card["card_no"]) for one in found for card in one.cards}),
        done=enough(agreed, need.persons),
        signed_by=[one.person_id for one in agreed],
        needed=need.persons,
        repeated=mine is not None,
        lapsed=known.lapsed,
    )
    if done.done:
        _write(context, connection, target, found, done, why)
    return done


def subject_of(target: Target, found: Sequence[Matter], word: str) -> str:
    """What is signed: the decision on exactly these rows."""
    return f"evidence:{target}@{digest_of(found)}/{word}"


def _may(person_id: str, need: Needs) -> bool:
    """Whether nothing that was found since bars who signed."""
    return person_id not in need.barred


def _write(
    context: Context,
    connection: Connection,
    target: Target,
    found: Sequence[Matter],
    done: Decision,
    why: str,
) -> None:
    """Rows and entry of a decision; the cases are judged by the next scan."""
    decision = evidence.ACCEPTED if done.accept else evidence.REJECTED
    matters = digest_of(found)
    fact = f"{EntryType.EVIDENCE_DECIDED}/{target}@{matters}/{decision}"
    content = {
        "decision": decision,
        "target": str(target),
        "matters": matters,
        "evidence": [_said(one) for one in found],
        "cards": done.cards,
        "signed_by": done.signed_by,
        "person": context.person,
        "text": text_commitment(context, connection, why),
    }
    ledger.append(connection, [context.entry(EntryType.EVIDENCE_DECIDED, fact, content)])
    who = context.actor
    evidence.add(
        connection,
        [
            {
                "evidence_no": one.evidence.number,
                "decision": decision,
                "at": context.now(),
                "case_id": one.case_id,
                "import_id": one.evidence.import_id or None,
                "calendar": one.evidence.calendar or None,
                "calendar_version": one.evidence.version or None,
                "rows": compact_json(one.evidence.rows.rows()),
                "entry": fact,
                "person": who.claimed,
                "os_user": who.os_user,
                "host": who.host,
                "tty": who.tty,
                "text": why,
            }
            for one in found
        ],
    )
    cases.mark(connection, {one.case_id for one in found if one.case_id is not None})
    calendars = [one.evidence.calendar for one in found if one.evidence.calendar]
    if calendars:
        cases.mark_changed(connection, calendars)


def _said(one: Matter) -> dict[str, object]:
    """What an entry says of a matter."""
    held = one.evidence
    if held.calendar:
        return {
            "evidence": held.number,
            "calendar": {"id": held.calendar, "sha256": held.version},
        }
    return {
        "evidence": held.number,
        "case": held.case_no,
        "import": held.import_id,
        "rows": held.rows.rows(),
    }


def _stands(context: Context, connection: Connection, target: Target, *, accept: bool) -> Decision:
    """A decision that was made already, given again by somebody who made it; else the fault."""
    word = evidence.ACCEPTED if accept else evidence.REJECTED
    for row in evidence.decided(connection):
        entry = ledger.entry(connection, fact=row.entry)
        said = {} if entry is None else _loaded(entry[1])
        if said.get("target") != str(target) or row.decision != word:
            continue
        if context.person in said.get("signed_by", ()):
            return Decision(
                str(target),
                accept,
                [each["evidence"] for each in said["evidence"]],
                said["cards"],
                done=True,
                signed_by=said["signed_by"],
                needed=len(said["signed_by"]),
                repeated=True,
            )
        break
    raise ConfigurationError(
        t("nothing is held back of {target}", target=str(target)),
        t("effmon evidence list shows what is"),
    )


def _loaded(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


@dataclass(slots=True)
class SeenCards:
    """The cards of which somebody has seen that they fell."""

    cards: list[str]
    #: True: it was seen before, nothing was written.
    repeated: bool = False


def see(context: Context, target: Target, *, dry_run: bool = False) -> SeenCards:
    """Note that somebody who supervises has seen that cards fell by evidence.

    Of one card, or of all that rest on an import. ConfigurationError where none of it fell;
    NotAllowed where the person may not: who imported the evidence may not.
    """
    with transaction(context, dry_run=dry_run) as connection:
        found = [each for each in unseen(connection) if _means(each, target)]
        if not found:
            return _seen_before(connection, target)
        runs = import_runs.by_id(connection, {name for each in found for name in each.imports})
        barred = {run.who.person: t("they imported it") for run in runs.values() if run.who.person}
        for each in found:
            acting(context, connection, Act.SEE_EVIDENCE, scope_of(each.row), barred)
        numbers = [each.card_no for each in found]
        who = context.actor
        evidence.see(
            connection,
            [
                {
                    "card_no": number,
                    "at": context.now(),
                    "person": who.claimed,
                    "os_user": who.os_user,
                    "host": who.host,
                    "tty": who.tty,
                }
                for number in numbers
            ],
        )
        entries = [
            context.entry(
                EntryType.EVIDENCE_SEEN,
                f"{EntryType.EVIDENCE_SEEN}/{number}",
                {"card": number, "person": context.person},
            )
            for number in numbers
        ]
        ledger.append(connection, entries)
    return SeenCards(numbers)


def _means(fallen: Fallen, target: Target) -> bool:
    if target.kind == "card":
        return fallen.card_no == target.name
    return target.kind == "import" and target.name in fallen.imports


def _seen_before(connection: Connection, target: Target) -> SeenCards:
    if target.kind == "card" and evidence.seen(connection, [target.name]):
        return SeenCards([target.name], repeated=True)
    raise ConfigurationError(
        t("no card that waits to be seen fell by {target}", target=str(target)),
        t("effmon evidence list --fallen shows those that do"),
    )
