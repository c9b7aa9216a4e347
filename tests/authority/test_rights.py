"""Who may do what: held against a table that was written from the regulation, not from the code."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.people.model.authority import Act, Scope, standings
from efficiency_monitor.people.model.people import Person, Role

DAY = date(2026, 3, 2)
HERE = Scope("住建局", "430300", "I-1")

# One column a role, in the order of `COLUMNS`: x may, - may not, t only where they were told.
COLUMNS = ("handler", "reviewer", "approver", "head", "leader", "supervisor")
REGULATION = {
    "acknowledge": "xxxxxt",
    "reply": "xxxxxt",
    "confirm": "-----x",
    "issue": "-----x",
    "lift": "-----x",
    "close": "-----x",
    "open_order": "-----x",
    "reply_order": "xxxxx-",
    "return_order": "-----x",
    "close_order": "-----x",
    "file_appeal": "xxxxx-",
    "decide_appeal": "-----x",
    "decide_referred": "----xx",
    "verify": "-----x",
    "record_measure": "-----x",
    "ask_exemption": "xxxxxx",
    "exempt": "-----x",
    "add_silence": "---xxx",
    "silence_supervisors": "-----x",
    "end_silence": "-----x",
    "dismiss_notice": "-----x",
    "enrol_key": "-----x",
    "revoke_key": "-----x",
    "unmask": "----xx",
    "erase": "-----x",
    "change_supervision": "-----x",
    "import_as_pulled": "-----x",
    "decide_evidence": "-----x",
    "see_evidence": "-----x",
    "repair_clock": "-----x",
    "hand_over": "-----x",
    "repair_input": "-----x",
    "propose_change": "-----x",
    "approve_change": "----xx",
}


def person(person_id: str, role: str = "supervisor", **more: object) -> Person:
    return Person(  # type: ignore[arg-type]
        person_id=person_id,
        **{"name": f"姓名{person_id}", "role": Role(role), "channel": "file", **more},
    )


def rights(people: list[Person], act: Act, who: str, scope: Scope | None = HERE) -> list[str]:
    """Each right as `role`, `role for ABSENT`, with `if told` where it hangs on that."""
    return [
        f"{right.role}"
        + (f" for {right.on_behalf_of}" if right.on_behalf_of else "")
        + (" if told" if right.if_told else "")
        for right in standings(people, act, scope, who, DAY)
    ]


def test_the_regulation_names_every_act_and_role() -> None:
    assert set(REGULATION) == {str(act) for act in Act}
    assert tuple(str(role) for role in Role) == COLUMNS


@pytest.mark.parametrize(("act", "role"), list(product(REGULATION, COLUMNS)))
def test_as_the_regulation_has_it(act: str, role: str) -> None:
    said = REGULATION[act][COLUMNS.index(role)]
    wanted = {"x": [role], "-": [], "t": [f"{role} if told"]}[said]
    assert rights([person("p", role)], Act(act), "p") == wanted
    assert rights([person("p", role)], Act(act), "somebody") == []


@pytest.mark.parametrize("field", ["department", "region", "item_code"])
@pytest.mark.parametrize(
    ("own", "asked", "fits"),
    [("", "X", True), ("X", "X", True), ("X", "Y", False), ("X", "", False), ("", "", True)],
)
def test_a_row_reaches_as_far_as_it_says(field: str, own: str, asked: str, fits: bool) -> None:
    scope = Scope(**{"department": "D", "region": "R", "item_code": "I", field: asked})
    found = rights([person("p", **{field: own})], Act.LIFT, "p", scope)
    assert found == (["supervisor"] if fits else [])


def test_any_row_of_a_person_is_enough() -> None:
    rows = [
        person("p", "handler", department="别处"),
        person("p", "supervisor", department="别处"),
        person("p", "head", department="住建局"),
    ]
    assert rights(rows, Act.REPLY, "p") == ["head"]
    assert rights(rows, Act.CONFIRM, "p") == []
    assert rights([*rows, person("p")], Act.CONFIRM, "p") == ["supervisor"]


def test_an_act_about_no_department_asks_for_the_role_alone() -> None:
    assert rights([person("p", department="别处")], Act.ENROL_KEY, "p", None) == ["supervisor"]
    assert rights([person("p", "head")], Act.ENROL_KEY, "p", None) == []


def test_the_card_is_of_the_one_who_handles_the_case() -> None:
    mine = Scope("住建局", "", "", "张三")
    rows = [person("a", "handler", name="张三"), person("b", "handler", name="李四")]
    assert rights(rows, Act.REPLY, "a", mine) == ["handler"]
    assert rights(rows, Act.REPLY, "b", mine) == []
    assert rights([*rows, person("b", "head")], Act.REPLY, "b", mine) == ["head"]


def test_who_handles_it_is_nobody_here_then_any_handler_may() -> None:
    rows = [person("b", "handler", name="李四")]
    assert rights(rows, Act.REPLY, "b", Scope("住建局", "", "", "赵不在册")) == ["handler"]


def test_a_deputy_may_while_the_person_is_away_and_not_after() -> None:
    def rows(first: date, last: date | None) -> list[Person]:
        away = person("wang", deputy="chen", absent_from=first, absent_to=last)
        return [away, person("chen", "reviewer", department="别处")]

    away = rows(date(2026, 3, 1), date(2026, 3, 2))
    assert rights(away, Act.LIFT, "chen") == ["supervisor for wang"]
    # Who is away and comes in all the same may act.
    assert rights(away, Act.LIFT, "wang") == ["supervisor"]
    assert rights(rows(date(2026, 3, 3), None), Act.LIFT, "chen") == []
    assert rights(rows(date(2026, 2, 1), date(2026, 3, 1)), Act.LIFT, "chen") == []


def test_the_deputys_deputy_and_a_circle_of_them() -> None:
    wang = person("wang", deputy="chen", absent_from=DAY)
    chen = person("chen", "head", department="别处", deputy="zhao", absent_from=DAY)
    zhao = person("zhao", "handler", department="别处")
    assert rights([wang, chen, zhao], Act.LIFT, "zhao") == ["supervisor for wang"]
    assert rights([wang, chen, zhao], Act.LIFT, "chen") == []
    circle = [wang, person("chen", "head", deputy="wang", absent_from=DAY)]
    assert rights(circle, Act.LIFT, "chen") == []


def test_the_own_right_comes_before_a_deputys() -> None:
    rows = [person("wang", deputy="chen", absent_from=DAY), person("chen")]
    assert rights(rows, Act.LIFT, "chen") == ["supervisor", "supervisor for wang"]


@pytest.mark.parametrize("act", [Act.ENROL_KEY, Act.REVOKE_KEY])
def test_nobody_gives_keys_in_anothers_place(act: Act) -> None:
    rows = [person("wang", deputy="chen", absent_from=DAY), person("chen", "head")]
    assert rights(rows, act, "chen", None) == []


def test_a_deputy_of_a_supervisor_answers_only_what_the_supervisor_was_told() -> None:
    rows = [person("wang", deputy="chen", absent_from=DAY), person("chen", "head", region="R")]
    assert rights(rows, Act.REPLY, "chen") == ["supervisor for wang if told"]


@given(
    st.lists(
        st.builds(
            person,
            st.sampled_from("abc"),
            st.sampled_from(COLUMNS),
            department=st.sampled_from(["", "住建局", "别处"]),
            deputy=st.sampled_from(["", "a", "b", "c"]),
            absent_from=st.sampled_from([None, DAY]),
        ),
        max_size=6,
    ),
    st.sampled_from(list(Act)),
    st.sampled_from("abc"),
)
def test_a_right_always_comes_from_a_row_that_gives_it(
    people: list[Person], act: Act, who: str
) -> None:
    found = list(standings(people, act, HERE, who, DAY))
    for right in found:
        source = right.on_behalf_of or who
        assert any(
            row.person_id == source and row.role is right.role and row.department in ("", "住建局")
            for row in people
        )
        assert right.person_id == who
        # A leader has the second place beside the one person who supervises, and no other one.
        supervise = {row.person_id for row in people if row.role is Role.SUPERVISOR}
        assert right.second == (REGULATION[str(act)][COLUMNS.index(str(right.role))] == "-")
        assert not right.second or (right.role is Role.LEADER and len(supervise) == 1)
        if right.on_behalf_of:
            assert any(row.absent_from for row in people if row.person_id == source)
    own = [row for row in people if row.person_id == who and row.department in ("", "住建局")]
    may = [row for row in own if REGULATION[str(act)][COLUMNS.index(str(row.role))] != "-"]
    assert len([one for one in found if not one.on_behalf_of and not one.second]) == len(may)
