"""A card is of the one who handles the case: the other handlers of the department are not told."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from efficiency_monitor.people.model.people import Person, Role, recipients

NAMES = ("张示例", "李样本", "王测试")
DAY = date(2026, 3, 2)


def person(number: int, name: str, role: Role = Role.HANDLER, **more: object) -> Person:
    return Person(person_id=f"P{number}", name=name, role=role, channel="file", **more)  # type: ignore[arg-type]


def told(people: list[Person], handler: str) -> list[str]:
    found = recipients(
        people,
        department="一科",
        region="",
        item_code="",
        roles=(Role.HANDLER, Role.HEAD),
        on=DAY,
        handler=handler,
    )
    return [one.name for one in found]


@given(st.sampled_from(NAMES))
def test_only_the_one_who_handles_it_and_the_head(handler: str) -> None:
    people = [person(number, name) for number, name in enumerate(NAMES)]
    people.append(person(9, "周负责", Role.HEAD))
    assert told(people, handler) == [handler, "周负责"]


def test_a_handler_nobody_knows_is_not_a_card_without_a_reader() -> None:
    people = [person(number, name) for number, name in enumerate(NAMES)]
    assert told(people, "赵不在册") == list(NAMES)
    assert told(people, "") == list(NAMES)


def test_the_deputy_of_the_one_who_handles_it() -> None:
    people = [
        person(1, "张示例", deputy="P2", absent_from=DAY),
        person(2, "李样本"),
        person(3, "王测试"),
    ]
    assert told(people, "张示例") == ["李样本"]
