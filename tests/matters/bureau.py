"""Several identities on one workspace, and what must hold whatever they do.

An identity is a system user with the private keys that it holds; it may claim to be anybody
(`--as`). The commands are the real ones, on a real database, with a clock that is set. Evidence,
calendars and rules are not touched once a case is in: what they change, a scan may lift, on record
and by design; and the database is never written past the commands.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import engines
from tests.cli.command import Ran
from tests.stories.world import World, instant, wall

from .stage import Killed, killed_at, run

PEOPLE = (
    {"person_id": "zhang", "name": "张经办", "department": "住建局", "role": "handler"},
    {"person_id": "li", "name": "李主任", "department": "住建局", "role": "head"},
    {"person_id": "chen", "name": "陈分管", "department": "", "role": "leader"},
    {"person_id": "wang", "name": "王监察", "department": "", "role": "supervisor"},
    {"person_id": "sun", "name": "孙监察", "department": "", "role": "supervisor"},
    {"person_id": "zhao", "name": "赵监察", "department": "", "role": "supervisor"},
)
#: The identities and the persons whose keys they hold at the start; `clerk` holds none.
IDENTITIES = {"clerk": (), "one": ("wang",), "two": ("sun",), "three": ("zhao",), "four": ("chen",)}
#: Everybody who may be claimed; nobody was ever imported as `nobody`, `he` only sometimes.
CLAIMS = ("zhang", "li", "chen", "wang", "sun", "zhao", "he", "nobody")
#: Reasons for which people lift a card: those of a scan are out of the model.
BY_PEOPLE = ("appeal", "exemption", "issued_in_error", "not_confirmed")
#: What a notice says, for ever. Where it goes follows the people file until it has left.
CONTENT = ("subject", "card_no", "kind", "person_id", "role", "language", "about")


def _people(
    *more: dict[str, str], left_out: tuple[str, ...] = (), **of: dict[str, str]
) -> list[dict[str, str]]:
    rows = [
        {**row, **of.get(row["person_id"], {})}
        for row in PEOPLE
        if row["person_id"] not in left_out
    ]
    return [{"channel": "file", "address": row["person_id"], **row} for row in (*rows, *more)]


def _row(person: str, name: str, role: str) -> dict[str, str]:
    return {"person_id": person, "name": name, "department": "", "role": role}


#: What may be imported: somebody new with power, a second role, people who are gone, away, unknown
#: to every channel.
IMPORTS = {
    "as before": _people(),
    "a new supervisor": _people(_row("he", "何新来", "supervisor")),
    "the head supervises": _people(_row("li", "李主任", "supervisor")),
    "one is gone": _people(left_out=("sun",)),
    "one is away": _people(
        _row("he", "何代理", "leader"), wang={"absent_from": "2026-03-01", "deputy": "he"}
    ),
    "no supervisor": _people(left_out=("wang", "sun", "zhao")),
    "nobody but one": _people(left_out=("zhang", "li", "chen", "sun", "zhao")),
    "no such channel": _people(li={"channel": "webhook"}, wang={"channel": "webhook"}),
}


@dataclass
class Bureau:
    """A workspace, who gave which approval, and every notice that was ever seen."""

    world: World
    #: Key files by identity, more of them when keys are made.
    keys: dict[str, list[Path]]
    #: Who gave an approval: identity by the approval's number.
    signers: dict[int, str] = field(default_factory=dict)
    notices: dict[str, tuple[object, ...]] = field(default_factory=dict)
    #: The next command dies at this commit, before it or after it.
    dying: tuple[int, bool] | None = None

    def give(self, identity: str, claim: str | None, line: str, key: Path | None = None) -> Ran:
        """An identity gives a command; afterwards everything that must hold is looked at."""
        before = "" if claim is None else f"--as {claim} "
        if key is not None:
            before += f"--key {key} "
        ran = self._run(before + line)
        assert ran.code in (0, 1, 2, 3, 75), (line, ran)
        for row in self.world.rows("SELECT * FROM approval ORDER BY id"):
            if row["id"] not in self.signers:
                self.signers[row["id"]] = identity
                self._took_no_part(row, line)
        self.look(line)
        return ran

    def _run(self, line: str) -> Ran:
        if self.dying is None:
            return run(self.world, line)
        commit, before = self.dying
        self.dying = None
        try:
            with killed_at(commit, before=before):
                return run(self.world, line)
        except Killed:
            self.world.close()
            return Ran(75, "", "killed")

    def _took_no_part(self, approval: dict[str, Any], place: str) -> None:
        """Who has just decided on a card neither gave nor confirmed it, nor is named on it."""
        kind, number = approval["subject"].split(":", 1)
        if approval["decision"] not in ("lift", "return", "refer"):
            return
        part = set()
        if kind == "appeal":
            (appeal,) = self.world.rows("SELECT * FROM appeal WHERE appeal_no = ?", number)
            part.add(appeal["filed_by"])
            earlier = "SELECT person_id FROM approval WHERE subject = ? AND round < ?"
            before = self.world.rows(earlier, approval["subject"], approval["round"])
            part |= {row["person_id"] for row in before}
            number = appeal["card_no"]
        (card,) = self.world.rows("SELECT * FROM card WHERE card_no = ?", number)
        part.add(card["issued_by"])
        confirmed = "SELECT person FROM card_entry WHERE card_no = ? AND kind = 'confirmed'"
        part |= {row["person"] for row in self.world.rows(confirmed, number)}
        names = {card["handler"], card["reviewer"], card["approver"]}
        part |= {row["person_id"] for row in PEOPLE if row["name"] in names}
        assert approval["person_id"] not in part, place

    def look(self, place: str) -> None:
        """What must hold."""
        assert self.world.sound(), place
        cards = {row["card_no"]: row for row in self.world.rows("SELECT * FROM card")}
        self._nobody_lifts_red_alone(cards, place)
        self._no_notice_is_lost(place)
        self._somebody_is_told(cards, place)
        self._one_stands(cards, place)
        self._nothing_is_left_of_lifted(cards, place)

    def _nobody_lifts_red_alone(self, cards: dict[str, Any], place: str) -> None:
        appeals = {
            f"appeal:{row['appeal_no']}": row["card_no"]
            for row in self.world.rows("SELECT * FROM appeal WHERE state = 'upheld'")
        }
        rows = self.world.rows("SELECT * FROM approval ORDER BY id")
        for card in cards.values():
            if card["level"] != 3 or card["lifted_reason"] not in BY_PEOPLE:
                continue
            signed = [
                row
                for row in rows
                if row["decision"] == "lift"
                and row["ground"] == card["lifted_reason"]
                and card["card_no"] in (row["subject"][5:], appeals.get(row["subject"]))
            ]
            newest = max((row["round"] for row in signed), default=0)
            signed = [row for row in signed if row["round"] == newest]
            assert all(row["signature"] is not None for row in signed), place
            assert len({row["person_id"] for row in signed}) >= 2, place
            assert len({row["key_id"] for row in signed}) >= 2, place
            who = {self.signers[row["id"]] for row in signed}
            # Who let somebody have a key answers for what is signed with it.
            who |= {
                self.signers[row["id"]]
                for row in rows
                if row["subject"] in {f"key:{each['person_id']}" for each in signed}
                and row["decision"] == "enrol"
            }
            assert len(who) >= 2, (place, who)

    def _no_notice_is_lost(self, place: str) -> None:
        rows = {row["notice_id"]: row for row in self.world.rows("SELECT * FROM notice")}
        assert self.notices.keys() <= rows.keys(), place
        facts = {row["fact"] for row in self.world.rows("SELECT fact FROM ledger_entry")}
        for number, row in rows.items():
            content = tuple(row[name] for name in CONTENT)
            assert self.notices.setdefault(number, content) == content, place
            assert row["state"] in ("pending", "sent", "dead", "void"), place
            if row["state"] == "sent":
                assert row["sent_at"] is not None, place
            if row["state"] != "pending":
                recorded = [fact for fact in facts if fact.startswith(f"notice.{row['state']}/")]
                assert any(number in fact for fact in recorded), (place, row)

    def _somebody_is_told(self, cards: dict[str, Any], place: str) -> None:
        reached = {
            row["card_no"]
            for row in self.world.rows("SELECT card_no FROM notice WHERE state <> 'void'")
        }
        reported = " ".join(
            row["fact"]
            for row in self.world.rows("SELECT fact FROM ledger_entry WHERE type = 'nobody.told'")
        )
        for number, card in cards.items():
            # Whoever has answered a card knows of it, whatever was sent.
            if card["state"] in ("pending", "open"):
                assert number in reached or number in reported, (place, card)

    def _one_stands(self, cards: dict[str, Any], place: str) -> None:
        standing = [
            (card["case_id"], card["rule_id"], card["episode"])
            for card in cards.values()
            if card["state"] in ("open", "acknowledged", "replied")
        ]
        assert len(standing) == len(set(standing)), place
        twice = [
            (card["case_id"], card["rule_id"], card["episode"], card["level"])
            for card in cards.values()
            if card["state"] not in ("lifted", "closed")
        ]
        assert len(twice) == len(set(twice)), place

    def _nothing_is_left_of_lifted(self, cards: dict[str, Any], place: str) -> None:
        lifted = [number for number, card in cards.items() if card["state"] == "lifted"]
        for number in lifted:
            rows = self.world.rows("SELECT * FROM notice WHERE subject = ?", f"card:{number}")
            end = [row for row in rows if row["kind"] == "lifted"]
            sent = {row["person_id"] for row in rows if row["state"] == "sent"}
            assert sent <= {row["person_id"] for row in end}, (place, number)
            others = {row["state"] for row in rows if row["kind"] != "lifted"}
            assert "pending" not in others, (place, number)
            if cards[number]["lifted_reason"] == "appeal":
                states = self.world.rows(
                    "SELECT status FROM accountability WHERE card_no = ?", number
                )
                assert {row["status"] for row in states} <= {"exempted"}, place
            running = "SELECT * FROM ladder_run WHERE card_no = ? AND state <> 'ended'"
            assert self.world.rows(running, number) == [], place
            waiting = "SELECT * FROM appeal WHERE card_no = ? AND state IN ('filed', 'referred')"
            assert self.world.rows(waiting, number) == [], place
        orders = self.world.rows(
            "SELECT order_no FROM supervision_order WHERE state <> 'closed' AND NOT EXISTS"
            " (SELECT 1 FROM order_card JOIN card USING (card_no)"
            " WHERE order_card.order_no = supervision_order.order_no AND state <> 'lifted')"
        )
        assert orders == [], place

    def lists(self) -> None:
        """No list that everybody looks at shows a card that was lifted."""
        lifted = {r["card_no"] for r in self.world.rows("SELECT * FROM card WHERE state='lifted'")}
        for line in ("cards list -o json", "accountability list -o json"):
            shown = run(self.world, line).well().json
            assert lifted.isdisjoint(row["card_no"] for row in shown), line
        found = run(self.world, "cards list -o json --state all").well().json
        assert lifted == {row["card_no"] for row in found if row["state"] == "lifted"}

    def numbers(self, statement: str) -> list[str]:
        """First column of what is asked, in a fixed order."""
        return sorted(str(row[0]) for row in self.world.tuples(statement))


def case_rows(number: str, **more: str) -> dict[str, str]:
    """A case of the story's rules."""
    return {
        "case_no": number,
        "item_kind": "promised",
        "department": "住建局",
        "handler": "张经办",
        "promised_limit": "3 working_days",
        "statutory_limit": "4 working_days",
        **more,
    }


def accepted(number: str, at: str) -> dict[str, str]:
    """When a case was accepted."""
    return {"case_no": number, "event": "accepted", "occurred_at": at}


def made(folder: Path) -> Bureau:
    """Four enrolled keys; a red card over a yellow one, both delivered; two to be confirmed."""
    world = World.made(folder / "ws", "2026-03-01 12:00")
    world.people(PEOPLE)
    bureau = Bureau(world, {name: [] for name in IDENTITIES})
    for identity, persons in IDENTITIES.items():
        for person in persons:
            path = folder / f"{person}.pem"
            run(world, f"people key new --out {path}").well()
            bureau.keys[identity].append(path)
    _enrol(bureau, folder)
    manual = {"item_kind": "forwarded", "watch": "manual", "promised_limit": "2 working_days"}
    world.receive("cases", [case_rows("A"), case_rows("B"), case_rows("M", **manual)])
    world.receive(
        "events",
        [
            accepted("A", "2026-03-02 10:00"),
            accepted("B", "2026-03-04 10:00"),
            accepted("M", "2026-03-02 10:00"),
        ],
    )
    for day in ("2026-03-06", "2026-03-07", "2026-03-09"):
        world.now = instant(f"{day} 10:00")
        world.scan()
        if day == "2026-03-07":
            world.deliver()
    world.close()
    bureau.look("at the start")
    return bureau


def _enrol(bureau: Bureau, folder: Path) -> None:
    """The first two keys are trusted, the others approved by their holders."""
    from efficiency_monitor.people.key_files import read_key
    from efficiency_monitor.people.model.signatures import public_text

    def public(person: str) -> str:
        return f"'{public_text(read_key(folder / f'{person}.pem', lambda: None).public)}'"

    for person in ("wang", "sun"):
        run(bureau.world, f"--as {person} people key enrol {person} {public(person)}").well()
    for person in ("zhao", "chen"):
        for by in ("wang", "sun"):
            key = folder / f"{by}.pem"
            run(
                bureau.world, f"--as {by} --key {key} people key enrol {person} {public(person)}"
            ).well()
    for row in bureau.world.rows("SELECT id, person_id FROM approval"):
        bureau.signers[row["id"]] = next(
            name for name, persons in IDENTITIES.items() if row["person_id"] in persons
        )


def copied(bureau: Bureau, folder: Path) -> Bureau:
    """The same bureau in another folder."""
    before = bureau.world.folder
    shutil.copytree(before.parent, folder, ignore=shutil.ignore_patterns(before.name))
    engines.copied(before, folder / "ws")
    return Bureau(
        World(folder / "ws", bureau.world.now, bureau.world.watch_from, bureau.world.imports),
        {name: [folder / path.name for path in paths] for name, paths in bureau.keys.items()},
        dict(bureau.signers),
        dict(bureau.notices),
    )


def day_of(at: int) -> str:
    """The date of an instant, as the command line takes it."""
    return wall(at)[:10]
