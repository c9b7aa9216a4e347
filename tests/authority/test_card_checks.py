"""A card's row says what the ledger said when it was issued, and stands as the ledger says."""

import pytest

from efficiency_monitor.cards import answers
from efficiency_monitor.ledger import book as ledger_book

from .desk import Desk
from .test_lift_checks import faults

pytestmark = pytest.mark.both_engines

_FACTS = "its case, department, rule, limit or time is not what the ledger says"


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("handler", "'无辜'", "it names other persons than when it was issued"),
        ("reviewer", "'无辜'", "it names other persons than when it was issued"),
        ("approver", "'无辜'", "it names other persons than when it was issued"),
        ("salt", "'00'", "it names other persons than when it was issued"),
        ("subject", "'case:B'", _FACTS),
        ("case_no", "'B'", _FACTS),
        ("department", "'别处'", _FACTS),
        ("rule_version", "7", _FACTS),
        ("limit_amount", "'90 working_days'", _FACTS),
        ("limit_due_at", "limit_due_at + 86400", _FACTS),
        ("fell_due_at", "fell_due_at + 86400", _FACTS),
        ("as_of", "as_of + 86400", _FACTS),
    ],
)
def test_a_row_that_says_something_else(desk: Desk, column: str, value: str, said: str) -> None:
    card = desk.card()
    desk.sql(f"UPDATE card SET {column} = {value} WHERE card_no = '{card}'")
    assert faults(desk) == [f"card {card}: {said}"]
    assert not ledger_book.verify(desk.world.context)["sound"]


@pytest.mark.parametrize("state", ["superseded", "historical", "pending", "replied", "gone"])
def test_a_row_that_hides_a_card(desk: Desk, state: str) -> None:
    card = desk.card()
    desk.sql(f"UPDATE card SET state = '{state}' WHERE card_no = '{card}'")
    assert faults(desk) == [f"card {card} is '{state}' in the database, open in the ledger"]


def test_what_persons_do_is_followed(desk: Desk) -> None:
    for what, text in (("acknowledged", None), ("replied", "已办")):
        answers.answer(desk.acting("zhang"), desk.card(), what, text)
        assert faults(desk) == []
