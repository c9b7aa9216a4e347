"""USDA APHIS: the agency's own target dates, held against 20 federal working days after receipt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from efficiency_monitor.engine.timeline import CaseRecord
from efficiency_monitor.terms import Level
from efficiency_monitor.time.instants import local_date

from .page import Figures, Part, ResidualClass, data_line, require, share, sort_out, table
from .workspace import Scanned, Taken, Workspace, event_of, opened

FILE = Path(__file__).resolve().parent.parent / "demo" / "usda_foia_2012_2013.csv"
ZONE = "America/New_York"
STATUTE = "us-federal"
SNOW = "us-federal-closed-2013-03-06"
BEFORE_ORDER = "us-federal-open-2012-12-24"
SNOW_DAY = "2013-03-06"
CLOSED_DAY = "2012-12-24"
#: When the order that closed it was signed.
SIGNED = "2012-12-21"
LIMIT = 20
EXTENSION = 10


@dataclass(frozen=True, slots=True)
class Request:
    """A request with both dates: the agency's target, and what the engine counts (ISO dates)."""

    case_no: str
    received: str
    target: str
    #: Due dates after 20 and 30 working days, by calendar.
    due: dict[str, str]
    extended: dict[str, str]
    #: Due after 20 working days and 9 more: the target's own day counted as the first of ten.
    extended_same: str
    after_twentieth: str
    target_is_working: bool


def run() -> Part:
    """Import, scan, compare."""
    with opened(zone=ZONE, calendar=STATUTE, pack="us-foia", as_of="2013-12-31 18:00") as workspace:
        taken = workspace.take([FILE], "usda-foia")
        scanned = workspace.scan()
        records = workspace.cases()
        late = set(workspace.cards(Level.YELLOW))
        requests = [
            _request(workspace, record) for record in records if "promised_due" in record.fields
        ]
    differing = [one for one in requests if one.due[STATUTE] != one.target]
    classes = _classes()
    sort_out(differing, classes)
    verdicts = _verdicts(records, late)
    figures = {
        "rows": taken.counts.read,
        "quarantined": taken.counts.quarantined,
        "requests": len(requests),
        "equal": len(requests) - len(differing),
        **{one.name: len(one.cases) for one in classes},
        "verdicts": verdicts["alike"] + verdicts["differ"],
        "verdicts_alike": verdicts["alike"],
        "verdicts_faulty": verdicts["faulty"],
        "late": verdicts["late"],
    }
    return Part(
        "USDA APHIS, freedom-of-information requests 2012–2013",
        figures,
        _blocks(taken, scanned, requests, classes, verdicts),
        _summary(figures),
        _chinese(figures),
    )


def _request(workspace: Workspace, record: CaseRecord) -> Request:
    accepted = event_of(record, "accepted")
    assert accepted is not None
    start, target = accepted.occurred_at, record.fields["promised_due"]
    calendars = (STATUTE, SNOW, BEFORE_ORDER)

    def due(calendar: str, days: int) -> str:
        return workspace.due_date(calendar, start, f"{days} working_days")

    return Request(
        case_no=record.case_no,
        received=workspace.date(start),
        target=target,
        due={name: due(name, LIMIT) for name in calendars},
        extended={name: due(name, LIMIT + EXTENSION) for name in calendars},
        extended_same=due(STATUTE, LIMIT + EXTENSION - 1),
        after_twentieth=due(STATUTE, LIMIT + 1),
        target_is_working=_is_working(workspace, target),
    )


def _is_working(workspace: Workspace, day: str) -> bool:
    calendar = workspace.context.catalogue.calendars[STATUTE]
    return calendar.day(date.fromisoformat(day)).kind.working


def _classes() -> list[ResidualClass[Request]]:
    """The ways in which a target differs, most definite first."""
    return [
        ResidualClass(
            "snow_day",
            f"20 working days with Wednesday {SNOW_DAY} off: on that day the Office of Personnel "
            "Management closed the federal offices of the Washington area for snow. No holiday by "
            "5 U.S.C. 6103, so our calendar has it worked.",
            lambda one: one.target == one.due[SNOW],
        ),
        ResidualClass(
            "extension",
            "30 working days: 20 and the ten of 5 U.S.C. 552(a)(6)(B)(i), unusual circumstances.",
            lambda one: one.target == one.extended[STATUTE],
        ),
        ResidualClass(
            "before_order",
            f"20 working days with Monday {CLOSED_DAY} worked: Executive Order 13633, which closed "
            f"the offices on it, was signed on {SIGNED}, after these requests were received.",
            lambda one: one.target == one.due[BEFORE_ORDER] and one.received < SIGNED,
        ),
        ResidualClass(
            "extension_same_day",
            "29 working days: the ten further days counted with the twentieth as the first. "
            "Supposed after looking at the data; no rule says so.",
            lambda one: one.target == one.extended_same,
        ),
        ResidualClass(
            "extension_and_snow_day",
            f"30 working days with {SNOW_DAY} off: both of the above.",
            lambda one: one.target == one.extended[SNOW],
        ),
        ResidualClass(
            "month_mistyped",
            "the day is right and the month one later: a slip in typing.",
            lambda one: _month_later(one.due[STATUTE]) == one.target,
        ),
        ResidualClass(
            "on_day_off",
            "the target is itself a Saturday, a Sunday or a holiday: no count of working days "
            "ends there, so it was typed and not counted. Why this date is unexplained.",
            lambda one: not one.target_is_working,
        ),
        ResidualClass("shorter", "", lambda one: one.target < one.due[STATUTE]),
        ResidualClass("longer", "", lambda one: True),
    ]


def _month_later(day: str) -> str:
    year, month = int(day[:4]), int(day[5:7])
    return f"{year + month // 12:04}-{month % 12 + 1:02}{day[7:]}"


def _verdicts(records: Sequence[CaseRecord], late: set[str]) -> Counter[str]:
    """Yellow cards against the agency's own two dates, of what is closed and has a target."""
    found: Counter[str] = Counter()
    for record in records:
        decided, accepted = event_of(record, "decided"), event_of(record, "accepted")
        if decided is None or accepted is None or "promised_due" not in record.fields:
            continue
        if decided.occurred_at < accepted.occurred_at:
            found["faulty"] += 1
            continue
        is_late = local_date(decided.occurred_at, ZONE) > record.fields["promised_due"]
        found["late"] += is_late
        found["alike" if is_late == (record.case_no in late) else "differ"] += 1
    return found


def best_day_off(requests: Sequence[Request]) -> list[tuple[int, str]]:
    """Every working day by how many targets more would be met if it were off, the best first.

    Looked for over all of them, so that a day is not picked because it suits.
    """
    first = date.fromisoformat(min(one.received for one in requests))
    last = date.fromisoformat(max(one.due[STATUTE] for one in requests))
    every = [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    gains = []
    for day in every:
        met = [one for one in requests if one.received < day <= one.due[STATUTE]]
        gain = sum(one.target == one.after_twentieth for one in met)
        gains.append((gain - sum(one.target == one.due[STATUTE] for one in met), day))
    return sorted(gains, key=lambda each: (-each[0], each[1]))


def _blocks(
    taken: Taken,
    scanned: Scanned,
    requests: Sequence[Request],
    classes: Sequence[ResidualClass[Request]],
    verdicts: Counter[str],
) -> list[str]:
    equal = sum(one.due[STATUTE] == one.target for one in requests)
    return [
        (
            "Monthly logs of the Animal and Plant Health Inspection Service, a work of the US "
            f"Government. {data_line(FILE, 'demo/usda_foia_2012_2013.csv')}."
        ),
        (
            f"**Imported** by the mapping `usda-foia`: {taken.sentence}. The quarantined rows are "
            "requests that stand in two monthly logs with different dates; nothing tells the two "
            "apart, so neither is believed."
        ),
        (
            "**What the agency says**: for each request the date of receipt and a target date. The "
            "statute gives 20 working days (5 U.S.C. 552(a)(6)(A)(i)); how the agency came to its "
            "targets is not said."
        ),
        (
            "**What the engine says**: the date on which `20 working_days` fall due from the "
            f"receipt on the calendar `{STATUTE}`. The holidays of that calendar are held against "
            "the package `holidays`, day by day, in our tests; closings by executive order stand "
            "in no such list and are held against nothing. The one that matters here, 2012-12-24, "
            "has its order's number; of those from 2015 on the calendar has the day alone."
        ),
        table(
            ("targets", "requests", "share"),
            [
                ("equal to the day", equal, share(equal, len(requests))),
                (
                    "not equal",
                    len(requests) - equal,
                    share(len(requests) - equal, len(requests)),
                ),
            ],
        ),
        "**Those that are not equal**, each in the first class that fits it:",
        _class_table(requests, classes),
        _counter_evidence(requests),
        _spread(requests, classes),
        (
            "**Late or not, by a scan**: with the pack `us-foia` a yellow card says later than the "
            "agency's own target."
        ),
        _verdict_table(scanned, verdicts),
    ]


_NAMES = {
    "snow_day": "a day off that is in no statute",
    "extension": "ten days' extension",
    "before_order": "set before the closing was ordered",
    "extension_same_day": "nine days more",
    "extension_and_snow_day": "extension and snow day",
    "month_mistyped": "one month late",
    "on_day_off": "on a day off",
    "shorter": "earlier, **unexplained**",
    "longer": "later, **unexplained**",
}


def _class_table(requests: Sequence[Request], classes: Sequence[ResidualClass[Request]]) -> str:
    rows: list[tuple[object, ...]] = []
    for one in classes:
        said = one.supposed
        if one.name == "longer":
            said = (
                "the target was set or put off by hand: the agency may stop the clock while it "
                "asks the requester (552(a)(6)(A)(ii)) and may agree on another date "
                "((6)(B)(ii)), but the logs have no column that would say so. Not tested, so not "
                "explained."
            )
        if one.name == "shorter":
            said = "sooner than the statute asks; nothing in the row says why."
        rows.append((_NAMES[one.name], len(one.cases), said))
    return table(
        ("class", "requests", "what is supposed, and how it was tested: by counting"), rows
    )


def _counter_evidence(requests: Sequence[Request]) -> str:
    """What speaks against the two hypotheses about single days."""

    def told(calendar: str) -> tuple[int, int, int]:
        touched = [one for one in requests if one.due[calendar] != one.due[STATUTE]]
        with_it = sum(one.target == one.due[calendar] for one in touched)
        return len(touched), with_it, sum(one.target == one.due[STATUTE] for one in touched)

    snow, order = told(SNOW), told(BEFORE_ORDER)
    early = sum(
        one.target == one.due[BEFORE_ORDER] != one.due[STATUTE] and one.received < SIGNED
        for one in requests
    )
    require(early == order[1], f"targets with {CLOSED_DAY} worked were set before the order")
    (gain, best), (next_gain, second), *rest = best_day_off(requests)
    return (
        "What speaks for and against the single days: "
        f"of {snow[0]} requests whose 20 days span {SNOW_DAY}, {snow[1]} have the target that "
        f"follows if it was off and {snow[2]} the one that follows if it was worked. Of all "
        f"{len(rest) + 2:,} dates of the two years, taken off one at a time, {best} meets most "
        f"targets more ({gain}), then {second} ({next_gain}), which spans nearly the same "
        f"requests. Of {order[0]} requests whose 20 days span {CLOSED_DAY}, {order[2]} have the "
        f"target that follows from the order and {order[1]} the one from before it, all of these "
        "received before it was signed."
    )


def _spread(requests: Sequence[Request], classes: Sequence[ResidualClass[Request]]) -> str:
    later = next(one.cases for one in classes if one.name == "longer")
    days = Counter(
        (date.fromisoformat(one.target) - date.fromisoformat(one.received)).days for one in later
    )
    return (
        f"The {len(later)} later ones lie {min(days)} to {max(days)} calendar days after receipt, "
        f"on {len(days)} different numbers of days, the most frequent of them held by "
        f"{days.most_common(1)[0][1]}: no common rule is behind them."
    )


def _verdict_table(scanned: Scanned, verdicts: Counter[str]) -> str:
    closed = verdicts["alike"] + verdicts["differ"]
    return table(
        ("closed requests with a target", "requests", "share"),
        [
            (
                "judged as the agency's dates say",
                verdicts["alike"],
                share(verdicts["alike"], closed),
            ),
            ("judged otherwise", verdicts["differ"], share(verdicts["differ"], closed)),
        ],
    ) + (
        f"\n\nLate by the agency's dates: {verdicts['late']}. {verdicts['faulty']} request more "
        "is closed before it was received: faulty data, which gets a data problem and no card. "
        f"Of all {scanned.total:,} cases {scanned.judged:,} are judged, "
        f"{scanned.not_judgeable} not judgeable, {scanned.excluded} excluded."
    )


def _chinese(figures: Figures) -> str:
    unexplained = figures["longer"] + figures["shorter"] + figures["on_day_off"]
    return (
        f"美国农业部信息公开申请：{figures['requests']:,} 件中 {figures['equal']:,} 件的目标日期"
        f"等于收件后 20 个联邦工作日，{unexplained} 件未能解释；"
        f"已办结 {figures['verdicts']} 件，是否晚于目标日期一致 {figures['verdicts_alike']} 件"
    )


def _summary(figures: Figures) -> Sequence[Sequence[str]]:
    explained = sum(figures[name] for name in ("snow_day", "extension", "before_order"))
    unexplained = figures["longer"] + figures["shorter"] + figures["on_day_off"]
    supposed = figures["requests"] - figures["equal"] - explained - unexplained
    return (
        (
            "USDA APHIS 2012–2013",
            "target = 20 federal working days after receipt",
            (
                f"{figures['equal']:,} of {figures['requests']:,} "
                f"({share(figures['equal'], figures['requests'])})"
            ),
            f"{explained} by three tested causes, {supposed} supposed, {unexplained} unexplained",
        ),
        (
            "USDA APHIS 2012–2013",
            "closed after the agency's target = yellow card",
            (
                f"{figures['verdicts_alike']} of {figures['verdicts']} "
                f"({share(figures['verdicts_alike'], figures['verdicts'])})"
            ),
            f"{figures['verdicts_faulty']} closed before it was received: no card",
        ),
    )
