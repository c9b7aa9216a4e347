"""What people read has words where words exist: in Chinese no column of codes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.i18n.messages import language, set_language
from efficiency_monitor.workspace.settings import load
from tests.matters.desk import case, opened
from tests.matters.stage import run
from tests.stories.world import World

#: Codes and names of fields that must not reach a person who reads Chinese.
CODES = re.compile(
    r"\b(handler|reviewer|approver|head|leader|supervisor|warning|yellow|red|issued|to_confirm"
    r"|lifted|closed|enrolled|asked|revoked|bootstrap|approvals|messages|retry|dead|faults|sound"
    r"|trees|kept_size|first_bad|tell|after|stops|acknowledged|replied|working_days|card|order"
    r"|card_no|chains|state|told|steps|people|keys|ledger|quarantine|key_id|person_id|missing"
    r"|replaces|issued_in_error|running)\b"
)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    before = language()
    monkeypatch.setenv("EFFMON_LANG", "zh")
    world = opened(tmp_path / "office")
    case(world, "A")
    assert run(world, "scan").code == 0
    yield world
    world.close()
    set_language(before)


@pytest.mark.parametrize(
    "line",
    [
        "people list",
        "people check",
        "people key list",
        "ladders list",
        "ladders show standard",
        "ladders show '{A CASE red}'",
        "cards show '{A CASE red}'",
        "notices list",
        "notices deliver --dry-run",
        "notices deliver",
        "ledger verify",
        "doctor",
    ],
)
def test_in_chinese_no_command_shows_codes(office: World, line: str) -> None:
    said = run(office, line)
    shown = said.out.replace(str(office.folder), "")
    assert shown.strip()
    named = r"\S+\.(?:yaml|key)|effmon [a-z ]+|effmon\.toml \[[a-z]+\] [a-z]+"
    assert not CODES.findall(re.sub(named, "", shown)), shown


def test_enrolling_a_key_is_said_in_words(office: World, tmp_path: Path) -> None:
    key = tmp_path / "wang.pem"
    run(office, f"people key new --out {key} > {tmp_path / 'line'}")
    said = run(office, f"--as wang people key enrol wang @{tmp_path / 'line'}")
    assert said.code == 0, said.err
    assert "在用" in said.out
    assert not CODES.findall(said.out), said.out
    assert not CODES.findall(run(office, "people key list").out)


def test_a_signature_to_lift_names_the_reason_in_words(office: World, tmp_path: Path) -> None:
    for person in ("wang", "sun"):
        run(office, f"people key new --out {tmp_path / person} > {tmp_path / 'line'}")
        run(office, f"--as {person} people key enrol {person} @{tmp_path / 'line'}")
    signed = run(
        office,
        f"--as wang --key {tmp_path / 'wang'} cards lift '{{A CASE red}}' "
        "--reason issued_in_error --text 规则适用错误",
    )
    assert signed.code == 0, signed.err
    assert "误发：规则适用错误" in run(office, "cards show '{A CASE red}'").out


def test_the_ledger_list_shows_no_record_of_python(office: World) -> None:
    added = run(
        office, "--as wang silences add --department 住建局 --reason 演练 --until 2026-03-10"
    )
    assert added.code == 0, added.err
    said = run(office, "ledger list --type silence.added").out
    assert "承诺值 " in said
    assert "commitment" not in said
    assert "{" not in said


@pytest.mark.parametrize("option", ["--text @fehlt", "--text x --attach fehlt"])
def test_what_the_system_refuses_is_said_in_chinese(office: World, option: str) -> None:
    said = run(office, f"--as zhang cards reply '{{A CASE red}}' {option}")
    assert said.code == 2
    assert "没有这个文件或目录" in said.err
    assert "No such" not in said.err


def test_who_has_a_faulty_row_stays_as_they_were_known(office: World, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "person_id,name,role,channel,department,absent_from\n"
        "li,李主任,head,file,住建局,2026-13-01\n"
        "wang,王监察,supervisor,file,,\n"
        "neu,新人,handler,file,住建局,gestern\n",
        encoding="utf-8",
    )
    said = run(office, f"people import {table}")
    assert said.code == 3
    assert "仍按原有登记：li" in said.err
    listed = [line.split("\t")[0] for line in run(office, "people list").out.splitlines()[1:]]
    assert sorted(listed) == ["li", "wang"]


def test_what_is_wrong_with_rows_of_people_is_said_in_chinese(
    office: World, tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "编号,姓名,角色,渠道,代理人,缺勤自,缺勤至,接收时间\n"
        "a,甲,长官,file,,,,\n"
        ",乙,承办人,file,,,,\n"
        "c,丙,承办人,file,,明天,,\n"
        "d,丁,承办人,file,,2026-03-12,2026-03-11,\n"
        "e,戊,承办人,file,,,,25:00-26:00\n"
        "f,己,承办人,file,f,,,\n"
        "g,庚,承办人,file,谁,,,\n",
        encoding="utf-8",
    )
    said = run(office, f"people import {table}").err
    for line in said.splitlines()[:7]:
        assert re.match(r"注意：people\.csv：第 [2-8] 行: ", line), line
        shown = line.partition(" 行: ")[2]
        assert not re.search(r"[a-z]{3}", re.sub(r"列 \w+", "", shown)), line
    assert "'长官'" in said
    assert "列 person_id 是空的" in said
    assert "'明天' 不是日期" in said
    assert "'25:00-26:00' 写法有误" in said
    assert "'谁'" in said


def test_lists_name_a_person_and_a_rule_alike(office: World) -> None:
    run(office, "--as zhang cards acknowledge '{A CASE red}'")
    assert run(office, "--as wang orders open '{A CASE red}' --text 整改").code == 0
    assert run(office, "--as zhang appeals file '{A CASE red}' --text 有误").code == 0
    run(office, "--as wang accountability verify '{A CASE red}' --text 属实")
    run(office, "--as wang silences add --rule CASE --reason 演练 --until 2026-03-10")
    shown = {
        line: json.loads(run(office, f"{line} -o json").out)
        for line in (
            "cards show '{A CASE red}'",
            "orders show '{order}'",
            "appeals show '{appeal}'",
            "accountability show '{A CASE red}'",
        )
    }
    for line, document in shown.items():
        acts = document.get("entries") or document["decisions"]
        assert all("person_id" in act and "person" not in act for act in acts), line
    (silence,) = json.loads(run(office, "silences list -o json").out)
    assert silence["rule"] == "CASE"
    assert "rule_id" not in silence


def test_a_time_that_is_none_is_said_in_chinese(office: World) -> None:
    for line in ("scan --as-of morgen", "--as wang silences add --reason x --until morgen"):
        said = run(office, line)
        assert said.code == 2
        assert "'morgen' 不是时间" in said.err


def test_who_names_no_language_is_told_in_the_workspace_s(office: World, tmp_path: Path) -> None:
    settings = office.folder / "effmon.toml"
    written = [
        line for line in settings.read_text("utf-8").splitlines() if "language =" not in line
    ]
    english = "\n".join(written).replace("[workspace]", '[workspace]\nlanguage = "en"', 1)
    settings.write_text(english, encoding="utf-8")
    table = tmp_path / "people.csv"
    table.write_text("person_id,name,role,channel\nwang,Wang,supervisor,file\n", encoding="utf-8")
    assert run(office, f"people import {table}").code == 0
    case(office, "D")
    assert run(office, "scan").code == 0
    previewed = run(office, "notices deliver --dry-run").err
    assert "Efficiency supervision" in previewed


def test_the_old_section_of_notices_is_refused_in_the_language_of_the_reader(
    office: World,
) -> None:
    with (office.folder / "effmon.toml").open("a", encoding="utf-8") as file:
        file.write('\n[notices]\nred = ["handler"]\n')
    with pytest.raises(ConfigurationError, match=r"请删去该节"):
        load(office.folder)
