"""The process dies at each COMMIT of a decision: the same command again makes it whole."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.stories.world import World

from .office import HOLDERS, Office, key_of
from .stage import Killed, copied, facts, killed_at, run

pytestmark = pytest.mark.both_engines

#: Commands on a red card over a yellow one; `{KEY}` stands before the key files.
APPEALED = (
    "--as zhang appeals file {A CASE red} --text 申诉",
    "--as wang --key {KEY}wang.pem appeals decide {appeal} --decision refer --text 请示",
    "--as chen --key {KEY}chen.pem appeals decide {appeal} --decision lift --text 同意",
    "--as sun --key {KEY}sun.pem appeals decide {appeal} --decision lift --text 同意",
)
BY_HAND = (
    "--as wang --key {KEY}wang.pem cards lift {A CASE red} --reason exemption --text 免责",
    "--as sun --key {KEY}sun.pem cards lift {A CASE red} --reason exemption --text 免责",
)


def key_files(folder: Path) -> Path:
    """The keys of the office as files."""
    folder.mkdir()
    for person in HOLDERS:
        path = folder / f"{person}.pem"
        private = key_of(person)._private
        path.touch(mode=0o600)
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


def given(world: World, line: str) -> int:
    """Give a command; the numbers of cards and appeals are filled in one word."""
    return run(world, line.replace("{A CASE red}", world.card("A CASE red"))).code


@pytest.mark.full
@pytest.mark.parametrize("lines", [APPEALED, BY_HAND], ids=["appealed", "by hand"])
def test_a_decision_is_whole_or_not_at_all(
    office: Office, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    folder = key_files(tmp_path / "keys")
    office.red()
    world, deaths = office.world, 0
    for step, template in enumerate(lines):
        line = template.replace("{KEY}", f"{folder}/")
        whole = copied(world, tmp_path / f"{step}-whole")
        assert given(whole, line) == 0
        expected = facts(whole)
        for before in (True, False):
            commit, died = 0, True
            while died:
                commit += 1
                again = copied(world, tmp_path / f"{step}-{before}-{commit}")
                with killed_at(commit, before=before):
                    try:
                        given(again, line)
                        died = False
                    except Killed:
                        deaths += 1
                again.close()
                if died:
                    assert given(again, line) in (0, 2)
                assert facts(again) == expected, (line, commit, before)
                assert again.sound()
                again.close()
        assert given(world, line) == 0
    assert deaths >= 2 * len(lines)  # before and after the COMMIT of each
