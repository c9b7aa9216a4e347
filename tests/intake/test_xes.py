"""XES: one row per event, whatever a log has besides, and damage that costs only what it hits."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efficiency_monitor.faults import EffmonError
from efficiency_monitor.intake.formats import xes_file
from efficiency_monitor.intake.formats.rows import Quarantined, Refusal, Row
from efficiency_monitor.intake.formats.tabular import read_rows

from .conftest import Reading
from .test_csv import quarantined, taken

Log = Callable[[str], list[Row | Quarantined]]

#: As process-mining programs write it, in small: made for this test.
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- made by hand -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
  <global scope="event"><date key="time:timestamp" value="1970-01-01T00:00:00.000+01:00"/></global>
  <classifier name="Activity" keys="concept:name lifecycle:transition"/>
  <float key="meta:average" value="4.1"><float key="inner" value="1.0"/></float>
"""
TRACE = """<trace>
  <string key="concept:name" value="A1"/>
  <event><string key="concept:name" value="受理"/><int key="n" value="7"/></event>
  <event><date key="time:timestamp" value="2026-01-06T10:00:00.123+08:00"/></event>
</trace>"""


@pytest.fixture
def log(tmp_path: Path) -> Log:
    def read(body: str) -> list[Row | Quarantined]:
        path = tmp_path / "x.xes"
        path.write_text(body if "<log" in body else f"{HEAD}{body}</log>", encoding="utf-8")
        return list(read_rows(path, name="x.xes"))

    return read


def cells(rows: list[Row | Quarantined]) -> list[dict[str, str]]:
    assert all(isinstance(row, Row) for row in rows), rows
    return [dict(row.cells) for row in rows]


def test_an_event_is_a_row_with_its_trace(log: Log) -> None:
    rows = log(TRACE)
    assert cells(rows) == [
        {"case:concept:name": "A1", "concept:name": "受理", "n": "7"},
        {"case:concept:name": "A1", "time:timestamp": "2026-01-06T10:00:00.123+08:00"},
    ]
    assert [row.number for row in rows] == [1, 2]


def test_prefixes_and_single_quotes_are_the_same(log: Log) -> None:
    rows = log(
        "<?xml version='1.0'?><x:log xmlns:x='u'><x:trace><x:string key='a' value='&lt;1&#10;2'/>"
        "<x:event/></x:trace></x:log><!-- <log -->"
    )
    assert cells(rows) == [{"case:a": "<1\n2"}]


def test_a_trace_without_events_is_a_row_and_events_need_no_trace(log: Log) -> None:
    rows = log('<trace><id key="a" value="1"/></trace><event><id key="b" value="2"/></event>')
    assert cells(rows) == [{"case:a": "1"}, {"b": "2"}]


def test_nested_attributes_get_dots_and_what_comes_twice_in_a_list_is_one(log: Log) -> None:
    rows = log(
        """<trace><string key="t" value="x"><int key="in" value="1"/></string><event>
        <container key="c"><string key="p" value="1"/><container key="d">
          <boolean key="q" value="true"/></container></container>
        <list key="l"><values><string key="i" value="一"/><string key="i" value="2"/>
          <string key="j" value="3"/></values></list>
        </event></trace>"""
    )
    assert cells(rows) == [
        {"case:t": "x", "case:t.in": "1", "c.p": "1", "c.d.q": "true",
         "l.i": '["一","2"]', "l.j": "3"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inside", "refusal", "value"),
    [
        ('<string key="a" value="1"/><int key="a" value="1"/>', Refusal.KEY_TWICE, "a"),
        ('<string key="case:concept:name" value="B"/>', Refusal.KEY_TWICE, "case:concept:name"),
        ('<string value="1"/>', Refusal.BAD_XES, "<string >"),
        ('<date key="d"/>', Refusal.BAD_XES, "<date d>"),
        ('<strinh key="a" value="1"/>', Refusal.BAD_XES, "<strinh>"),
        ("<event/>", Refusal.BAD_XES, "<event>"),
        ('<string key="a" value="%s"/>' % ("x" * 1_000_001), Refusal.OVER_LONG, ""),
        ("".join(f'<int key="k{n}" value="1"/>' for n in range(2001)), Refusal.OVER_LONG, ""),
    ],
)
def test_a_bad_event_is_named_and_the_others_are_read(
    log: Log, inside: str, refusal: Refusal, value: str
) -> None:
    first, second, bad, last = log(
        TRACE + f'<trace><id key="concept:name" value="A2"/><event>{inside}</event><event/></trace>'
    )
    assert cells([first, second, last])[2] == {"case:concept:name": "A2"}
    refused = quarantined(bad)
    assert (refused.refusal, refused.value, refused.number) == (refusal, value, 3)


def test_a_fault_of_a_trace_is_one_of_all_its_events(log: Log) -> None:
    rows = log(f"<trace><oops/><event/><event/></trace>{TRACE}")
    assert [quarantined(row).refusal for row in rows[:2]] == [Refusal.BAD_XES] * 2
    assert len(cells(rows[2:])) == 2


def test_an_attribute_after_the_events_of_its_trace_is_not_lost_silently(log: Log) -> None:
    rows = log('<trace><event/><int key="late" value="1"/><event/></trace>')
    assert cells(rows[:2]) == [{}, {"case:late": "1"}]
    assert quarantined(rows[2]).value == "case:late"


def test_what_is_no_part_of_a_log_is_a_row_in_quarantine(log: Log) -> None:
    bad, *rows = log(f"<trave><event/></trave>{TRACE}")
    assert (quarantined(bad).refusal, quarantined(bad).value) == (Refusal.BAD_XES, "<trave>")
    assert len(cells(rows)) == 2


@pytest.mark.parametrize("cut", [20, 40, 60, 130])
def test_a_cut_off_log_is_refused_and_it_is_said_where_it_ends(log: Log, cut: int) -> None:
    with pytest.raises(EffmonError, match=r"from row [5-7] on"):
        log((HEAD + TRACE * 3 + "</log>")[:-cut] + " <!-- <log")


def test_a_cut_off_packed_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xes.gz"
    noise = "".join(f'<event><id key="n" value="{n * 7919 % 10007}"/></event>' for n in range(9999))
    whole = gzip.compress(f"{HEAD}<trace>{noise}</trace></log>".encode())
    path.write_bytes(whole)
    assert len(cells(list(read_rows(path)))) == 9999
    for data in (whole[: len(whole) // 2], whole[:-6] + b"\0\0" + whole[-4:]):
        path.write_bytes(data)
        with pytest.raises(EffmonError, match="cut off"):
            list(read_rows(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<?xml version="1.0"?><Workbook/>', r"is XML \(Workbook\)"),
        ('<?xml version="1.0"?><log><trace>', "no element found"),
        ('<?xml version="1.0" encoding="GBK"?><log/>', "multi-byte"),
        ('<?xml version="1.0" encoding="nonsense"?><log/>', "cannot be read as XES"),
        ('<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "b">]><log/>', "DOCTYPE"),
        ("<log>" + "<global>" * 70, "too_deep"),
        ("<!-- nothing -->", "no element found"),
    ],
)
def test_what_is_no_log_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.xes"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EffmonError, match=said) as caught:
        list(read_rows(path, name="x.xes"))
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_an_entity_is_not_expanded(log: Log) -> None:
    with pytest.raises(EffmonError, match="undefined entity"):
        log(f"{HEAD}{TRACE}<trace><id key='a' value='&bomb;'/></trace></log>")


def test_a_tag_without_end_is_not_kept_in_memory(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xes_file, "_MOST_TAG", 100_000)
    with pytest.raises(EffmonError, match="too long"):
        log(f'{HEAD}{TRACE}<trace><id key="a" value="{"x" * 500_000}"/></trace></log>')


def test_a_log_goes_through_a_mapping(reading: Reading) -> None:
    body = """<log><trace><event><string key="case_no" value="A1"/>
      <string key="event" value="受理"/>
      <date key="occurred_at" value="2026-01-06T10:00:00.500+08:00"/></event></trace></log>"""
    (facts,) = reading("canonical", body, name="x.xes")
    assert taken(facts).events[0].occurred_at == 1_767_664_800


NAMES = st.text("ab:.", min_size=1, max_size=3)
EVENT = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=4))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.lists(st.tuples(EVENT, st.lists(EVENT, max_size=3)), max_size=4))
def test_every_event_is_there_once(
    tmp_path: Path, traces: list[tuple[dict[str, str], list[dict[str, str]]]]
) -> None:
    from xml.sax.saxutils import quoteattr

    def written(attributes: dict[str, str]) -> str:
        return "".join(
            f"<string key={quoteattr(k)} value={quoteattr(v)}/>" for k, v in attributes.items()
        )

    path = tmp_path / "x.xes"
    body = "".join(
        f"<trace>{written(own)}{''.join(f'<event>{written(e)}</event>' for e in events)}</trace>"
        for own, events in traces
    )
    path.write_text(f"<log>{body}</log>", encoding="utf-8")
    rows = list(read_rows(path))
    assert len(rows) == sum(max(len(events), 1) for _, events in traces)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
