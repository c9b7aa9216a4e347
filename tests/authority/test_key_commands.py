"""`effmon people key …` and `--key` as they are typed."""

import json
from pathlib import Path

import pytest

from ..cli.command import Ran, effmon
from .desk import Desk


def refused(ran: Ran, said: str) -> None:
    assert ran.code == 2, ran
    lines = ran.err.splitlines()
    assert lines[-2].startswith("error: "), ran.err
    assert said in lines[-2]
    assert lines[-1].startswith("hint: ")


@pytest.fixture
def keys(desk: Desk, tmp_path: Path) -> dict[str, Path]:
    """A key file for each supervisor, made by the command; its public line beside it."""
    made = {}
    for person in ("wang", "chen", "zhao"):
        made[person] = tmp_path / f"{person}.key"
        ran = effmon("people", "key", "new", "--out", made[person]).well()
        assert ran.out.startswith("effmon-ed25519 ")
        assert len(ran.out.splitlines()) == 1
        made[person].with_suffix(".pub").write_text(ran.out, encoding="utf-8")
    desk.world.close()
    return made


def enrol(desk: Desk, person: str, keys: dict[str, Path], by: str, *more: object) -> Ran:
    public = f"@{keys[person].with_suffix('.pub')}"
    return effmon(
        "-C", desk.world.folder, "--as", by, *more, "people", "key", "enrol", person, public,
        "-o", "json",
    )  # fmt: skip


def test_from_making_a_key_to_revoking_it(desk: Desk, keys: dict[str, Path]) -> None:
    first = enrol(desk, "wang", keys, "wang").well()
    assert (first.json["state"], first.json["bootstrap"]) == ("enrolled", True)
    assert "compare it in person" in first.err
    enrol(desk, "chen", keys, "chen").well()
    asked = enrol(desk, "zhao", keys, "wang", "--key", keys["wang"]).well()
    assert (asked.json["state"], asked.json["missing"]) == ("asked", 1)
    done = enrol(desk, "zhao", keys, "chen", "--key", keys["chen"]).well()
    assert (done.json["state"], done.json["approved_by"]) == ("enrolled", ["wang", "chen"])
    folder = desk.world.folder
    listed = effmon("-C", folder, "people", "key", "list", "-o", "json").well()
    assert [(row["person_id"], row["state"]) for row in listed.json] == [
        ("wang", "enrolled"),
        ("chen", "enrolled"),
        ("zhao", "enrolled"),
    ]
    revoked = effmon(
        "-C", folder, "--as", "chen", "people", "key", "revoke", "zhao", "--text", "遗失",
        "-o", "json", variables={"EFFMON_KEY": str(keys["chen"])},
    )  # fmt: skip
    assert revoked.well().json["state"] == "revoked"
    assert effmon("-C", folder, "ledger", "verify", "-o", "json").well().json["sound"]
    found = effmon("-C", folder, "doctor", "-o", "json")
    said = [row["detail"] for row in found.json if row["check"] == "keys"]
    assert said[0] == (
        "2 supervisors hold keys, without: sun, zhao; 3 are needed to replace a lost one"
    )
    assert said[1].startswith("the first keys were taken as they come")
    assert len(said) == 2


def test_what_is_refused_is_said_in_one_line(desk: Desk, keys: dict[str, Path]) -> None:
    enrol(desk, "wang", keys, "wang").well()
    enrol(desk, "chen", keys, "chen").well()
    refused(enrol(desk, "zhao", keys, "wang"), "has to sign with it")
    refused(enrol(desk, "zhao", keys, "wang", "--key", keys["chen"]), "is not wang's")
    refused(enrol(desk, "zhao", keys, "wang", "--key", keys["wang"].parent), "no regular file")
    keys["wang"].chmod(0o644)
    refused(enrol(desk, "zhao", keys, "wang", "--key", keys["wang"]), "others may read")
    folder = desk.world.folder
    refused(effmon("-C", folder, "people", "key", "enrol", "zhao", "x", "-o", "json"), "it is not")
    private = f"@{keys['zhao']}"
    refused(
        effmon("-C", folder, "--as", "wang", "people", "key", "enrol", "zhao", private),
        "give it to nobody",
    )
    refused(effmon("people", "key", "new", "--out", keys["wang"]), "is not overwritten")


def test_a_passphrase_comes_from_the_environment(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret = {"EFFMON_KEY_PASSPHRASE": "correct horse"}
    made = effmon("people", "key", "new", "--out", path, variables=secret).well()
    assert "ENCRYPTED" in path.read_text()
    where = ("-C", desk.world.folder, "--as", "wang", "--key", path)
    enrolling = (*where, "people", "key", "enrol", "wang", made.out.strip())
    refused(effmon(*enrolling), "has a passphrase")
    wrong = effmon(*enrolling, variables={"EFFMON_KEY_PASSPHRASE": "wrong horse"})
    refused(wrong, "wrong passphrase")
    assert "horse" not in wrong.err + wrong.out
    effmon(*enrolling, variables=secret).well()


def test_without_as_no_key_is_read(desk: Desk, tmp_path: Path) -> None:
    ran = effmon(
        "-C", desk.world.folder, "cards", "list", "-o", "json",
        variables={"EFFMON_KEY": str(tmp_path / "nothing")},
    )  # fmt: skip
    assert json.loads(ran.well().out)


def test_an_import_says_whose_rights_change(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "person_id,name,role,channel,deputy\nhe,何,supervisor,file,li\nli,李,head,file,\n",
        encoding="utf-8",
    )
    ran = effmon("-C", desk.world.folder, "people", "import", path).well()
    assert "supervisors who were none before: he" in ran.err
    assert "supervisors no more: chen, sun, wang, zhao" in ran.err
    assert "supervisors' deputies who were none: li" in ran.err
