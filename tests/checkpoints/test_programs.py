"""A program that signs: right, wrong, silent, loud; and SM2 by openssl, as the page says."""

import base64
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import compare
from efficiency_monitor.ledger import keys as ledger_keys
from efficiency_monitor.ledger.model import signed_notes
from efficiency_monitor.ledger.model.signed_notes import Verifier
from efficiency_monitor.ledger.signer import Program, SignerFailed
from tests.stories.world import World

from . import office

#: Signs what it reads, with the seed in its argument: what stands between us and a module.
HONEST = """
import base64, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[1]))
print(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())
"""


def program(world: World, code: str, *arguments: str, timeout: int = 60) -> Program:
    """A signer that runs Python code."""
    command = (sys.executable, "-c", code, *arguments)
    return Program(command, office.key(office.OTHER).verifier, world.folder, timeout)


def settings(world: World, *command: str, public: str) -> None:
    """Write `[ledger.signer]` for a program."""
    path = world.folder / "effmon.toml"
    words = ", ".join(f"'{word}'" for word in command)
    section = f"""
[ledger.signer]
kind = "command"
command = [{words}]
public = "{public}"
"""
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    world.close()


def test_a_program_takes_over_and_signs(world: World) -> None:
    office.make(world)
    signer = program(world, HONEST, office.OTHER.hex())
    ledger_keys.rotate_signer(world.context, signer)
    ledger_keys.rotate_signer(world.context, signer)  # once more is the same
    script = world.folder / "sign.py"
    script.write_text(HONEST)
    settings(world, sys.executable, str(script), office.OTHER.hex(), public=signer.verifier.vkey)
    made = office.make(world)
    assert (made.new, made.verified, made.key) == (True, True, signer.verifier.key_id.hex())
    assert compare.compare_note(world.context, made.notes["sm3"].encode()).result == compare.EQUAL
    assert ledger_book.verify(world.context, everything=True)["sound"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit(3)", "ended with 3"),
        (
            "import sys; sys.exit('the module \\x1b[31mis locked')",
            "ended with 1: the module .*is locked",
        ),
        ("", "no signature in base64"),
        ("print('hello, world')", "no signature in base64"),
        ("print('A' * 100_000)", "no signature in base64"),
        ("import sys; sys.stdout.buffer.write(bytes(range(256)))", "no signature in base64"),
        ("print('AAAA')", "not by the key"),
        ("print('A' * 84 + 'AA==')", "not by the key"),
        (HONEST.replace("sys.argv[1]", f"'{office.SEED.hex()}'"), "not by the key"),
        (
            HONEST.replace(".read()", ".read()[:-1]").replace(
                "sys.argv[1]", f"'{office.OTHER.hex()}'"
            ),
            "not by the key",
        ),
        ("import os; os.kill(os.getpid(), 9)", "ended with -9"),
    ],
)
def test_whatever_is_no_signature_is_one_clear_line(world: World, code: str, why: str) -> None:
    with pytest.raises(SignerFailed, match=why) as refused:
        program(world, code).sign(b"text\n")
    assert refused.value.exit_code == 70
    assert "\n" not in refused.value.message
    assert "\x1b" not in refused.value.message
    assert "nothing was signed" in refused.value.hint


def test_a_program_that_never_answers_is_ended_with_all_that_it_started(world: World) -> None:
    mark = world.folder / "child"
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(mark)!r}, "w").write(str(child.pid))
time.sleep(600)
"""
    with pytest.raises(SignerFailed, match="no answer within"):
        program(world, code, timeout=3).sign(b"text\n")
    if mark.exists():
        child = Path("/proc") / mark.read_text() / "stat"
        until = time.monotonic() + 60
        while _lives(child) and time.monotonic() < until:
            time.sleep(0.01)  # it was sent a signal, which takes effect when it is its turn
        assert not _lives(child)


def _lives(stat: Path) -> bool:
    try:
        return stat.read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_is_not_there(world: World) -> None:
    signer = Program(("/nowhere/sign",), office.key().verifier, world.folder, 5)
    with pytest.raises(SignerFailed, match="/nowhere/sign"):
        signer.sign(b"text\n")


def test_a_wrong_public_key_is_said_before_anything_is_asked(world: World) -> None:
    settings(world, "true", public="nonsense")
    with pytest.raises(ConfigurationError, match=r"ledger\.signer\.public"):
        office.make(world)


def test_a_failing_program_writes_nothing(world: World) -> None:
    office.make(world)
    ledger_keys.rotate_signer(world.context, program(world, HONEST, office.OTHER.hex()))
    settings(world, "false", public=office.key(office.OTHER).verifier.vkey)
    before = office.notes(world), office.signed(world), len(world.entries())
    with pytest.raises(SignerFailed):
        office.make(world)
    assert (office.notes(world), office.signed(world), len(world.entries())) == before


def openssl(folder: Path, *arguments: str) -> bytes:
    """Run the openssl program."""
    found = shutil.which("openssl")
    assert found is not None, "the openssl program is needed for SM2"
    return subprocess.run([found, *arguments], cwd=folder, check=True, capture_output=True).stdout


def test_sm2_by_openssl_as_the_page_describes_it(world: World) -> None:
    office.make(world)
    keys = world.folder / "keys"
    openssl(keys, "genpkey", "-algorithm", "SM2", "-out", "sm2.pem")
    (keys / "sm2.pem").chmod(0o600)
    public = openssl(keys, "pkey", "-in", "sm2.pem", "-pubout", "-outform", "DER")
    # The last 65 bytes of the DER are the point.
    coded = base64.b64encode(public[-65:]).decode()
    verifier = ledger_keys.foreign(world.context, coded, "effmon-sm2")
    assert verifier == Verifier(office.ORIGIN, 0xFF, b"effmon-sm2\n" + public[-65:])
    command = (
        "sh",
        "-c",
        "openssl dgst -sm3 -sign keys/sm2.pem -sigopt distid:1234567812345678 | openssl base64 -A",
    )
    ledger_keys.rotate_signer(world.context, Program(command, verifier, world.folder, 60))
    settings(world, *command, public=verifier.vkey)
    made = office.make(world)
    assert (made.new, made.verified) == (True, False)
    note = signed_notes.parse(made.notes["sm3"].encode())
    (keys / "text").write_text(note.text)
    (keys / "signature").write_bytes(note.signatures[0].value)
    (keys / "public.pem").write_bytes(openssl(keys, "pkey", "-in", "sm2.pem", "-pubout"))
    verify = ("dgst", "-sm3", "-verify", "public.pem", "-sigopt", "distid:1234567812345678")
    assert b"OK" in openssl(keys, *verify, "-signature", "signature", "text")
    assert compare.compare_note(world.context, made.notes["sm3"].encode()).result == compare.EQUAL
    assert ledger_book.verify(world.context, everything=True)["sound"]
    office.add(world)
    assert office.make(world).new
