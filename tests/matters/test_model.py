"""No sequence of commands by one identity lifts a red card; none at all loses a notice.

`bureau.py` says what an identity is, what is out of the model, and what must hold. Each step is a
command by somebody; the next one may die at a COMMIT.
"""

import itertools
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.stories.world import write_csv

from . import bureau as office
from .bureau import CLAIMS, IDENTITIES, IMPORTS, Bureau, accepted, case_rows

#: identity, the person it claims to be, which of its keys it gives (-1: none).
Who = tuple[str, str, int]
HONEST = (
    ("clerk", "zhang", -1),
    ("clerk", "li", -1),
    ("one", "wang", 0),
    ("two", "sun", 0),
    ("three", "zhao", 0),
    ("four", "chen", 0),
)
SUPERVISORS = HONEST[2:5]
WHO = st.one_of(
    st.sampled_from(HONEST),
    st.tuples(st.sampled_from(sorted(IDENTITIES)), st.sampled_from(CLAIMS), st.integers(-1, 2)),
)
PICK = st.integers(0, 11)
HOUR = 3600


class Model(RuleBasedStateMachine):
    """Commands by several identities, one after the other."""

    def __init__(self, template: Bureau, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.bureau: Bureau = office.copied(template, folder)
        self.made = 0

    def teardown(self) -> None:
        """What everybody looks at, then the workspace goes."""
        try:
            self.bureau.dying = None
            self.bureau.lists()
        finally:
            self.bureau.world.close()
            shutil.rmtree(self.folder)

    def give(self, who: Who, line: str) -> int:
        """Give a command; its exit code."""
        identity, claim, which = who
        files = self.bureau.keys[identity]
        key = files[which % len(files)] if which >= 0 and files else None
        return self.bureau.give(identity, claim, line, key).code

    def one(self, statement: str, pick: int) -> str | None:
        """One of the numbers that a statement finds."""
        found = self.bureau.numbers(statement)
        return found[pick % len(found)] if found else None

    def card(self, pick: int) -> str:
        """A card; every second time a red one."""
        if pick % 2:
            red = self.one("SELECT card_no FROM card WHERE level = 3", pick // 2)
            assert red is not None
            return red
        return self.one("SELECT card_no FROM card", pick // 2) or ""

    def everybody(self) -> None:
        """Where people do as they should, they are there."""
        self.people(HONEST[0], "as before")

    @rule(who=WHO, pick=PICK, what=st.sampled_from(["acknowledge", "reply", "confirm", "close"]))
    def answer(self, who: Who, pick: int, what: str) -> None:
        """Somebody answers a card, confirms or closes it."""
        self.give(who, f"cards {what} {self.card(pick)} --text 已办")

    @rule(
        who=WHO,
        pick=PICK,
        reason=st.sampled_from(["issued_in_error", "exemption", "not_confirmed"]),
    )
    def lift(self, who: Who, pick: int, reason: str) -> None:
        """Somebody lifts a card, or signs for it."""
        self.give(who, f"cards lift {self.card(pick)} --reason {reason} --text 误发")

    @rule(who=WHO, pick=PICK)
    def appeal(self, who: Who, pick: int) -> None:
        """Somebody appeals."""
        self.give(who, f"appeals file {self.card(pick)} --text 申诉")

    @rule(who=WHO, pick=PICK, decision=st.sampled_from(["lift", "lift", "return", "refer"]))
    def decide(self, who: Who, pick: int, decision: str) -> None:
        """Somebody decides an appeal, whatever its state."""
        number = self.one("SELECT appeal_no FROM appeal", pick)
        if number is not None:
            self.give(who, f"appeals decide {number} --decision {decision} --text 裁决")

    @rule(pick=PICK, hand=st.booleans())
    def agree(self, pick: int, hand: bool) -> None:
        """Honest supervisors agree to lift a card, by hand or on appeal."""
        self.everybody()
        card = self.card(pick)
        if not hand:
            self.give(HONEST[0], f"appeals file {card} --text 申诉")
        appeal = self.one(f"SELECT appeal_no FROM appeal WHERE card_no = '{card}'", 0)
        for who in SUPERVISORS[:2]:
            if hand:
                self.give(who, f"cards lift {card} --reason issued_in_error --text 误发")
            elif appeal is not None:
                self.give(who, f"appeals decide {appeal} --decision lift --text 属实")

    @rule(
        identity=st.sampled_from(sorted(IDENTITIES)),
        claims=st.lists(st.sampled_from(CLAIMS), min_size=2, max_size=4, unique=True),
        pick=PICK,
        hand=st.booleans(),
    )
    def insist(self, identity: str, claims: list[str], pick: int, hand: bool) -> None:
        """One identity tries under several names, and again under each, to lift a red card."""
        card = self.card(pick | 1)
        appeal = self.one(f"SELECT appeal_no FROM appeal WHERE card_no = '{card}'", pick)
        for claim in [*IDENTITIES[identity], *claims, *IDENTITIES[identity]]:
            if hand or appeal is None:
                line = f"cards lift {card} --reason issued_in_error --text 误发"
            else:
                line = f"appeals decide {appeal} --decision lift --text 属实"
            self.give((identity, claim, pick % 3), line)

    @rule(pick=PICK, level=st.sampled_from(["yellow", "red"]), first=st.integers(0, 1))
    def own_matter(self, pick: int, level: str, first: int) -> None:
        """Who gave a card, and who confirmed it, want to decide the appeal against it."""
        self.everybody()
        one, two = SUPERVISORS[first], SUPERVISORS[1 - first]
        self.give(one, f"cards issue {'ABM'[pick % 3]} --level {level} --basis 检查 --text 问题")
        card = self.one("SELECT card_no FROM card WHERE state = 'pending'", pick)
        if card is not None:
            self.give(two, f"cards confirm {card} --text 属实")
            self.give(HONEST[1], f"appeals file {card} --text 申诉")
            appeal = self.one(f"SELECT appeal_no FROM appeal WHERE card_no = '{card}'", 0)
            for who in (two, one) if appeal is not None else ():
                self.give(who, f"appeals decide {appeal} --decision return --text 维持")

    @rule(who=WHO, level=st.sampled_from(["yellow", "red"]), case=st.sampled_from("ABM"))
    def issue(self, who: Who, level: str, case: str) -> None:
        """Somebody gives a card by hand."""
        self.give(who, f"cards issue {case} --level {level} --basis 检查 --text 问题")

    @rule(who=WHO, pick=PICK, more=st.booleans())
    def open_order(self, who: Who, pick: int, more: bool) -> None:
        """Somebody opens an order on a card or two."""
        cards = {self.card(pick), self.card(pick + 3)} if more else {self.card(pick)}
        self.give(who, f"orders open {' '.join(sorted(cards))} --text 限期整改")

    @rule(who=WHO, pick=PICK, what=st.sampled_from(["reply", "return", "close"]))
    def order(self, who: Who, pick: int, what: str) -> None:
        """Somebody answers an order, returns it or closes it."""
        number = self.one("SELECT order_no FROM supervision_order", pick)
        if number is not None:
            more = " --close-cards" if what == "close" and pick % 2 else ""
            self.give(who, f"orders {what} {number} --text 处理{more}")

    @rule(pick=PICK)
    def answer_goes_on(self, pick: int) -> None:
        """A card as it should be: acknowledged, answered, closed."""
        self.everybody()
        card = self.card(pick)
        for who, what in ((0, "acknowledge"), (1, "reply"), (2, "close")):
            self.give(HONEST[who], f"cards {what} {card} --text 已办")

    @rule(pick=PICK, end=st.sampled_from(["return", "close --close-cards", "close"]))
    def order_goes_on(self, pick: int, end: str) -> None:
        """An order as it should be: opened, answered, returned or closed."""
        self.everybody()
        card = self.card(pick)
        self.give(HONEST[2], f"orders open {card} --text 限期整改")
        open_orders = (
            "SELECT order_no FROM supervision_order JOIN order_card USING (order_no)"
            f" WHERE card_no = '{card}' AND state <> 'closed'"
        )
        number = self.one(open_orders, 0)
        if number is not None:
            self.give(HONEST[1], f"orders reply {number} --text 已整改")
            verb, _, more = end.partition(" ")
            self.give(HONEST[3], f"orders {verb} {number} --text 核对 {more}")

    @rule(pick=PICK, measure=st.sampled_from(["circular", "talk", "admonition"]))
    def account_goes_on(self, pick: int, measure: str) -> None:
        """An accountability record as it should be: verified, a measure recorded."""
        self.everybody()
        card = self.card(pick)
        self.give(HONEST[2], f"accountability verify {card} --text 属实")
        self.give(HONEST[3], f"accountability record {card} --measure {measure} --text 已通报")

    @rule(
        who=WHO,
        pick=PICK,
        what=st.sampled_from(
            [
                "verify",
                "record --measure circular",
                "exempt",
                "exempt --ground force_majeure",
                "exempt --decision approve",
                "exempt --decision refuse",
            ]
        ),
    )
    def account(self, who: Who, pick: int, what: str) -> None:
        """Somebody verifies an accountability record, asks for an exemption or decides one."""
        verb, _, options = what.partition(" ")
        self.give(who, f"accountability {verb} {self.card(pick)} {options} --text 情况")

    @rule(who=WHO, pick=PICK)
    def silence(self, who: Who, pick: int) -> None:
        """Somebody silences a case, a person or everything for some days; or ends a silence."""
        until = self.bureau.world.now + (1 + pick % 3) * 24 * HOUR
        what = ["--case A", "--person li", "", "--department 住建局"][pick % 4]
        day = office.day_of(until)
        number = self.one("SELECT silence_no FROM silence WHERE ended_at IS NULL", pick)
        if pick % 3 == 0 and number is not None:
            self.give(who, f"silences end {number} --reason 不需要了")
        else:
            self.give(who, f"silences add {what} --reason 系统维护 --until {day}")

    @rule(who=WHO, which=st.sampled_from(sorted(IMPORTS)))
    def people(self, who: Who, which: str) -> None:
        """Somebody imports other people, roles and deputies."""
        path = self.folder / "people.csv"
        write_csv(path, IMPORTS[which])
        self.give(who, f"people import {path}")

    @rule(who=WHO, person=st.sampled_from(CLAIMS), pick=PICK)
    def key(self, who: Who, person: str, pick: int) -> None:
        """Somebody makes a key, and wants it to be somebody's; or one that was made before."""
        self.made += 1
        path = self.folder / f"made-{self.made}.pem"
        made = self.bureau.give(who[0], None, f"people key new --out {path}")
        if made.code == 0:
            self.bureau.keys[who[0]].append(path)
            path.with_suffix(".pub").write_text(made.out, encoding="utf-8")
        known = sorted(self.folder.glob("made-*.pub"))
        if known:
            self.give(who, f"people key enrol {person} @{known[pick % len(known)]}")

    @rule(pick=PICK, person=st.sampled_from(CLAIMS))
    def enrol_together(self, pick: int, person: str) -> None:
        """Two honest supervisors let somebody have the key that was made last."""
        known = sorted(self.folder.glob("made-*.pub"))
        if known:
            self.everybody()
            for who in SUPERVISORS[:2]:
                self.give(who, f"people key enrol {person} @{known[pick % len(known)]}")

    @rule(who=WHO, person=st.sampled_from(["wang", "sun", "zhao", "chen", "li"]))
    def revoke(self, who: Who, person: str) -> None:
        """Somebody revokes a key."""
        self.give(who, f"people key revoke {person} --text 遗失")

    @rule(who=WHO)
    def scan(self, who: Who) -> None:
        """A scan."""
        self.give(who, "scan")

    @rule(broken=st.booleans(), what=st.sampled_from(["notices deliver", "jobs run"]))
    def deliver(self, broken: bool, what: str) -> None:
        """A delivery, by hand or with the nightly job; the folder of messages may be gone."""
        outbox = self.bureau.world.folder / "outbox"
        if outbox.is_file():
            outbox.unlink()
        if broken:
            shutil.rmtree(outbox, ignore_errors=True)
            outbox.write_text("no folder", encoding="utf-8")
        self.give(HONEST[2], what)

    @rule()
    def retry(self) -> None:
        """Dead letters are put back."""
        self.give(HONEST[2], "notices retry")

    @rule(hours=st.sampled_from([1, 9, 26, 80, 240, 1000]))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.bureau.world.now += hours * HOUR

    @precondition(lambda self: self.made < 6)
    @rule(pick=PICK)
    def late_case(self, pick: int) -> None:
        """A case that is overdue already comes in."""
        self.made += 1
        number = f"N{self.made}"
        world = self.bureau.world
        names = {"approver": "王监察"} if pick % 3 == 0 else {}
        world.receive("cases", [case_rows(number, **names)])
        world.receive("events", [accepted(number, "2026-03-02 10:00")])
        world.close()

    @rule(commit=st.integers(1, 3), before=st.booleans())
    def die(self, commit: int, before: bool) -> None:
        """The next command does not live to its end."""
        self.bureau.dying = (commit, before)

    @initialize()
    def begin(self) -> None:
        """Nothing is wrong at the start."""
        self.bureau.look("at the start")


@pytest.fixture(scope="module")
def template(database_engine: str, tmp_path_factory: pytest.TempPathFactory) -> Bureau:
    """The workspace with which each sequence begins."""
    folder = tmp_path_factory.mktemp("bureau") / "begin"
    folder.mkdir()
    return office.made(folder)


def _sequences(
    template: Bureau, folder: Path, *, examples: int, steps: int, same: bool = False
) -> None:
    """Run so many sequences; `same`: the same ones each time.

    That the commands are not refused for what they are is seen in `test_model_commands.py`.
    """
    numbers = itertools.count()

    run_state_machine_as_test(
        lambda: Model(template, folder / f"sequence-{next(numbers)}"),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            database=None,
            derandomize=same,
        ),
    )


def test_one_identity_and_its_commands(template: Bureau, tmp_path: Path) -> None:
    _sequences(template, tmp_path, examples=14, steps=25, same=True)


@pytest.mark.full
def test_many_more_sequences(template: Bureau, tmp_path: Path) -> None:
    _sequences(template, tmp_path, examples=60, steps=50)
