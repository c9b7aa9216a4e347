"""Whoever gives any command, as anybody, with one supervisor's key, remains one person."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from efficiency_monitor.cards import answers, closing, lifting
from efficiency_monitor.catalogue import rule_versions
from efficiency_monitor.catalogue.rule_files import Selection
from efficiency_monitor.faults import EffmonError
from efficiency_monitor.followup.accountability import actions as accountability
from efficiency_monitor.followup.accountability import store as accounts
from efficiency_monitor.followup.appeals import actions as appeals
from efficiency_monitor.followup.appeals.model import Decision
from efficiency_monitor.people import erasing, keys
from efficiency_monitor.people.people import import_people
from efficiency_monitor.terms import AccountStatus, ExemptionGround, LiftReason
from efficiency_monitor.workspace.context import Context
from tests.matters.office import PEOPLE, key_of
from tests.stories.world import write_csv
from tests.versions.bureau import Bureau, shortened

pytestmark = pytest.mark.both_engines
#: Whose key the adversary holds; they may say that they are anybody.
OWN = "wang"
PERSONS = [*(row["person_id"] for row in PEOPLE), "p99", "nobody"]
Try = Callable[[], object]


class Adversary:
    """One key, any claim, and a bent for trying everything again."""

    def __init__(self, office: Bureau, chance: Random) -> None:
        self.office = office
        self.chance = chance
        self.reds = [office.red(number) for number in "AB"]
        office.demand()
        office.edit("CASE.yaml", shortened)
        self.before = self.guarded()

    def context(self) -> Context:
        """As somebody, with the own key, with one that nobody knows, or with none."""
        held = self.chance.choice([OWN, OWN, "unknown", None])
        person = self.chance.choice([OWN, OWN, *PERSONS])
        key = None if held is None else key_of(held)
        return replace(self.office.world.acting(person), key=key)

    def step(self) -> str:
        """Try one thing; its name."""
        tries: dict[str, Try] = {
            "lift": self._lift,
            "answer": self._answer,
            "close": self._close,
            "appeal": self._appeal,
            "decide": self._decide,
            "ask": self._ask,
            "exempt": self._exempt,
            "people": self._people,
            "erase": self._erase,
            "enrol": self._enrol,
            "revoke": self._revoke,
            "propose": self._propose,
            "approve": self._approve,
        }
        name = self.chance.choice(list(tries))
        self.office.world.now += 60
        with suppress(EffmonError):
            tries[name]()
        return name

    def guarded(self) -> list[dict[str, Any]]:
        """The rows of those who supervise or lead."""
        rows = self.office.world.rows("SELECT person_id, value FROM person ORDER BY value")
        roles = ('"role": "supervisor"', '"role": "leader"')
        return [
            row
            for row in rows
            if row["person_id"] in PERSONS[2:6] or any(role in row["value"] for role in roles)
        ]

    def check(self, tried: list[str]) -> None:
        """What two persons alone can bring about has not come about."""
        world = self.office.world
        lifted = world.rows("SELECT card_no FROM card WHERE level = 3 AND state = 'lifted'")
        assert lifted == [], tried
        assert self.guarded() == self.before, tried
        assert world.rows("SELECT * FROM change_end WHERE kind = 'approved'") == [], tried
        with world.context.store.reading() as connection:
            for card_no in self.reds:
                exempted = accounts.status_of(connection, card_no)
                assert exempted is not AccountStatus.EXEMPTED, tried
        held = world.rows("SELECT person_id, key_id FROM person_key WHERE revoked_at IS NULL")
        theirs = {row["person_id"] for row in held} - {OWN}
        assert len(theirs) >= 2, tried
        assert all(row["key_id"] == key_of(row["person_id"]).key_id for row in held), tried

    def _card(self) -> str:
        return self.chance.choice(self.reds)

    def _lift(self) -> None:
        lifting.by_hand(self.context(), self._card(), LiftReason.ISSUED_IN_ERROR, "查无此事")

    def _answer(self) -> None:
        what = self.chance.choice(["acknowledged", "replied", "confirmed"])
        answers.answer(self.context(), self._card(), what, "材料齐全")

    def _close(self) -> None:
        closing.close_card(self.context(), self._card(), text="同意")

    def _appeal(self) -> None:
        appeals.file(self.context(), self._card(), "申诉")

    def _decide(self) -> None:
        rows = self.office.world.rows("SELECT appeal_no FROM appeal")
        if not rows:
            return
        decision = self.chance.choice([Decision.LIFT, Decision.LIFT, Decision.REFER])
        appeals.decide(self.context(), self.chance.choice(rows)["appeal_no"], decision, "属实")

    def _ask(self) -> None:
        ground = ExemptionGround.FORCE_MAJEURE
        accountability.ask_exemption(self.context(), self._card(), ground, "停电")

    def _exempt(self) -> None:
        accountability.decide_exemption(self.context(), self._card(), "approve", "属实")

    def _people(self) -> None:
        rows = [dict(row) for row in PEOPLE if self.chance.random() < 0.9]
        if self.chance.random() < 0.5:
            rows.append({"person_id": "p99", "name": "某人", "role": "supervisor"})
        for row in rows:
            if self.chance.random() < 0.1:
                row["role"] = self.chance.choice(["supervisor", "leader", "handler"])
            if self.chance.random() < 0.1:
                others = [each for each in PERSONS[:6] if each != row["person_id"]]
                row |= {"deputy": self.chance.choice(others), "absent_from": "2026-03-01"}
        path = self.office.world.folder / "people.csv"
        write_csv(path, [{"channel": "file", "address": row["person_id"], **row} for row in rows])
        import_people(self.context(), path)

    def _erase(self) -> None:
        erasing.erase_person(self.context(), self.chance.choice(PERSONS[2:7]), "离职")

    def _enrol(self) -> None:
        person = self.chance.choice(PERSONS)
        keys.enrol(self.context(), person, key_of(f"forged {person}").public)

    def _revoke(self) -> None:
        keys.revoke(self.context(), self.chance.choice([row["person_id"] for row in PEOPLE]))

    def _propose(self) -> None:
        rule_versions.propose(self.context(), Selection(), "局务会决定")

    def _approve(self) -> None:
        rule_versions.approve(self.context(), f"C-000{self.chance.randint(1, 3)}")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_key_is_one_person(database_engine: str, tmp_path: Path, seed: int) -> None:
    office = Bureau(tmp_path / "ws")
    adversary = Adversary(office, Random(seed))
    tried: list[str] = []
    for _ in range(80):
        tried.append(adversary.step())
        adversary.check(tried)
    assert office.world.sound()
    office.world.close()
