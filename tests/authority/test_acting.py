"""Who is let through, and what is said to the others."""

import pytest

from efficiency_monitor.cards.store import cards
from efficiency_monitor.faults import NotAllowed
from efficiency_monitor.people.acting import acting, scope_of, standing_of
from efficiency_monitor.people.model.authority import Act, Scope

from .desk import PEOPLE, Desk

pytestmark = pytest.mark.both_engines

HERE = Scope("住建局", "", "")


def refused(desk: Desk, person: str | None, act: Act, **more: object) -> NotAllowed:
    with pytest.raises(NotAllowed) as caught, desk.writing(person) as (context, connection):
        acting(context, connection, act, **{"scope": HERE, **more})  # type: ignore[arg-type]
    fault = caught.value
    assert fault.exit_code == 2
    assert fault.hint
    assert "\n" not in fault.message + fault.hint
    return fault


def allowed(desk: Desk, person: str, act: Act, scope: Scope | None = HERE) -> str:
    with desk.writing(person) as (context, connection):
        return acting(context, connection, act, scope)


def test_who_has_the_role_is_let_through(desk: Desk) -> None:
    assert allowed(desk, "wang", Act.LIFT) == "wang"
    assert allowed(desk, "li", Act.REPLY) == "li"


def test_nobody_is_named(desk: Desk) -> None:
    fault = refused(desk, None, Act.LIFT)
    assert "nobody is named" in fault.message
    assert "--as" in fault.hint


def test_a_person_whom_nobody_imported(desk: Desk) -> None:
    fault = refused(desk, "nobody", Act.LIFT)
    assert fault.message == "there is no person nobody"
    assert "people import" in fault.hint


def test_a_person_without_the_role_is_told_who_may(desk: Desk) -> None:
    fault = refused(desk, "li", Act.LIFT)
    assert fault.message == "li has no role that may lift a card here"
    assert "supervisor" in fault.hint


def test_a_supervisor_of_another_department(desk: Desk) -> None:
    assert "no role" in refused(desk, "sun", Act.LIFT).message
    assert allowed(desk, "sun", Act.ENROL_KEY, None) == "sun"


def test_who_is_barred_hears_why(desk: Desk) -> None:
    fault = refused(desk, "wang", Act.LIFT, barred={"wang": "wang issued the card"})
    assert fault.message == "wang may not lift a card: wang issued the card"
    assert allowed(desk, "chen", Act.LIFT) == "chen"


def away(desk: Desk, deputy: str) -> None:
    rows = [dict(row) for row in PEOPLE]
    for row in rows:
        if row["person_id"] == "wang":
            row |= {"deputy": deputy, "absent_from": "2026-03-01"}
    desk.world.people(rows)


def test_a_deputy_acts_for_the_absent_person(desk: Desk) -> None:
    away(desk, "li")
    with desk.writing("li") as (context, connection):
        standing = standing_of(context, connection, Act.LIFT, HERE)
    assert (standing.person_id, standing.on_behalf_of) == ("li", "wang")


def test_a_deputy_may_not_what_the_absent_person_may_not(desk: Desk) -> None:
    away(desk, "li")
    fault = refused(desk, "li", Act.LIFT, barred={"wang": "wang issued the card"})
    assert fault.message == "li may not lift a card: wang issued the card"


def test_a_supervisor_answers_only_a_card_of_which_they_were_told(desk: Desk) -> None:
    with desk.writing(None) as (_, connection):
        scope = scope_of(cards.find(connection, desk.card()))  # type: ignore[arg-type]
    assert scope == Scope("住建局", "", "", "张经办", desk.card())
    told = desk.world.tuples("SELECT DISTINCT person_id FROM notice WHERE kind = 'issued'")
    assert ("wang",) in told
    assert allowed(desk, "wang", Act.ACKNOWLEDGE, scope) == "wang"
    desk.world.people([*PEOPLE, {"person_id": "new", "name": "新", "role": "supervisor"}])
    fault = refused(desk, "new", Act.ACKNOWLEDGE, scope=scope)
    assert fault.message == "new was not told of this card and may not acknowledge a card"
