"""How many identity numbers are found, and how much is taken for one that is none: measured.

Trials print their seed; EFFMON_SEED replays them. The numbers are made here, by the standard's
formula written another way than in the code.
"""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.followup.evidence import attachments
from efficiency_monitor.people.model.id_numbers import find_id_number, masked
from tests.matters.stage import run
from tests.stories.world import PEOPLE, World

from .conftest import CASE

REGIONS = ("110105", "210102", "310104", "430302", "430102", "510104", "650102", "820000", "911101")
TRIALS = 10_000
NUMBER = "11010519491231002X"
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def dice() -> random.Random:
    seed = os.environ.get("EFFMON_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"EFFMON_SEED={seed}")
    return random.Random(seed)


def check_sign(digits: str) -> str:
    """ISO 7064 MOD 11-2, as a running remainder."""
    remainder = 0
    for digit in digits:
        remainder = (remainder + int(digit)) * 2 % 11
    return "0123456789X"[(12 - remainder) % 11]


def number(draw: random.Random) -> str:
    born = date(1930, 1, 1) + timedelta(days=draw.randrange(33_000))
    digits = f"{draw.choice(REGIONS)}{born:%Y%m%d}{draw.randrange(1000):03}"
    return digits + check_sign(digits)


def spelled(draw: random.Random, digits: str) -> str:
    """As people write it."""
    groups = f"{digits[:6]}{{0}}{digits[6:14]}{{0}}{digits[14:]}"
    ways: tuple[Callable[[], str], ...] = (
        lambda: digits,
        lambda: digits.lower(),
        lambda: digits.translate(WIDE),
        lambda: groups.format(draw.choice(" -.")),
        lambda: " ".join(digits),
        lambda: f"身份证号{digits}，有效",
        lambda: f"[{digits}]",
        lambda: f"ID:{digits}abc",
        lambda: f"电话13812345678 证{digits}",
    )
    return draw.choice(ways)()


def test_every_synthetic_number_is_found_and_masked() -> None:
    draw, missed = dice(), []
    for _ in range(TRIALS):
        digits = number(draw)
        text = spelled(draw, digits)
        hidden = masked(text)
        if find_id_number(text) is None or digits[6:14] in hidden.replace(" ", ""):
            missed.append(text)
    print(f"found {TRIALS - len(missed)} of {TRIALS}")
    assert missed == []


def test_numbers_of_fifteen_digits() -> None:
    draw, missed = dice(), []
    for _ in range(TRIALS):
        born = date(1930, 1, 1) + timedelta(days=draw.randrange(25_000))
        digits = f"{draw.choice(REGIONS)}{born:%y%m%d}{draw.randrange(1000):03}"
        if find_id_number(f"证件 {digits} 号") is None:
            missed.append(digits)
    assert missed == []


def case_number(draw: random.Random) -> str:
    """Region, date and a running number: what a case is often called."""
    day = date(2012, 1, 1) + timedelta(days=draw.randrange(5000))
    return f"{draw.choice(REGIONS)}{day:%Y%m%d}{draw.randrange(10_000):04}"


def credit_code(draw: random.Random) -> str:
    """GB 32100: 18 signs with a check sign, as companies have them; half of them digits alone."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    pool = draw.choice((signs, "0123456789"))
    code = "91" + draw.choice(REGIONS) + "".join(draw.choice(pool) for _ in range(9))
    total = sum(signs.index(sign) * pow(3, place, 31) for place, sign in enumerate(code))
    return code + signs[-total % 31]


def digits_of(length: int) -> Callable[[random.Random], str]:
    return lambda draw: str(draw.randrange(10 ** (length - 1), 10**length))


#: What is no identity number; whether it stands in an identifier; at most how many of 10,000 are
#: taken for one. Ten times the expected number: bad luck does not reach it.
NONE = {
    "random 18 digits": (digits_of(18), False, 10),
    "random 17 digits": (digits_of(17), False, 0),
    "random 19 digits": (digits_of(19), False, 0),
    "case numbers as identifiers": (case_number, True, 0),
    "social credit codes": (credit_code, False, 10),
    "random 15 digits as identifiers": (digits_of(15), True, 0),
    "random 15 digits in a text": (digits_of(15), False, 1300),
}


@pytest.mark.parametrize("kind", NONE)
def test_what_is_none_is_taken_for_none(kind: str) -> None:
    make, identifier, most = NONE[kind]
    draw = dice()
    taken = sum(
        find_id_number(make(draw), identifier=identifier) is not None for _ in range(TRIALS)
    )
    print(f"{kind}: {taken} of {TRIALS} taken for an identity number")
    assert taken <= most


def test_policies_at_the_import(world: World) -> None:
    """A case may be called by region, date and running number, not by a grown-up's number."""
    odd = "430302202603020002"
    case_numbers = [odd[:-1] + check_sign(odd[:-1]), "430302260302001", NUMBER]
    report = world.receive("cases", [{**CASE, "case_no": name} for name in case_numbers])
    assert (report.total.imported, report.total.quarantined) == (2, 1)
    (row,) = world.rows("SELECT content, code FROM quarantine")
    assert row["code"] == "id_number"
    assert NUMBER not in row["content"]
    # What is masked in quarantine is no case number when it is tried again.
    run(world, "quarantine retry").well()
    assert world.rows("SELECT id FROM case_file WHERE case_no LIKE '%*%'") == []


def test_a_column_that_a_mapping_allows_is_sealed(world: World) -> None:
    base = (world.folder / "catalogue" / "mappings" / "canonical.yaml").read_text(encoding="utf-8")
    own = base.replace("id: canonical", "id: own", 1)
    own = own.replace("id_numbers_allowed: [item_code]", "id_numbers_allowed: [note]", 1)
    own = own.replace("    attributes:\n", "    attributes:\n      note: note\n", 1)
    (world.folder / "own.yaml").write_text(own, encoding="utf-8")
    path = world.folder / "allowed.csv"
    path.write_text(f"case_no,note\nA,{NUMBER}\n", encoding="utf-8")
    found = run(world, f"import {path} --mapping {world.folder / 'own.yaml'} -o json").well().json
    assert (found["imported"], found["quarantined"]) == (1, 0)
    assert NUMBER not in str(world.rows("SELECT fields FROM case_fact"))
    ran = run(world, "cases show A -o json").well()
    assert (ran.json["fields"]["note"], NUMBER in ran.out) == ("110***********002X", False)
    run(world, "--as wang cases erase-applicant A --reason x").well()
    assert NUMBER not in world.dump()


def test_what_people_write_is_refused(world: World) -> None:
    card = world.card("A CASE red")
    size = len(world.entries())
    for line in (
        f"--as li cards reply {card} --text 张三{NUMBER}",
        f"--as wang orders open {card} --text {NUMBER}",
        f"--as li appeals file {card} --text 证{NUMBER}",
        f"--as wang cards lift {card} --reason issued_in_error --text {NUMBER}",
        f"--as wang silences add --department 住建局 --until 2026-03-25 --reason {NUMBER}",
        f"--as wang accountability verify {card} --text {NUMBER}",
    ):
        ran = run(world, line)
        assert (ran.code, NUMBER in ran.err, "110***********002X" in ran.err) == (2, False, True)
    paper = world.folder / f"{NUMBER}.txt"
    paper.write_text("x", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="identity card"):
        attachments.keep(world.context, [paper])
    paper.write_text("case_no\nZ\n", encoding="utf-8")
    ran = run(world, f"import {paper}")
    assert (ran.code, NUMBER in ran.out + ran.err) == (2, False)
    assert len(world.entries()) == size


def test_a_person_has_no_such_id(world: World) -> None:
    rows = [*PEOPLE, {"person_id": NUMBER, "name": "赵六", "role": "head", "department": "住建局"}]
    path = world.folder / "more.csv"
    lines = [f"{r['person_id']},{r['name']},{r['role']},{r['department']},file,x" for r in rows]
    path.write_text("person_id,name,role,department,channel,address\n" + "\n".join(lines), "utf-8")
    ran = run(world, f"people import {path}")
    assert (ran.code, NUMBER in ran.err, "identity card" in ran.err) == (3, False, True)
    assert NUMBER not in world.dump()
