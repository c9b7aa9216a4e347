"""Each command of the model goes well where people do as they should: none is always refused."""

from pathlib import Path

from tests.stories.world import write_csv

from . import bureau as office
from .bureau import IMPORTS, Bureau

#: Who says it, as whom, and the command; `{…}` as in `stage.run`.
COMMANDS = (
    ("clerk", "zhang", "cards acknowledge {A CASE red} --text 收到"),
    ("clerk", "li", "cards reply {A CASE red} --text 已办"),
    ("one", "wang", "orders open {A CASE red} --text 限期整改"),
    ("clerk", "li", "orders reply {order} --text 已整改"),
    ("two", "sun", "orders return {order} --text 重办"),
    ("clerk", "li", "orders reply {order} --text 又整改"),
    ("two", "sun", "orders close {order} --text 办结"),
    ("one", "wang", "cards close {A CASE red} --text 销号"),
    ("one", "wang", "accountability verify {A CASE red} --text 属实"),
    ("two", "sun", "accountability record {A CASE red} --measure talk --text 已约谈"),
    ("two", "sun", "cards confirm {M CHECKED yellow} --text 属实"),
    ("clerk", "li", "accountability exempt {M CHECKED yellow} --ground force_majeure --text 停电"),
    ("two", "sun", "accountability exempt {M CHECKED yellow} --decision approve --text 同意"),
    ("one", "wang", "cards issue B --level red --basis 检查 --text 问题"),
    ("two", "sun", "cards confirm {B MANUAL red} --text 属实"),
    ("one", "wang", "silences add --case A --reason 维护 --until 2026-03-11"),
    ("one", "wang", "silences end {silence} --reason 不需要了"),
    ("clerk", None, "people key new --out {folder}/made.pem"),
    ("one", "wang", "people key enrol li @{folder}/made.pub"),
    ("two", "sun", "people key enrol li @{folder}/made.pub"),
    ("three", "zhao", "people key revoke li --text 遗失"),
    ("clerk", "li", "people import {folder}/people.csv"),
    ("clerk", "zhang", "appeals file {A CASE red} --text 申诉"),
    ("one", "wang", "appeals decide {appeal} --decision refer --text 请示"),
    ("four", "chen", "appeals decide {appeal} --decision lift --text 同意"),
    ("two", "sun", "appeals decide {appeal} --decision lift --text 同意"),
    ("clerk", "li", "appeals file {M CHECKED yellow} --text 申诉"),
    ("one", "wang", "appeals decide {appeal} --decision return --text 维持"),
    ("three", "zhao", "cards lift {B MANUAL red} --reason issued_in_error --text 误发"),
    ("four", "chen", "notices retry"),
    ("one", "wang", "scan"),
    ("one", "wang", "notices deliver"),
    ("one", "wang", "jobs run"),
)


def test_every_command_of_the_model_goes_well(tmp_path: Path) -> None:
    begin = tmp_path / "begin"
    begin.mkdir()
    bureau: Bureau = office.made(begin)
    world = bureau.world
    write_csv(world.folder / "people.csv", IMPORTS["as before"])
    for identity, claim, line in COMMANDS:
        keys = bureau.keys[identity]
        named = line.replace("{A CASE red}", "'{A CASE red}'")
        for level in ("M CHECKED yellow", "B MANUAL red"):
            named = named.replace(f"{{{level}}}", f"'{{{level}}}'")
        ran = bureau.give(identity, claim, named, keys[0] if keys else None)
        assert ran.code == 0, (line, ran)
        if "key new" in line:
            (world.folder / "made.pub").write_text(ran.out, encoding="utf-8")
    bureau.lists()
    assert "A CASE red lifted appeal" in world.cards()
    world.close()
