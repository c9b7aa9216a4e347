"""A back-test as one HTML file: totals first, a picture by month, departments, then each card.

The file needs no network and no script. Whatever comes from data is escaped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from efficiency_monitor.i18n.language import (
    say_amount,
    say_level,
    say_local,
    say_reason,
    say_threshold,
)
from efficiency_monitor.i18n.messages import language, t
from efficiency_monitor.rules.comparison import SIGNS

from ..i18n.backtest_words import CHANGES, COUNTS
from ..i18n.measure_words import WINDOWS
from ..i18n.tally_words import say_given_to
from .masking import masked
from .tabular import put_in_place
from .text_safety import safe

#: Cards that are shown one by one: a browser has to open the page.
MOST_CARDS: Final = 2_000
#: Months up to which each is named.
_FEW: Final = 24
_SHOWN: Final = ("before", "after", "new", "gone", "earlier", "later", "same")
_STYLE: Final = """
:root{--ink:#1d2530;--dim:#5c6875;--line:#d9dee5;--back:#f6f7f9;--before:#8a97a6;--after:#2f6db5;
--warning:#0b7285;--yellow:#9a6700;--red:#b42318}
*{box-sizing:border-box}body{overflow-wrap:anywhere}
body{margin:0 auto;max-width:1180px;padding:20px 16px 48px;color:var(--ink);background:#fff;
font:15px/1.55 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC",sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 10px}
p{margin:4px 0}.dim{color:var(--dim)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:10px;margin:16px 0}
.tile{background:var(--back);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.tile b{display:block;font-size:24px;line-height:1.25;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:600;white-space:nowrap}
td:first-child{min-width:5.5em}td.n,th.n{text-align:right;white-space:nowrap}td.t{white-space:nowrap}
.warning{color:var(--warning)}.yellow{color:var(--yellow)}.red{color:var(--red)}
.level{font-weight:600;white-space:nowrap}.key{display:inline-block;width:12px;height:12px;
border-radius:2px;margin:0 5px 0 12px;vertical-align:-1px}
svg{display:block;width:100%;height:auto}svg text{fill:var(--dim);font-size:12px}
.cards td{font-size:13.5px}.cards .t{white-space:nowrap}
@media (max-width:640px){body{padding:14px 12px 40px;font-size:14px}
th,td{padding-right:5px;font-size:12px}td:first-child{min-width:4em}
.cards thead{position:absolute;left:-9999px}
.cards tr{display:block;border:1px solid var(--line);border-radius:8px;margin:0 0 10px;
padding:6px 12px}
.cards td{display:flex;gap:12px;justify-content:space-between;border:0;padding:2px 0;
text-align:right}
.cards td::before{content:attr(data-name);color:var(--dim);flex:none;text-align:left}
.cards td:empty{display:none}}
@media print{body{max-width:none;padding:0}.wide{overflow:visible}}
"""


def write_page(
    path: Path, report: Mapping[str, Any], cards: Iterable[Mapping[str, Any]], *, overwrite: bool
) -> None:
    """Write the page in the current language; `report` and `cards` as the JSON has them.

    ConfigurationError where the place is taken or cannot be written; then nothing has changed.
    """
    with put_in_place(path, overwrite=overwrite) as file:
        for piece in page(masked(report), map(masked, cards)):
            file.write(piece.encode("utf-8", "replace"))


def page(report: Mapping[str, Any], cards: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The page, piece by piece."""
    title = t("Back-test of rules")
    yield (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none';style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
    )
    yield f"<h1>{escape(title)}</h1>\n"
    yield from _about(report)
    yield from _tiles(report["totals"])
    yield from _section(t("By month"), _picture(report["by_month"]))
    yield from _table("month", t("Month"), report["by_month"])
    parts = {
        "department": (t("By department"), t("Department")),
        "level": (t("By level"), t("Level")),
        "rule": (t("By rule"), t("Rule")),
        "item": (t("By item"), t("Item")),
    }
    for key, (heading, name) in parts.items():
        yield from _section(heading, _table(key, name, report[f"by_{key}"]))
    yield from _outcomes(report)
    yield from _section(t("Card by card"), _cards(cards))
    yield "</body></html>\n"


def text(value: object) -> str:
    """A value as a piece of HTML: one printable line in which nothing is a tag."""
    return escape(safe("" if value is None else str(value)), quote=True)


def _section(heading: str, content: Iterable[str]) -> Iterator[str]:
    yield f"<h2>{escape(heading)}</h2>\n"
    yield from content


def _about(report: Mapping[str, Any]) -> Iterator[str]:
    first, last = report["from"], report["to"]
    before, after = report["before"], report["after"]
    yield (
        f'<p class="dim">{text(first)} – {text(last)} · '
        + t("as a first scan as of {as_of} would find", as_of=text(say_local(report["as_of"])))
        + "</p>\n"
    )
    for side, word in ((before, t("Before")), (after, t("After"))):
        rules = t(", ").join(
            f"{text(rule['id'])} v{text(rule['version'])}" for rule in side["rules"]
        )
        yield f"<p><b>{escape(word)}</b> {text(side['name'])} <span class=dim>{rules}</span></p>\n"
    if report["beside"]:
        rules = t(", ").join(text(rule["id"]) for rule in report["beside"])
        said = t("Tallies also count the cards of: ")
        yield f"<p class=dim>{escape(said)}{rules}</p>\n"
    if report["departments"]:
        chosen = t(", ").join(map(text, report["departments"]))
        yield f"<p>{escape(t('Only departments: '))}{chosen}</p>\n"
    for each in report["left_out"]:
        said = t("Left out: ")
        yield f"<p>{escape(said)}{text(each['rule'])} – {text(each['reason'])}</p>\n"


def _tiles(totals: Mapping[str, int]) -> Iterator[str]:
    yield '<div class="tiles">'
    for name in _SHOWN:
        yield (
            f'<div class="tile"><span class="dim">{escape(t(COUNTS[name]))}</span>'
            f"<b>{totals[name]:,}</b></div>"
        )
    yield "</div>\n"
    moved = totals["moved_in"], totals["moved_out"]
    if any(moved):
        said = t(
            "Of those earlier or later, {moved} came into the dates and {moved_2} left them.",
            moved=moved[0],
            moved_2=moved[1],
        )
        yield f'<p class="dim">{escape(said)}</p>\n'


def _table(key: str, name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        yield f'<p class="dim">{escape(t("no cards"))}</p>\n'
        return
    heads = "".join(f'<th class="n">{escape(t(COUNTS[one]))}</th>' for one in _SHOWN)
    head = f"<tr><th>{escape(name)}</th>{heads}</tr>"
    yield f'<div class="wide"><table><thead>{head}</thead><tbody>\n'
    for row in rows:
        value = row[key]
        shown = text(value) if value is not None else escape(t("not stated"))
        if key == "level":
            shown = _level(value)
        cells = "".join(f'<td class="n">{row[one]:,}</td>' for one in _SHOWN)
        yield f"<tr><td>{shown}</td>{cells}</tr>\n"
    yield "</tbody></table></div>\n"


def _level(level: str) -> str:
    return f'<span class="level {text(level)}">{text(say_level(level))}</span>'


def _picture(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Two bars a month: cards before and after."""
    if not rows:
        return
    yield (
        '<p><span class="key" style="background:var(--before);margin-left:0"></span>'
        f"{escape(t('before'))}"
        '<span class="key" style="background:var(--after)"></span>'
        f"{escape(t('after'))}</p>\n"
    )
    step = 28 if len(rows) <= _FEW else 14
    left, base = 46, 150
    width = left + max(180, len(rows) * step + 4)
    most = max(1, *(max(row["before"], row["after"]) for row in rows))
    label = t("cards by month")
    yield (
        f'<div class="wide"><svg viewBox="0 0 {width} 192" role="img" aria-label="{escape(label)}" '
        f'style="max-width:{width * 1.7:.0f}px;min-width:{min(width, 340)}px">'
    )
    for share in (0, 0.5, 1):
        y = base - share * (base - 16)
        yield f'<line x1="{left}" y1="{y}" x2="{width}" y2="{y}" stroke="#d9dee5"/>'
        if share in (0, 1) or most % 2 == 0:
            number = f"{int(most * share):,}"
            yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{number}</text>'
    for place, row in enumerate(rows):
        yield from _bars(row, left + 4 + place * step, step, base, (base - 16) / most)
        year, _, month = row["month"].partition("-")
        middle = left + 4 + (place + 0.5) * step
        if step > 20 or month in ("01", "07"):
            yield f'<text x="{middle:.1f}" y="{base + 16}" text-anchor="middle">{month}</text>'
        if place == 0 or month == "01":
            yield f'<text x="{middle:.1f}" y="{base + 34}" text-anchor="middle">{year}</text>'
    yield "</svg></div>\n"


def _bars(row: Mapping[str, Any], x: float, step: float, base: float, each: float) -> Iterator[str]:
    wide = step * 0.38
    for place, side in enumerate(("before", "after")):
        tall = each * row[side]
        yield (
            f'<rect x="{x + step * 0.12 + place * wide:.1f}" y="{base - tall:.1f}" '
            f'width="{wide - 1:.1f}" height="{tall:.1f}" rx="1.5" fill="var(--{side})">'
            f"<title>{text(row['month'])} {escape(t(COUNTS[side]))} {row[side]:,}</title></rect>"
        )


def _outcomes(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{escape(t('How the cases could be judged'))}</h2>\n"
    words = {
        "total": t("Cases"),
        "judged": t("Judged"),
        "not_judgeable": t("Not judgeable"),
        "excluded": t("Excluded"),
    }
    yield from _judged(words, report["cases"], report["not_judgeable"])
    if not any(report["tallies"][side]["total"] for side in ("before", "after")):
        return
    heading = t("How the subjects of tallies could be judged")
    words |= {"total": t("Subjects"), "excluded": t("Too small")}
    yield f"<h2>{escape(heading)}</h2>\n"
    yield from _judged(words, report["tallies"], report["tallies_not_judgeable"])


def _judged(
    words: Mapping[str, str], counts: Mapping[str, Any], reasons: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """How many ended how, before and after, and for which reasons some could not be judged."""
    heads = "".join(f'<th class="n">{escape(word)}</th>' for word in words.values())
    yield f'<div class="wide"><table><thead><tr><th></th>{heads}</tr></thead><tbody>'
    for side, name in (("before", t("Before")), ("after", t("After"))):
        cells = "".join(f'<td class="n">{counts[side][one]:,}</td>' for one in words)
        yield f"<tr><td>{escape(name)}</td>{cells}</tr>"
    yield "</tbody></table></div>\n"
    if not reasons:
        return
    yield '<div class="wide"><table><thead><tr>'
    yield f"<th>{escape(t('Rule'))}</th><th>{escape(t('Reason'))}</th>"
    yield f'<th class="n">{escape(t("Before"))}</th>'
    yield f'<th class="n">{escape(t("After"))}</th></tr></thead><tbody>'
    for row in reasons:
        yield (
            f"<tr><td>{text(row['rule'])}</td><td>{text(say_reason(row['reason']))}</td>"
            f'<td class="n">{row["before"]:,}</td><td class="n">{row["after"]:,}</td></tr>'
        )
    yield "</tbody></table></div>\n"


def _cards(cards: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The cards that differ, with the dates that decide on each."""
    heads = {
        "change": t("Change"),
        "level": t("Level"),
        "case": t("Case or subject"),
        "department": t("Department"),
        "item": t("Item"),
        "rule": t("Rule"),
        "start": t("From"),
        "stop": t("To"),
        "before": t("Fell due before"),
        "after": t("Fell due after"),
    }
    count = 0
    for card in cards:
        if not count:
            row = "".join(f"<th>{escape(head)}</th>" for head in heads.values())
            yield f'<div class="wide"><table class="cards"><thead><tr>{row}</tr></thead><tbody>\n'
        count += 1
        if count > MOST_CARDS:
            continue
        values = {
            "change": escape(t(CHANGES[card["change"]])),
            "level": _level(card["level"]),
            "case": text(card["case_no"] or say_given_to(card["subject"])),
            "department": text(card["department"]),
            "item": text(card["item_code"]),
            "rule": f'<span class="t">{text(card["rule"])}</span>',
            **_from_to(card),
            "before": _due(card["before"]),
            "after": _due(card["after"]),
        }
        cells = "".join(
            f'<td data-name="{escape(heads[name], quote=True)}">{value}</td>'
            for name, value in values.items()
        )
        yield f"<tr>{cells}</tr>\n"
    if count:
        yield "</tbody></table></div>\n"
    said = t("No card differs.") if not count else ""
    if count > MOST_CARDS:
        said = t(
            "{count:,} cards; the first {most_cards:,} are shown here, all of them by -o jsonl.",
            count=count,
            most_cards=MOST_CARDS,
        )
    if said:
        yield f'<p class="dim">{escape(said)}</p>\n'


def _from_to(card: Mapping[str, Any]) -> dict[str, str]:
    """The events that begin and end what is judged; of a tally the windows of both sides."""
    windows = [side["window"] for side in (card["before"], card["after"]) if side is not None]
    if None in windows:
        return {
            "start": _event(card["start"], card["start_at"]),
            "stop": _event(card["stop"], card["stop_at"]),
        }
    shown = list({window["kind"]: window for window in windows}.values())
    found = {}
    for name, place in (("start", "from"), ("stop", "to")):
        lines = [_event(t(WINDOWS[window["kind"]]), window[place]) for window in shown]
        found[name] = f"<span>{'<br>'.join(lines)}</span>"
    return found


def _event(kind: str | None, at: str | None) -> str:
    if kind is None or at is None:
        return ""
    day, _, clock = say_local(at).partition(" ")
    return (
        f'<span><span class="t">{text(day)}</span> {text(clock)}<br>'
        f'<span class="dim">{text(kind)}</span></span>'
    )


def _at(at: str) -> str:
    """A threshold, or what a measured value is compared with, in words."""
    return say_amount(at) if at.startswith(SIGNS) else say_threshold(at)


def _due(side: Mapping[str, Any] | None) -> str:
    """When it fell due, by which threshold, and when the limit ended."""
    if side is None:
        return ""
    lines = [
        f"<b class=t>{text(say_local(side['fell_due_at']))}</b>",
        f"{text(_at(side['at']))}",
    ]
    if side["limit"]:
        lines.append(f"{text(say_amount(side['limit']))}")
    return f"<span>{'<br>'.join(lines)}</span>"
