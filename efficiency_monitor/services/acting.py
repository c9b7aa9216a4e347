"""Who acts, whether they may, and the approvals that they sign.

What is refused is said in one line (`NotAllowed`); the transaction of the caller is rolled back.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from ..act_words import say_act, say_role
from ..core import ledger as core_ledger
from ..core import signatures
from ..core.authority import MAY, Act, Scope, Standing, standings
from ..core.evidence import Attachment, attachments_json
from ..core.faults import ConfigurationError, NotAllowed
from ..core.instants import local_date, rfc3339
from ..core.ledger import EntryType
from ..core.statements import digest
from ..language import t
from ..store import approvals as store_approvals
from ..store import cards, keys, ledger
from ..store.matter_tables import AppealRow, NoticeRow, OrderRow
from ..store.tables import CardRow
from .context import Context
from .notices import people

CARD = CardRow.__table__  # type: ignore[attr-defined]
APPEAL = AppealRow.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's approval of one decision."""

    person_id: str
    #: The absent person for whom they approved; None: in their own right.
    on_behalf_of: str | None
    decision: str
    ground: str | None
    text: str | None
    at: int
    #: Whether a signature with the person's key goes with it.
    signed: bool

    @property
    def voices(self) -> frozenset[str]:
        """The persons whose right was used up by this approval."""
        return frozenset({self.person_id, self.on_behalf_of or self.person_id})


def acting(
    context: Context,
    connection: Connection,
    act: Act,
    scope: Scope | None,
    barred: Mapping[str, str] | None = None,
) -> str:
    """The id of the person who acts, if they may do this; NotAllowed says why they may not.

    `scope` None: the act is about no department (keys). `barred` maps person ids to the reason why
    this person may not, in the language of the user; it beats every right, also that of a deputy
    of such a person. Call it inside the transaction that does the act.
    """
    return standing_of(context, connection, act, scope, barred).person_id


def standing_of(
    context: Context,
    connection: Connection,
    act: Act,
    scope: Scope | None,
    barred: Mapping[str, str] | None = None,
) -> Standing:
    """As `acting`, and in which role and for whom, to be put into an entry."""
    barred = barred or {}
    person_id = _claimed(context)
    everybody = people(connection)
    if all(row.person_id != person_id for row in everybody):
        raise NotAllowed(
            t(f"没有这个人员：{person_id}", f"there is no person {person_id}"),
            t(
                "见 effmon people list；用 effmon people import 导入",
                "see effmon people list; persons come with effmon people import",
            ),
        )
    if person_id in barred:
        raise _barred(act, person_id, barred[person_id])
    on = date.fromisoformat(local_date(context.now(), context.zone))
    reason = None
    untold = False
    for standing in standings(everybody, act, scope, person_id, on):
        away = standing.on_behalf_of
        if away is not None and away in barred:
            reason = barred[away]
        elif standing.if_told and not _was_told(connection, standing, scope):
            untold = True
        else:
            return standing
    if reason is not None:
        raise _barred(act, person_id, reason)
    raise _no_right(act, person_id, untold=untold)


def _claimed(context: Context) -> str:
    if context.person is None:
        raise NotAllowed(
            t("没有说明何人操作", "nobody is named who acts"),
            t("用 --as 说明代表何人", "say for whom with --as PERSON"),
        )
    return context.person


def _was_told(connection: Connection, standing: Standing, scope: Scope | None) -> bool:
    """Whether a notice of the card was written to the person, or to whom they stand in for."""
    if scope is None or not scope.card_no:
        return False
    found = connection.execute(
        select(NOTICE.c.notice_id)
        .where(
            NOTICE.c.card_no == scope.card_no,
            NOTICE.c.person_id.in_([standing.person_id, standing.on_behalf_of or ""]),
            NOTICE.c.state != "void",
        )
        .limit(1)
    ).first()
    return found is not None


def _barred(act: Act, person_id: str, reason: str) -> NotAllowed:
    return NotAllowed(
        t(
            f"{person_id} 不能{say_act(act)}：{reason}",
            f"{person_id} may not {say_act(act)}: {reason}",
        ),
        t("请由其他有权人员办理", "somebody else who may do it has to"),
    )


def _no_right(act: Act, person_id: str, *, untold: bool) -> NotAllowed:
    if untold:
        return NotAllowed(
            t(
                f"{person_id} 没有收到关于此牌的通知，不能{say_act(act)}",
                f"{person_id} was not told of this card and may not {say_act(act)}",
            ),
            t("由承办部门办理", "its department has to"),
        )
    roles = t("、", ", ").join(say_role(role) for role in MAY[act])
    return NotAllowed(
        t(
            f"{person_id} 无权{say_act(act)}",
            f"{person_id} has no role that may {say_act(act)} here",
        ),
        t(f"须为该范围内的{roles}，或其代理人", f"needed, for this department: {roles}"),
    )


def scope_of(card_row: Row | Mapping[str, Any]) -> Scope:  # type: ignore[type-arg]
    """What an act on a card is about; `card_row` is a row of the card table, or its mapping."""
    row = card_row if isinstance(card_row, Mapping) else card_row._mapping
    return Scope(
        department=row["department"] or "",
        region=row["region"] or "",
        item_code=row["item_code"] or "",
        handler=row["handler"] or "",
        card_no=row["card_no"],
    )


def scope_of_subject(connection: Connection, subject: str) -> Scope | None:
    """What an approval's subject is about: `card:…`, `account:…`, `appeal:…`, `order:…`, `key:…`.

    None for a key, which is about no department. ConfigurationError where there is no such thing.
    """
    kind, _, number = subject.partition(":")
    if kind == "key":
        return None
    if kind == "order":
        row = connection.execute(select(ORDER).where(ORDER.c.order_no == number)).first()
        if row is not None:
            return Scope(row.department or "", row.region or "", row.item_code or "")
    if kind == "appeal":
        appeal = connection.execute(
            select(APPEAL.c.card_no).where(APPEAL.c.appeal_no == number)
        ).first()
        kind, number = "card", "" if appeal is None else appeal.card_no
    if kind in ("card", "account"):
        row = cards.find(connection, number)
        if row is not None:
            return scope_of(row)
    raise ConfigurationError(
        t(f"没有 {subject}", f"there is no {subject}"), t("检查编号", "check the number")
    )


def approvals(
    connection: Connection,
    *,
    subject: str,
    act: Act,
    round: int = 0,  # noqa: A002  the column's word
) -> list[Approval]:
    """The approvals of one decision so far, oldest first."""
    rows = store_approvals.given(connection, subject=subject, act=str(act), round=round)
    return [
        Approval(
            person_id=row.person_id,
            on_behalf_of=json.loads(row.statement)["on_behalf_of"],
            decision=row.decision,
            ground=row.ground,
            text=row.text,
            at=row.at,
            signed=row.signature is not None,
        )
        for row in rows
    ]


def approve(
    context: Context,
    connection: Connection,
    *,
    act: Act,
    subject: str,
    round: int = 0,  # noqa: A002  the column's word
    decision: str,
    ground: str | None = None,
    text: str | None = None,
    evidence: Sequence[Attachment] = (),
    must_sign: bool,
    barred: Mapping[str, str] | None = None,
) -> Approval:
    """Write the approval of the person who acts, signed with `context.key`, and its ledger entry.

    Whether they may is asked again, from the subject: no approval without a right. NotAllowed
    where they may not or approved already (a deputy uses up the right of the absent person), where
    they have a key and it was not given, or where they have none and `must_sign` asks for one.
    """
    standing = standing_of(context, connection, act, scope_of_subject(connection, subject), barred)
    before = approvals(connection, subject=subject, act=act, round=round)
    _check_voices(standing, before, act)
    key = _signing_key(context, connection, standing.person_id, must_sign=must_sign)
    now = context.now()
    what = {
        "act": str(act),
        "subject": subject,
        "round": round,
        "decision": decision,
        "ground": ground,
        "key": None if key is None else key.key_id,
    }
    statement = _statement(
        context,
        connection,
        **what,
        text=None if text is None else digest(text),
        evidence=evidence,
        person=standing.person_id,
        on_behalf_of=standing.on_behalf_of,
        at=rfc3339(now, context.zone),
    )
    signature = None if key is None else key.sign(statement)
    row = {
        **{name: what[name] for name in ("act", "subject", "round", "decision", "ground")},
        "person_id": standing.person_id,
        "at": now,
        "text": text,
        "evidence": attachments_json(evidence),
        "statement": statement,
        "key_id": what["key"],
        "signature": signature,
    }
    _write(context, connection, row)
    return Approval(
        person_id=standing.person_id,
        on_behalf_of=standing.on_behalf_of,
        decision=decision,
        ground=ground,
        text=text,
        at=now,
        signed=signature is not None,
    )


def _write(context: Context, connection: Connection, row: Mapping[str, Any]) -> None:
    """The row and the entry: both say what the statement says."""
    actor = context.actor
    who = {"os_user": actor.os_user, "host": actor.host, "tty": actor.tty}
    store_approvals.add(connection, {**row, **who})
    fact = "/".join(str(row[name]) for name in ("subject", "act", "round", "person_id"))
    ledger.append(
        connection,
        [
            context.entry(
                EntryType.APPROVAL_GIVEN,
                f"{EntryType.APPROVAL_GIVEN}/{fact}",
                entry_of(row["statement"], row["signature"]),
            )
        ],
    )


def entry_of(statement: bytes, signature: bytes | None) -> dict[str, object]:
    """What the ledger says of an approval: its statement's fields, its digest and the signature."""
    said = json.loads(statement)
    fields = ("subject", "act", "round", "decision", "ground", "text", "evidence", "person")
    return {
        **{name: said[name] for name in fields},
        "on_behalf_of": said["on_behalf_of"],
        "key": said["key"],
        "statement": {"sha256": hashlib.sha256(statement).hexdigest()},
        "signature": None if signature is None else signature.hex(),
    }


def _check_voices(standing: Standing, before: Sequence[Approval], act: Act) -> None:
    """Two approvals are of two persons; a deputy and the one they stand in for are one voice."""
    for voice in (standing.person_id, standing.on_behalf_of):
        if voice is not None and any(voice in approval.voices for approval in before):
            raise _barred(
                act,
                standing.person_id,
                t(f"{voice} 已经批准过", f"{voice} has approved it already"),
            )


def _signing_key(
    context: Context, connection: Connection, person_id: str, *, must_sign: bool
) -> signatures.PersonalKey | None:
    enrolled = keys.in_use(connection, person_id)
    given = context.key
    if enrolled is None:
        if given is None and not must_sign:
            return None
        raise NotAllowed(
            t(f"{person_id} 没有登记密钥", f"{person_id} has no enrolled key"),
            t(
                "先登记：effmon people key new，再 effmon people key enrol",
                "enrol one first: effmon people key new, then effmon people key enrol",
            ),
        )
    if given is None:
        raise NotAllowed(
            t(
                f"{person_id} 已登记密钥 {enrolled.key_id}，须用它签名",
                f"{person_id} has the key {enrolled.key_id} and has to sign with it",
            ),
            t("用 --key 文件 或 EFFMON_KEY 给出", "give it with --key FILE or EFFMON_KEY"),
        )
    if given.public != enrolled.public_key:
        raise NotAllowed(
            t(
                f"给出的密钥 {given.key_id} 不是 {person_id} 的密钥 {enrolled.key_id}",
                f"the key {given.key_id} that was given is not {person_id}'s, "
                f"which is {enrolled.key_id}",
            ),
            t("见 effmon people key list", "see effmon people key list"),
        )
    return given


def _statement(context: Context, connection: Connection, **fields: Any) -> bytes:
    head = ledger.read_head(connection)
    return signatures.statement(
        workspace=workspace_id(connection),
        size=head.size,
        root=core_ledger.root(head).sha256.hex(),
        **fields,
    )


def workspace_id(connection: Connection) -> str | None:
    """What tells this workspace from any other: the SHA-256 of its ledger's first entry."""
    first = ledger.first(connection)
    return None if first is None else hashlib.sha256(first).hexdigest()
