"""Ladders 督办层级: begun with a card, held by its answers, ended with it (docs/contract.md 7).

What a ladder does next is decided in `followup.ladders.model` whenever `advance` looks at it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from ...catalogue.catalogue_files import LoadedLadder
from ...faults import CatalogueError, ConfigurationError
from ...i18n.messages import t
from ...i18n.model_words import nearest
from ...notify.telling import Telling
from ...people.model.people import Person, Role
from ...rules.ladders import Chain, Step
from ...terms import CardState, Level
from ...time.amount import Amount
from ...workspace.context import Context, Writing, compact_json
from ...workspace.settings import FILE
from ..deadlines import Deadlines
from . import advance as climbing
from . import revival, store
from .advance import (
    LadderReport,
    chain_of,
    is_about,
    is_present,
    not_taken_back,
    still_untold,
)
from .model import step_turn

__all__ = [
    "LadderReport",
    "advance",
    "answered",
    "begin",
    "check",
    "default_ladder",
    "delivered",
    "ended",
    "ladder_of",
    "tell_everyone",
    "undeliverable",
    "who_first",
]

#: Cards of an older database that get their ladder in one transaction.
_BATCH = 250


def ladder_of(context: Context, card: Mapping[Any, Any]) -> LoadedLadder:
    """The ladder of a card: its rule's, else the workspace's."""
    bound = context.catalogue.rule_of.get((card["rule_id"], card["rule_version"]))
    if bound is None or bound.rule.ladder is None:
        return default_ladder(context)
    return context.catalogue.ladders[bound.rule.ladder]


def default_ladder(context: Context) -> LoadedLadder:
    """The workspace's ladder; ConfigurationError where the catalogue has none of that name."""
    name, known = context.settings.ladders.default, context.catalogue.ladders
    if name not in known:
        raise ConfigurationError(
            t(
                "{file}: ladders.default: no ladder {name!r}{name_2}",
                file=FILE,
                name=name,
                name_2=nearest(name, list(known)),
            ),
            t("see effmon ladders list"),
        )
    return known[name]


def check(context: Context) -> None:
    """ConfigurationError or CatalogueError where a card that is issued would find no ladder."""
    default_ladder(context)


def begin(
    context: Context, connection: Connection, card_rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Begin the ladders of cards that now stand, or go on with those of revived ones.

    In the transaction that issues, confirms or revives them. Of a card that waits to be confirmed
    the supervisors are told; other states get nothing. The cards that nobody is told of.
    """
    standing = [row for row in card_rows if row["state"] in store.CLIMBING]
    pending = [row for row in card_rows if row["state"] == CardState.PENDING]
    if not standing and not pending:
        return []
    telling = Telling(context, connection)
    untold = [
        str(row["card_no"])
        for row in pending
        if not telling.tell(
            telling.find(row, (Role.SUPERVISOR,)),
            subject=f"card:{row['card_no']}",
            kind="to_confirm",
            card_no=row["card_no"],
        )
    ]
    numbers = [str(row["card_no"]) for row in standing]
    runs = store.runs_of(connection, numbers)
    notices = store.notices_of(connection, numbers)
    answers = store.answers(connection, numbers)
    higher = store.superseded_by(connection, list(runs))
    new = []
    for row in standing:
        card_no = str(row["card_no"])
        if card_no in runs and runs[card_no].state != "ended":
            continue  # it is on its way already
        known = notices.get(card_no, [])
        telling.make_void([each for each in known if each.kind == "to_confirm"], "confirmed")
        if card_no in runs and _told(known):
            revival.resume(context, connection, telling, runs[card_no], known, higher.get(card_no))
            continue
        run = _new_run(context, telling, row, known)
        for what, name in (("acknowledged", "acknowledged_at"), ("replied", "replied_at")):
            run[name] = answers.get((card_no, what))
        if run["missed"] is not None and not _told(known):
            untold.append(card_no)
        if card_no in runs:
            store.change(connection, **run)
        else:
            new.append(run)
    store.write(connection, new)
    telling.finish()
    return untold


def _told(notices: Iterable[Any]) -> list[Any]:
    return [each for each in notices if is_about(each.kind) and each.state in ("sent", "pending")]


def _new_run(
    context: Context, telling: Telling, card: Mapping[str, Any], known: Sequence[Any]
) -> dict[str, Any]:
    """The row of a ladder that begins, its first step told unless that was done before."""
    loaded = ladder_of(context, card)
    level = Level(card["level"])
    chain = loaded.ladder.chains.of(level)
    alarm = loaded.ladder.alarms.not_followed_up
    bound = context.catalogue.rule_of.get((card["rule_id"], card["rule_version"]))
    now = context.now()
    was_told = any(each.kind == "issued" and each.state != "void" for each in known)
    missed = not was_told and not tell_first(telling, card, chain)
    return {
        "card_no": card["card_no"],
        "ladder_id": loaded.ladder.id,
        "ladder_version": loaded.ladder.version,
        "ladder_digest": loaded.digest,
        "chain": compact_json(
            {
                "chain": chain.model_dump(mode="json", exclude_unset=True),
                "not_followed_up": alarm.model_dump(mode="json")
                if alarm is not None and level.word in alarm.levels
                else None,
            }
        ),
        "began_at": now,
        "step": 1,
        "turn": 1,
        "delivered_at": None,
        "first_delivered_at": None,
        "reply_due_at": None,
        "unanswered_at": None,
        "ended_reason": None,
        "told_at": min((each.created_at for each in known if each.kind == "issued"), default=now)
        if was_told
        else now,
        "missed_at": now if missed else None,
        "missed": "nobody" if missed else None,
        "reply_within": bound.rule.reply_within
        if bound is not None and bound.rule.reply_within is not None
        else chain.reply_within,
        "state": "running",
        # What was told before may have been delivered: that is found out when it is looked at.
        "next_at": now if missed or was_told else None,
    }


def who_first(
    context: Context, telling: Telling, level: Level, matter: Mapping[str, Any]
) -> list[Person]:
    """Who is told first of a card of that level by the workspace's ladder."""
    chain = default_ladder(context).ladder.chains.of(level)
    return telling.find(matter, chain.steps[0].tell) or telling.find(matter, (Role.SUPERVISOR,))


def tell_first(telling: Telling, card: Mapping[str, Any], chain: Chain) -> int:
    """Tell the first step of a card; where it finds nobody, the supervisors. How many are told."""
    return telling.tell(
        first_told(telling, card, chain),
        subject=f"card:{card['card_no']}",
        kind="issued",
        card_no=card["card_no"],
    )


def first_told(telling: Telling, card: Mapping[str, Any], chain: Chain) -> list[Person]:
    """Who is told when a card is given: the first step's, where that is nobody the supervisors."""
    return telling.of_card(card, chain.steps[0].tell, first=True) or telling.of_card(
        card, (Role.SUPERVISOR,)
    )


def delivered(context: Context, connection: Connection, notices: Sequence[Any], now: int) -> None:
    """Let deadlines begin: these rows of the outbox were delivered, in this transaction."""
    reached: dict[str, list[Any]] = {}
    for row in notices:
        if row.card_no is not None and is_about(row.kind):
            reached.setdefault(row.card_no, []).append(row)
    deadlines = Deadlines(context)
    for card_no, run in store.runs_of(connection, list(reached)).items():
        if run.state == "ended":
            continue
        values: dict[str, object] = {"state": "running", "next_at": now}
        if run.first_delivered_at is None:
            values |= _reply_term(deadlines, run, now)
        # What comes late of an earlier step, or of an earlier revival, is not the present one.
        present = any(
            is_present(row.kind, run.step) and row.created_at >= run.told_at
            for row in reached[card_no]
        )
        if run.delivered_at is None and present:
            values |= {"delivered_at": now, "missed_at": None, "missed": None}
        store.change(connection, card_no, **values)


def _reply_term(deadlines: Deadlines, run: Any, now: int) -> dict[str, object]:
    """When the time to reply began, and its end.

    A calendar file that cannot be read must not undo that a message has left, or it would leave
    again and again: then both are set when the ladder is looked at next (`advance`).
    """
    if run.reply_within is None or run.replied_at is not None:
        return {"first_delivered_at": now}
    try:
        due = deadlines.due(run.calendar, now, Amount.parse(run.reply_within))
    except CatalogueError:
        return {}
    return {"first_delivered_at": now, "reply_due_at": due}


def undeliverable(
    context: Context, connection: Connection, notices: Sequence[Any], now: int
) -> None:
    """Let the ladders be looked at whose notices, these rows, will not be delivered any more."""
    store.wake(connection, {row.card_no for row in notices if row.card_no is not None}, now)


def answered(context: Context, connection: Connection, card_no: str, what: str, at: int) -> None:
    """A card was `acknowledged` or `replied` to: what that stops and is not yet sent becomes void.

    A step of which nothing was sent counts as not told: it is told later if the ladder goes on.
    """
    run = store.runs_of(connection, [card_no]).get(card_no)
    if run is None or run.state == "ended":
        return
    values: dict[str, object] = {"state": "running", "next_at": at}
    name = f"{what}_at"
    if getattr(run, name) is None:
        values[name] = at
    known = not_taken_back(store.notices_of(connection, [card_no]).get(card_no, []), run)
    telling = Telling(context, connection)
    step = chain_of(run.chain).steps[run.step - 1]
    present = [each for each in known if _is_of(each.kind, run.step)]
    void = []
    if _keeps(step, what):
        void = telling.make_void(present, what)
    if what == "replied":
        telling.make_void([each for each in known if _says_unanswered(each.kind)], what)
    if void and run.step > 1 and run.delivered_at is None and len(void) == len(present):
        values |= _stepped_back(run.step - 1, known, at)
    store.change(connection, card_no, **values)
    telling.finish()


def _keeps(step: Step, what: str) -> bool:
    return what in step.stops or (what == "replied" and "acknowledged" in step.stops)


def _says_unanswered(kind: str) -> bool:
    return kind.partition(":")[0] == "unanswered"


def _is_of(kind: str, step: int) -> bool:
    at = step_turn(kind)
    return at is not None and at[0] == step


def _stepped_back(step: int, known: Sequence[Any], at: int) -> dict[str, object]:
    """Where a ladder stands whose newest step was taken back before anybody received it."""
    sent = [each for each in known if is_present(each.kind, step) and each.sent_at is not None]
    told = [step_turn(each.kind) for each in known]
    turns = [one[1] for one in told if one is not None and one[0] == step]
    since = min((each.sent_at for each in sent), default=None)
    return {
        "step": step,
        "turn": max(turns, default=1),
        "delivered_at": since,
        "missed_at": at if since is None else None,
        "missed": "undeliverable" if since is None else None,
    }


def ended(context: Context, connection: Connection, card_nos: Sequence[str], reason: str) -> None:
    """End the ladders of cards: closed, lifted, superseded. What is not yet sent becomes void."""
    runs = store.runs_of(connection, card_nos)
    notices = store.notices_of(connection, card_nos)
    telling = Telling(context, connection)
    for card_no in card_nos:
        known = notices.get(card_no, [])
        telling.make_void(
            [each for each in known if is_about(each.kind) or each.kind == "to_confirm"], reason
        )
        if card_no in runs and runs[card_no].state != "ended":
            store.change(connection, card_no, state="ended", ended_reason=reason, next_at=None)
    telling.finish()


def tell_everyone(context: Context, writing: Writing) -> list[tuple[str, str]]:
    """Tell of standing cards that nobody was told of yet; what is left, with the reason.

    A card may have found nobody when it was issued, because people were imported later; one of an
    older database has no ladder yet. No card is without a person told or a reported reason.
    """
    _begin_all(context, writing)
    return still_untold(context)


def advance(context: Context) -> LadderReport:
    """Look at every ladder whose time has come and tell what is due; none stays unbegun."""
    _begin_all(context, context.store.writing)
    return climbing.advance(context)


def _begin_all(context: Context, writing: Writing) -> None:
    """Begin the ladders that standing cards do not have yet, and try the untold ones again."""
    check(context)
    while True:
        with context.store.reading() as connection:
            if not store.without_run(connection, 1):
                break
        with writing() as connection:
            rows = store.without_run(connection, _BATCH)
            begin(context, connection, [dict(row._mapping) for row in rows])
    with context.store.reading() as connection:
        waiting = store.told_nobody(connection)
    if waiting:
        with writing() as connection:
            _tell_again(context, connection)


def _tell_again(context: Context, connection: Connection) -> None:
    telling = Telling(context, connection)
    for row in store.told_nobody(connection):
        card = dict(row._mapping)
        if card["state"] == CardState.PENDING:
            found = telling.find(card, (Role.SUPERVISOR,))
            if found:
                telling.tell(
                    found,
                    subject=f"card:{card['card_no']}",
                    kind="to_confirm",
                    card_no=card["card_no"],
                )
            continue
        run = store.runs_of(connection, [card["card_no"]])[card["card_no"]]
        chain = chain_of(run.chain)
        if first_told(telling, card, chain):
            tell_first(telling, card, chain)
            store.change(
                connection,
                card["card_no"],
                step=1,
                turn=1,
                told_at=context.now(),
                missed_at=None,
                missed=None,
                state="running",
                next_at=None,
            )
    telling.finish()
