"""Signed notes: what Go's implementation and the specification say, and what is refused."""

import base64
import copy
import hashlib

import pytest

from efficiency_monitor.ledger.model import checkpoints, signed_notes
from efficiency_monitor.ledger.model.signed_notes import (
    Note,
    NoteError,
    Signature,
    SigningKey,
    UnknownSigner,
    Verifier,
)

# The key, text and signatures of the tests of golang.org/x/mod/sumdb/note (note_test.go).
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33"
    "WWd1RvMc+QQ=\n"
)

# A checkpoint of Go's checksum database as it was published, with its key.
SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_NOTE = (
    "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
    "zyWE+xeMcTOAYQ8=\n"
)

# The examples of C2SP signed-note and tlog-checkpoint; no keys are published with them.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU"
    "0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA = SUM_NOTE.replace("go.sum database tree", "example.com/behind-the-sofa").replace(
    "sum.golang.org", "example.com/behind-the-sofa"
)


def opened(text: str, *keys: str) -> tuple[Verifier, ...]:
    """Who of these keys has signed a note."""
    return signed_notes.verified(signed_notes.parse(text.encode()), map(Verifier.parse, keys))


def test_notes_of_other_programs_verify() -> None:
    assert opened(f"{TEXT}\n{PETER_LINE}", PETER) == (Verifier.parse(PETER),)
    assert opened(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}", ENOCH, PETER) == (
        Verifier.parse(PETER),
        Verifier.parse(ENOCH),
    )
    assert opened(SUM_NOTE, SUM) == (Verifier.parse(SUM),)
    found = checkpoints.of_note(signed_notes.parse(SUM_NOTE.encode()))
    assert (found.origin, found.size) == ("go.sum database tree", 20852163)


def test_the_examples_of_the_specification_are_read() -> None:
    poem = signed_notes.parse(QUASIMODO.encode())
    assert poem.text.endswith(":\n\ned è subito sera.\n")
    assert [one.name for one in poem.signatures] == ["quasimodo.example/salvatore"]
    assert poem.signatures[0].key_id.hex() == "367ba04b"
    sofa = signed_notes.parse(SOFA.encode())
    assert checkpoints.of_note(sofa).origin == "example.com/behind-the-sofa"
    for note, text in ((poem, QUASIMODO), (sofa, SOFA)):
        assert str(note) == text


def test_signing_gives_the_bytes_that_go_gives() -> None:
    key = SigningKey.parse(PETER_SECRET)
    assert key.verifier.vkey == PETER
    assert key.secret() == PETER_SECRET
    note = signed_notes.sign(TEXT, [(key.verifier, key.sign)])
    assert str(note) == f"{TEXT}\n{PETER_LINE}"
    assert str(signed_notes.parse(str(note).encode())) == str(note)


def test_unknown_keys_are_passed_over_and_somebody_known_is_needed() -> None:
    assert opened(f"{TEXT}\n{ENOCH_LINE}{PETER_LINE}", PETER) == (Verifier.parse(PETER),)
    with pytest.raises(UnknownSigner):
        opened(f"{TEXT}\n{ENOCH_LINE}", PETER)
    with pytest.raises(UnknownSigner):
        opened(f"{TEXT}\n{ENOCH_LINE}")
    # The same key under another name, and another key under the same name, are other keys.
    renamed = Verifier("Peter", 1, Verifier.parse(PETER).key)
    other = Verifier("PeterNeumann", 1, Verifier.parse(ENOCH).key)
    for key in (renamed, other):
        with pytest.raises(UnknownSigner):
            opened(f"{TEXT}\n{PETER_LINE}", key.vkey)


def test_a_known_keys_signature_that_does_not_hold_condemns_the_note() -> None:
    for changed in (TEXT.replace("your", "our", 1), TEXT + " \n", TEXT.replace(".", "。")):
        with pytest.raises(NoteError, match=r"PeterNeumann\+c74f20a3 does not hold"):
            opened(f"{changed}\n{PETER_LINE}{ENOCH_LINE}", PETER)
    parsed = signed_notes.parse(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode())
    for at in range(len(parsed.signatures[0].value)):
        value = bytearray(parsed.signatures[0].value)
        value[at] ^= 1
        wrong = Signature("PeterNeumann", parsed.signatures[0].key_id, bytes(value))
        with pytest.raises(NoteError, match="does not hold"):
            signed_notes.verified(
                Note(TEXT, (wrong, parsed.signatures[1])), map(Verifier.parse, (PETER, ENOCH))
            )


def test_two_known_keys_that_are_told_apart_by_nothing_are_refused() -> None:
    key = Verifier.parse(PETER)

    class Twin(Verifier):
        """A key that collides with Peter's four bytes: made by trying, here by saying so."""

        @property
        def key_id(self) -> bytes:
            return key.key_id

    twin = Twin("PeterNeumann", 1, Verifier.parse(ENOCH).key)
    note = signed_notes.parse(f"{TEXT}\n{PETER_LINE}".encode())
    with pytest.raises(NoteError, match="two keys"):
        signed_notes.verified(note, [key, twin])
    assert signed_notes.verified(note, [key, Verifier.parse(PETER)]) == (key,)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no empty line"),
        (TEXT.encode(), "no empty line"),
        (f"{TEXT}\n".encode(), "no signatures"),
        (f"{TEXT}\n{PETER_LINE[:-1]}".encode(), "no newline at its end"),
        (f"{TEXT}{PETER_LINE}".encode(), "no empty line"),
        (f"{TEXT}\n{PETER_LINE}more\n".encode(), "em dash"),
        (f"{TEXT}\n{PETER_LINE}\n".encode(), "no signatures"),
        (f"{TEXT}\n{PETER_LINE.replace('—', '-')}".encode(), "em dash"),
        (f"{TEXT}\n{PETER_LINE.replace('— ', '—')}".encode(), "em dash"),
        (f"\x01{TEXT}\n{PETER_LINE}".encode(), "control character"),
        (f"{TEXT}\n{PETER_LINE}".replace("\n", "\r\n").encode(), "control character"),
        (f"{TEXT}\t\n\n{PETER_LINE}".encode(), "control character"),
        (b"\xff" + f"{TEXT}\n{PETER_LINE}".encode(), "not UTF-8"),
        (b"\xed\xa0\x80" + f"{TEXT}\n{PETER_LINE}".encode(), "not UTF-8"),
        (f"{TEXT}\n{PETER_LINE}{PETER_LINE}".encode(), "signed it twice"),
        (f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}{PETER_LINE}".encode(), "signed it twice"),
        (f"{TEXT}\n— Peter Neumann x08go/ZJ\n".encode(), "not base64"),
        (f"{TEXT}\n— Peter+Neumann x08go/ZJ\n".encode(), "no name"),
        (f"{TEXT}\n— Peter\u00a0Neumann x08go/ZJ\n".encode(), "no name"),
        (f"{TEXT}\n—  x08go/ZJ\n".encode(), "no name"),
        (f"{TEXT}\n— PeterNeumann\n".encode(), "too short"),
        (f"{TEXT}\n— PeterNeumann x08gow==\n".encode(), "too short"),
        (f"{TEXT}\n{PETER_LINE.replace('AM=', 'AN=')}".encode(), "as it is written"),
        (f"{TEXT}\n{PETER_LINE.replace('AM=', 'AM')}".encode(), "not base64"),
        (f"{TEXT}\n{PETER_LINE.replace('=', '= ')}".encode(), "not base64"),
        (b"x" * 1_000_001, "longer than"),
    ],
)
def test_what_is_no_note_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(NoteError, match=why):
        signed_notes.parse(data)


def test_sixteen_signatures_are_read_and_seventeen_are_not() -> None:
    keys = [SigningKey(f"key-{number}", bytes([number]) * 32) for number in range(17)]
    lines = [
        str(signed_notes.sign(TEXT, [(key.verifier, key.sign)])).rpartition("\n\n")[2]
        for key in keys
    ]
    text = f"{TEXT}\n{''.join(lines[:16])}"
    assert len(opened(text, *(key.verifier.vkey for key in keys[:16]))) == 16
    with pytest.raises(NoteError, match="more than 16"):
        signed_notes.parse(f"{text}{lines[16]}".encode())


def test_every_mangled_key_is_refused() -> None:
    for text, parse in ((PETER, Verifier.parse), (PETER_SECRET, SigningKey.parse)):
        for start in range(len(text)):
            for end in range(start, len(text) + 1):
                if text[start:end] != text:
                    with pytest.raises(NoteError):
                        parse(text[start:end])
        for at, sign in enumerate(text):
            with pytest.raises(NoteError):
                parse(text[:at] + chr(ord(sign) + 1) + text[at + 1 :])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01" + b"k" * 33, "32 bytes"),
        (b"\x65" + b"k" * 32, "kind 0x65"),
        (b"\x04" + b"k" * 32, "kind 0x04"),
        (b"\xff", "empty"),
        (b"\x01" + bytes(32), "no point"),
        (b"\x01\x01" + bytes(31), "no point"),
    ],
)
def test_a_key_of_another_kind_or_size_or_of_small_order_is_refused(data: bytes, why: str) -> None:
    told = hashlib.sha256(b"Peter\n" + data).hexdigest()[:8]
    with pytest.raises(NoteError, match=why):
        Verifier.parse(f"Peter+{told}+{base64.b64encode(data).decode()}")


def test_a_key_of_ones_own_kind_is_read_and_verifies_nothing() -> None:
    key = Verifier("example.org/hall", 0xFF, b"effmon-sm2" + b"p" * 65)
    assert Verifier.parse(key.vkey) == key
    assert not key.can_verify
    note = signed_notes.sign(TEXT, [(key, lambda text: text[:64])])
    with pytest.raises(NoteError, match="cannot be verified here"):
        signed_notes.verified(note, [key])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\u200bb", "a\nb", "a\u202eb"])
def test_a_name_with_a_space_a_plus_or_something_invisible_is_no_name(name: str) -> None:
    with pytest.raises(NoteError, match="no name of a key"):
        SigningKey(name, b"s" * 32)


def test_what_a_signer_gives_is_looked_at_before_it_is_used() -> None:
    key, other = SigningKey("hall", b"a" * 32), SigningKey("hall", b"b" * 32)
    with pytest.raises(NoteError, match="does not hold"):
        signed_notes.sign(TEXT, [(key.verifier, other.sign)])
    with pytest.raises(NoteError, match="does not hold"):
        signed_notes.sign(TEXT, [(key.verifier, lambda text: b"")])
    with pytest.raises(NoteError, match="ends in a newline"):
        signed_notes.sign(TEXT[:-1], [(key.verifier, key.sign)])
    for text in ("a\tb\n", "\x00\n"):
        with pytest.raises(NoteError, match="control character"):
            signed_notes.sign(text, [(key.verifier, key.sign)])
    with pytest.raises(NoteError, match="twice"):
        signed_notes.sign(TEXT, [(key.verifier, key.sign)] * 2)
    with pytest.raises(NoteError, match="no signatures"):
        signed_notes.sign(TEXT, [])


def test_a_text_that_ends_in_an_empty_line_comes_back_as_it_was() -> None:
    key = SigningKey("hall", b"a" * 32)
    for text in ("a\n\n", "\n", "\n\n", "a\n\nb\n"):
        note = signed_notes.sign(text, [(key.verifier, key.sign)])
        assert signed_notes.parse(str(note).encode()) == note


def test_a_private_key_shows_and_copies_nothing() -> None:
    key = SigningKey.parse(PETER_SECRET)
    assert repr(key) == f"SigningKey({PETER})"
    with pytest.raises(TypeError):
        copy.copy(key)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hall\n5\n", "three lines"),
        ("hall\n5\n{root}\nmore\n", "three lines"),
        ("hall\n5\n{root}\n\n", "three lines"),
        ("\n5\n{root}\n", "no origin"),
        ("hall\n05\n{root}\n", "no number"),
        ("hall\n-5\n{root}\n", "no number"),
        ("hall\n٥\n{root}\n", "no number"),
        ("hall\n9007199254740992\n{root}\n", "a ledger of"),
        ("hall\n99999999999999999999\n{root}\n", "no number"),
        ("hall\n5\nAAAA\n", "32 bytes"),
        ("hall\n5\n{root}=\n", "base64"),
        ("hall\n5\n{root} \n", "base64"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str, why: str) -> None:
    root = base64.b64encode(bytes(range(32))).decode()
    with pytest.raises(checkpoints.CheckpointError, match=why):
        checkpoints.of_note(Note(text.format(root=root), ()))


def test_a_checkpoint_is_three_lines_and_comes_back() -> None:
    found = checkpoints.Checkpoint("hall.example/台账", 1042, bytes(range(32)))
    text = checkpoints.body(found)
    assert text == (
        "hall.example/台账\n1042\n" + base64.b64encode(bytes(range(32))).decode() + "\n"
    )
    assert checkpoints.of_note(Note(text, ())) == found
    assert checkpoints.origin_of("hall", "sm3") == "hall-sm3"
    assert [checkpoints.tree_of("hall", said) for said in ("hall", "hall-sm3", "hal")] == [
        "sha256",
        "sm3",
        None,
    ]
