"""Who acts, whether they may, and the approvals that they sign.

What is refused is said in one line (`NotAllowed`); the transaction of the caller is rolled back.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from ..cards.store import cards
from ..faults import ConfigurationError, NotAllowed
from ..followup.evidence.model import Attachment
from ..i18n.act_words import say_act, say_role
from ..i18n.messages import t
from ..notify.notices import people
from ..records.matter_tables import AppealRow, NoticeRow, OrderRow
from ..time.instants import local_date
from ..workspace.context import Context
from .model.authority import Act, Scope, Standing, roles_for, standings
from .model.people import Person
from .proof import proof_of
from .signing import Approval, approvals, sign

__all__ = [
    "Approval",
    "acting",
    "approvals",
    "approve",
    "scope_of",
    "scope_of_subject",
    "standing_of",
]

APPEAL = AppealRow.__table__  # type: ignore[attr-defined]
ORDER = OrderRow.__table__  # type: ignore[attr-defined]
NOTICE = NoticeRow.__table__  # type: ignore[attr-defined]


def acting(
    context: Context,
    connection: Connection,
    act: Act,
    scope: Scope | None,
    barred: Mapping[str, str] | None = None,
    *,
    second: bool = False,
) -> str:
    """The id of the person who acts, if they may do this; NotAllowed says why they may not.

    `scope` None: the act is about no department (keys). `barred` maps person ids to the reason why
    this person may not, in the language of the user; it beats every right, also that of a deputy
    of such a person. `second`: the act is one of two, so that a leader may do it beside the one
    person who supervises. Call it inside the transaction that does the act.
    """
    return standing_of(context, connection, act, scope, barred, second=second).person_id


def standing_of(
    context: Context,
    connection: Connection,
    act: Act,
    scope: Scope | None,
    barred: Mapping[str, str] | None = None,
    *,
    second: bool = False,
) -> Standing:
    """As `acting`, and in which role and for whom, to be put into an entry."""
    standing = claimed_standing(context, connection, act, scope, barred, second=second)
    # A leader in second place is one by their key alone, whether keys are in use or not.
    proof_of(context, connection, act, standing.person_id, must_sign=standing.second)
    return standing


def claimed_standing(
    context: Context,
    connection: Connection,
    act: Act,
    scope: Scope | None,
    barred: Mapping[str, str] | None = None,
    *,
    second: bool = False,
) -> Standing:
    """As `standing_of`, of whom `--as` names, without any proof that it is they.

    For what is proved otherwise: by the signature that follows, or by the database's owner.
    """
    barred = barred or {}
    person_id = claimed(context)
    everybody = people(connection)
    if all(row.person_id != person_id for row in everybody):
        raise NotAllowed(
            t("there is no person {person_id}", person_id=person_id),
            t("see effmon people list; persons come with effmon people import"),
        )
    if person_id in barred:
        raise _barred(act, person_id, barred[person_id])
    on = date.fromisoformat(local_date(context.now(), context.zone))
    reason = None
    untold = alone = False
    for standing in standings(everybody, act, scope, person_id, on):
        away = standing.on_behalf_of
        if standing.second and not second:
            alone = True
        elif away is not None and away in barred:
            reason = barred[away]
        elif standing.if_told and not _was_told(connection, standing, scope):
            untold = True
        else:
            return standing
    if reason is not None:
        raise _barred(act, person_id, reason)
    raise _no_right(everybody, act, person_id, untold=untold, alone=alone)


def claimed(context: Context) -> str:
    """The id of the person of `--as`; NotAllowed where nobody is named."""
    if context.person is None:
        raise NotAllowed(
            t("nobody is named who acts"),
            t("say for whom with --as PERSON"),
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
            "{person_id} may not {act}: {reason}",
            person_id=person_id,
            act=say_act(act),
            reason=reason,
        ),
        t("somebody else who may do it has to"),
    )


def _no_right(
    everybody: Sequence[Person], act: Act, person_id: str, *, untold: bool, alone: bool
) -> NotAllowed:
    if alone:
        return NotAllowed(
            t(
                "{person_id} may {act} only as the second of two, and this takes one",
                person_id=person_id,
                act=say_act(act),
            ),
            t("the person who supervises has to"),
        )
    if untold:
        return NotAllowed(
            t(
                "{person_id} was not told of this card and may not {act}",
                person_id=person_id,
                act=say_act(act),
            ),
            t("its department has to"),
        )
    roles = t(", ").join(say_role(role) for role in roles_for(act, everybody))
    return NotAllowed(
        t("{person_id} has no role that may {act} here", person_id=person_id, act=say_act(act)),
        t("needed, for this department: {roles}", roles=roles),
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
    """What an approval's subject is about: `card:…`, `account:…`, `appeal:…`, `order:…`, `key:…`,
    `change:…`, `people:…`, `person:…`, `evidence:…`, `clock:…`, `source:…`.

    None for a key, a change of rules or of who supervises, a clock, a source's cases, which are
    about no department, and for evidence, of which each department is asked for by itself.
    ConfigurationError where there is no such thing.
    """
    kind, _, number = subject.partition(":")
    if kind in ("key", "change", "people", "person", "evidence", "clock", "source"):
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
    raise ConfigurationError(t("there is no {subject}", subject=subject), t("check the number"))


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
    second: bool = False,
) -> Approval:
    """Write the approval of the person who acts, signed with `context.key`, and its ledger entry.

    Whether they may is asked again, from the subject: no approval without a right. NotAllowed
    where they may not or approved already (a deputy uses up the right of the absent person), where
    they have a key and it was not given, or where they have none and `must_sign` asks for one.
    """
    return sign(
        context,
        connection,
        claimed_standing(
            context,
            connection,
            act,
            scope_of_subject(connection, subject),
            barred,
            second=second,
        ),
        act=act,
        subject=subject,
        round=round,
        decision=decision,
        ground=ground,
        text=text,
        evidence=evidence,
        must_sign=must_sign,
    )
