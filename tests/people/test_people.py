"""The people file, and who is told about a case."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.people.model.people import (
    COLUMNS,
    Language,
    Person,
    Role,
    parse_people,
    recipients,
)

pytestmark = pytest.mark.both_engines

DAY = date(2026, 11, 24)
ROW = {
    "person_id": "p1",
    "name": "张三",
    "department": "市住建局",
    "role": "handler",
    "channel": "webhook",
    "address": "https://hooks.example/1",
}


def codes(*rows: dict[str, str]) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in parse_people(rows, where="f.csv")[1]]


def test_chinese_and_english_rows_say_the_same() -> None:
    english = {
        **ROW,
        "region": "430300",
        "item_code": "I-1",
        "deputy": "p2",
        "absent_from": "2026-11-01",
        "absent_to": "2026-11-30",
        "language": "zh",
        "hours": "09:00-12:00,14:00-17:30",
    }
    chinese = {
        "\ufeff人员编号": "p1",
        " 姓名 ": "张三",
        "部门": "市住建局　",
        "角色": "承办人",
        "区划": "430300",
        "事项编码": "I-1",
        "通知渠道": "webhook",
        "通知地址": "https://hooks.example/1",
        "代理人": "p2",
        "缺勤自": "2026年11月1日",
        "缺勤至": "2026/11/30",
        "语言": "中文",
        "接收时间": "9：00～12：00，14：00～17：30",
    }
    (first,), problems = parse_people([english], where="f.csv")
    (second,), _ = parse_people([chinese], where="f.csv")
    assert first == second
    assert [problem.code for problem in problems] == ["unknown_deputy"]
    assert first.absent_to == date(2026, 11, 30)
    assert len(english) == len(COLUMNS)


def test_every_role_has_a_chinese_name() -> None:
    names = ["承办人", "审核人", "批准人", "部门负责人", "分管领导", "监察机关"]
    people, problems = parse_people([{**ROW, "role": name} for name in names], where="f.csv")
    assert [person.role for person in people] == list(Role)
    assert problems == ()


def test_the_language_is_the_files_where_a_row_names_none() -> None:
    rows = [ROW, {**ROW, "person_id": "p2", "language": "ZH"}]
    people, _ = parse_people(rows, where="f.csv", language=Language.EN)
    assert [person.language for person in people] == [Language.EN, Language.ZH]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"person_id": " "}, "missing"),
        ({"name": ""}, "missing"),
        ({"role": ""}, "missing"),
        ({"channel": ""}, "missing"),
        ({"role": "boss"}, "unknown_role"),
        ({"language": "fr"}, "unknown_language"),
        ({"absent_from": "2026-02-30"}, "bad_date"),
        ({"absent_from": "soon"}, "bad_date"),
        ({"absent_from": "2026-1/2"}, "bad_date"),
        ({"absent_to": "2026-02-01"}, "bad_absence"),
        ({"absent_from": "2026-02-02", "absent_to": "2026-02-01"}, "bad_absence"),
        ({"deputy": "p1"}, "own_deputy"),
        ({"hours": "nine to five"}, "bad_hours"),
        ({"name": "张\x1b[2J三"}, "unprintable"),
        ({"address": "a\nb"}, "unprintable"),
        ({"person_id": "wang\u2060"}, "unprintable"),
        ({"person_id": "wa\u00adng"}, "unprintable"),
        ({"person_id": "wang\u3164"}, "unprintable"),
        ({"person_id": "王\U000e0100"}, "unprintable"),
        ({"deputy": "wang\ufeff"}, "unprintable"),
        ({"姓名": "李四"}, "column_twice"),
    ],
)
def test_a_faulty_row_is_left_out_with_its_reason(change: dict[str, str], code: str) -> None:
    good = {**ROW, "person_id": "p9"}
    people, problems = parse_people([good, {**ROW, **change}], where="f.csv")
    assert [person.person_id for person in people] == ["p9"]
    assert [(problem.where, problem.code) for problem in problems] == [("f.csv: row 3", code)]


def test_a_row_tells_everything_that_is_wrong_with_it() -> None:
    faulty = {"person_id": "p1", "role": "boss", "absent_from": "soon"}
    found = [code for _, code in codes(faulty)]
    assert found == ["missing", "missing", "unknown_role", "bad_date"]


def test_a_misspelt_column_is_reported_once_and_costs_no_row() -> None:
    rows = [{**ROW, "deptuy": "p2"}, {**ROW, "person_id": "p2", "deptuy": "p1"}]
    people, problems = parse_people(rows, where="f.csv")
    assert len(people) == 2
    assert [(problem.where, problem.code) for problem in problems] == [("f.csv", "unknown_column")]
    assert "deptuy" in problems[0].message


def test_rows_that_contradict_each_other_are_reported() -> None:
    other_name = {**ROW, "role": "head", "name": "张三丰"}
    assert codes(ROW, ROW) == [("f.csv: row 3", "repeated")]
    assert codes(ROW, other_name) == [("f.csv: row 3", "contradiction")]
    assert codes(ROW, {**ROW, "role": "head", "channel": "console"}) == []
    assert len(parse_people([ROW, ROW], where="f.csv")[0]) == 1


@pytest.mark.parametrize("other", ["Wang", "ｗａｎｇ", "WANG"])
def test_ids_that_look_the_same_are_reported(other: str) -> None:
    """Two persons to every check, one to whoever reads the list."""
    rows = [{**ROW, "person_id": "wang"}, {**ROW, "person_id": other, "role": "head"}]
    people, problems = parse_people(rows, where="people.csv")
    assert len(people) == 2
    assert [problem.code for problem in problems] == ["look_alike"]


def test_an_id_is_read_in_the_form_that_the_ledger_has() -> None:
    """Two spellings of one id are one person."""
    rows = [
        {**ROW, "person_id": "e\u0301", "deputy": "\uf9d1"},
        {**ROW, "person_id": "\u00e9", "role": "head"},
        {**ROW, "person_id": "\u516d", "name": "六"},
    ]
    people, problems = parse_people(rows, where="people.csv")
    assert [person.person_id for person in people] == ["\u00e9", "\u00e9", "\u516d"]
    assert people[0].deputy == "\u516d"
    assert problems == ()


def test_a_rare_name_is_a_name() -> None:
    (person,), problems = parse_people([{**ROW, "name": "㐂\U00031350　𠀋"}], where="f.csv")
    assert problems == ()
    assert person.name == "㐂\U00031350　𠀋"


@given(
    st.lists(
        st.dictionaries(st.sampled_from([*COLUMNS, "姓名", "x"]), st.text(max_size=12)), max_size=5
    )
)
def test_no_row_is_dropped_silently(rows: list[dict[str, str]]) -> None:
    people, problems = parse_people(rows, where="f.csv")
    faulty = {problem.where for problem in problems if problem.where != "f.csv"}
    assert len(people) + len(faulty) >= len(rows)


def test_a_person_shows_neither_name_nor_address() -> None:
    (person,), _ = parse_people([ROW], where="f.csv")
    assert repr(person) == "Person(p1, handler)"


def person(person_id: str, role: Role = Role.HANDLER, **more: object) -> Person:
    values = {"name": person_id, "channel": "console", **more}
    return Person(person_id=person_id, role=role, **values)  # type: ignore[arg-type]


def told(
    people: list[Person],
    *roles: Role,
    department: str = "D",
    region: str = "R",
    item_code: str = "I",
    on: date = DAY,
) -> list[str]:
    found = recipients(
        people,
        department=department,
        region=region,
        item_code=item_code,
        roles=roles or (Role.HANDLER,),
        on=on,
    )
    return [one.person_id for one in found]


SPECIFIC = [
    person("anywhere"),
    person("region", region="R"),
    person("department", department="D"),
    person("both", department="D", region="R"),
    person("item", item_code="I"),
    person("all", item_code="I", department="D", region="R"),
]


def test_the_row_that_names_the_most_decides() -> None:
    order = ["all", "item", "both", "department", "region", "anywhere"]
    left = list(SPECIFIC)
    for expected in order:
        assert told(left) == [expected]
        left = [one for one in left if one.person_id != expected]
    assert told(left) == []


def test_a_row_that_names_something_else_is_not_meant() -> None:
    assert told(SPECIFIC, department="X", region="X", item_code="X") == ["anywhere"]
    assert told(SPECIFIC, department="", region="", item_code="") == ["anywhere"]
    assert told(SPECIFIC, Role.LEADER) == []


def test_roles_come_in_the_order_asked_and_nobody_twice() -> None:
    people = [
        person("a"),
        person("b"),
        person("h", Role.HEAD),
        person("a", Role.HEAD),
        person("a", Role.LEADER, channel="webhook"),
    ]
    assert told(people, Role.HEAD, Role.HANDLER) == ["h", "a", "b"]
    assert told(people, Role.HANDLER, Role.LEADER) == ["a", "b", "a"], "on two channels"


def test_a_deputy_stands_in_for_the_days_of_an_absence() -> None:
    away = person("a", deputy="b", absent_from=DAY, absent_to=DAY + timedelta(days=2))
    people = [away, person("b", Role.REVIEWER)]
    one = timedelta(days=1)
    assert told(people, on=DAY - one) == ["a"]
    assert told(people, on=DAY) == ["b"]
    assert told(people, on=DAY + 2 * one) == ["b"]
    assert told(people, on=DAY + 3 * one) == ["a"]


def test_an_absence_without_an_end_goes_on() -> None:
    people = [person("a", deputy="b", absent_from=DAY), person("b", Role.HEAD)]
    assert told(people, on=DAY + timedelta(days=9999)) == ["b"]


def test_deputies_stand_in_for_deputies_and_a_circle_ends() -> None:
    a = person("a", deputy="b", absent_from=DAY)
    b = person("b", Role.HEAD, deputy="c", absent_from=DAY)
    assert told([a, b, person("c", Role.HEAD)]) == ["c"]
    assert told([a, b, person("c", Role.HEAD, deputy="a", absent_from=DAY)]) == []
    assert told([a, b]) == []


def test_a_deputy_is_reached_as_in_the_role_they_stand_in_for() -> None:
    people = [
        person("a", deputy="b", absent_from=DAY, department="D"),
        person("b", Role.HEAD, address="as head"),
        person("b", department="E", address="as handler"),
    ]
    (one,) = recipients(
        people, department="D", region="", item_code="", roles=(Role.HANDLER,), on=DAY
    )
    assert one.address == "as handler"


def test_when_nobody_specific_is_there_the_next_are_asked() -> None:
    people = [person("own", item_code="I", absent_from=DAY), person("office", department="D")]
    assert told(people) == ["office"]


ANYBODY = st.builds(
    Person,
    person_id=st.sampled_from("abcd"),
    name=st.just("n"),
    role=st.sampled_from(list(Role)),
    department=st.sampled_from(["", "D", "E"]),
    region=st.sampled_from(["", "R"]),
    item_code=st.sampled_from(["", "I"]),
    channel=st.sampled_from(["console", "webhook"]),
    deputy=st.sampled_from(["", "a", "b", "c", "d"]),
    absent_from=st.none() | st.just(DAY),
)


@given(st.lists(ANYBODY, max_size=12))
def test_whoever_is_told_is_there_and_everybody_is_told_if_anybody_can_be(
    people: list[Person],
) -> None:
    found = recipients(people, department="D", region="R", item_code="I", roles=tuple(Role), on=DAY)
    away = {one.person_id for one in people if one.absent(DAY)}
    assert not {one.person_id for one in found} & away
    assert set(found) <= set(people)
    roles = {one.role for one in people if one.person_id not in away and one.department != "E"}
    for role in roles:
        assert recipients(people, department="D", region="R", item_code="I", roles=(role,), on=DAY)
    keys = [(one.person_id, one.channel, one.address) for one in found]
    assert len(keys) == len(set(keys))


def test_an_absence_in_one_row_counts_for_all_rows_of_the_person() -> None:
    people = [
        person("a"),
        person("a", Role.HEAD, deputy="b", absent_from=DAY, absent_to=DAY),
        person("a", Role.HEAD, absent_from=DAY + timedelta(days=7)),
        person("b", Role.REVIEWER),
    ]
    assert told(people) == ["b"]
    assert told(people, on=DAY + timedelta(days=1)) == ["a"]
    assert told(people, on=DAY + timedelta(days=8)) == ["b"]
