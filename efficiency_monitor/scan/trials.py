"""Rules on trial 试运行: judged by every scan and reported; no card or notice comes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ..cards.model import decide as core_cards
from ..engine.evaluation import evaluate
from ..engine.findings import CaseFindings
from ..engine.giving_way import giving_way
from ..engine.timeline import CaseRecord, calendars_of
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..terms import CardState, Level
from ..time.instants import local_date, rfc3339
from ..workspace.context import Catalogue, Context
from .store import trials

#: Rule → level's word → how many.
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What rules on trial find of one case: would-be cards, and when time alone adds one."""

    rows: tuple[Mapping[str, object], ...]
    next_at: int | None


def judge(
    catalogue: Catalogue, records: Sequence[CaseRecord], as_of: int, watch_from: int | None
) -> list[Judged]:
    """What each case would be given by the rules on trial, in the order of the cases."""
    if not catalogue.trials:
        return [Judged((), None)] * len(records)
    calendars = catalogue.compiled_for(calendars_of(records))
    found = evaluate(records, catalogue.trials, catalogue.vocabulary, calendars, as_of)
    asked = {
        card.unless.rule for bound in catalogue.trials for card in bound.rule.cards if card.unless
    }
    beside = [bound for bound in catalogue.rules if bound.rule.id in asked]
    if beside:
        others = evaluate(records, beside, catalogue.vocabulary, calendars, as_of)
        found = [giving_way(one, other.grounds) for one, other in zip(found, others, strict=True)]
    return [Judged(tuple(_rows(each, as_of, watch_from)), each.changes_at) for each in found]


def _rows(
    found: CaseFindings, as_of: int, watch_from: int | None
) -> Iterator[Mapping[str, object]]:
    decisions = core_cards.decide(
        found, (), rule_ids=frozenset(), calendar_version="", watch_from=watch_from
    )
    for decision in decisions:
        if not isinstance(decision, core_cards.Issue) or decision.state is CardState.HISTORICAL:
            continue
        bound = decision.ground.bound
        yield {
            "rule_id": bound.rule.id,
            "rule_version": bound.rule.version,
            "pack": bound.pack,
            "episode": decision.ground.key,
            "level": int(decision.level.level),
            "limit_name": decision.level.limit,
            "limit_at": decision.level.at,
            "fell_due_at": decision.level.instant,
            "as_of": as_of,
        }


def write(connection: Connection, case_ids: Sequence[int], judged: Sequence[Judged]) -> None:
    """Keep what was found of cases, in the place of what was known of them."""
    rows = [
        {"case_id": case_id, **row}
        for case_id, each in zip(case_ids, judged, strict=True)
        for row in each.rows
    ]
    if rows or trials.any_finding(connection):
        trials.replace(connection, case_ids, rows)


def count(rows: Sequence[Mapping[str, object]], into: Counts) -> None:
    """Add would-be cards to counts by rule and level."""
    for row in rows:
        levels = into.setdefault(str(row["rule_id"]), {level.word: 0 for level in Level})
        levels[Level(int(str(row["level"]))).word] += 1


def nothing(catalogue: Catalogue) -> Counts:
    """Counts in which no rule on trial gives anything."""
    return {bound.rule.id: {level.word: 0 for level in Level} for bound in catalogue.trials}


def totals(context: Context, connection: Connection) -> Counts:
    """What the rules on trial would have given in all, also those that would give nothing."""
    found = nothing(context.catalogue)
    for row in trials.counts(connection):
        if row.rule_id in found:
            found[row.rule_id][Level(row.level).word] = row.number
    return found


def listed(context: Context, rule_id: str) -> list[dict[str, Any]]:
    """The would-be cards of a rule as of the last scan; ConfigurationError if it is on no trial."""
    wanted = rule_id.strip().upper()
    known = sorted({bound.rule.id for bound in context.catalogue.trials})
    if wanted not in known:
        raise ConfigurationError(
            t("the rule {rule_id!r} is not on trial", rule_id=rule_id),
            t(
                "on trial: {value}",
                value=", ".join(known) or "none",
                value_2="、".join(known) or "无",
            ),
        )
    with context.store.reading() as connection:
        rows = trials.listed(connection, wanted)
    return [
        {
            "rule": row.rule_id,
            "rule_version": row.rule_version,
            "pack": row.pack,
            "case_no": row.case_no,
            "level": Level(row.level).word,
            "at": row.limit_at,
            "fell_due_at": None
            if row.fell_due_at is None
            else rfc3339(row.fell_due_at, context.zone),
            "as_of": rfc3339(row.as_of, context.zone),
        }
        for row in rows
    ]


def endless(context: Context) -> Iterator[tuple[str, bool, str]]:
    """Each rule on trial: its id, whether its trial is still within its time, a sentence."""
    today = date.fromisoformat(local_date(context.now(), context.zone))
    for bound in context.catalogue.trials:
        until = None if bound.rule.trial is None else bound.rule.trial.until
        if until is None:
            yield (
                bound.rule.id,
                False,
                t("a trial without an end: write trial: {until: DATE}, or make it stable"),
            )
        elif until < today:
            yield (
                bound.rule.id,
                False,
                t("its trial ended on {until}: make it stable, or take the rule out", until=until),
            )
        else:
            yield bound.rule.id, True, t("on trial until {until}", until=until)
