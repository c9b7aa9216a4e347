"""The verifier and checkpoints that the auditor has received another way than the export."""

import email.message
from collections.abc import Callable
from pathlib import Path

import pytest

from . import hand_made
from .conftest import Run
from .hand_made import FIRST, OTHER, Book, grown

Verifier = Callable[..., Run]


def test_two_roots_of_one_size_signed_by_the_ledgers_own_key(
    book: Book, tmp_path: Path, run: Verifier
) -> None:
    """The one thing that only somebody with an older checkpoint can see."""
    forged = Book.begun(entries=7)
    forged.grow(1)
    forged.checkpoint()
    folder = forged.write(tmp_path / "out")
    assert run(folder, "--key", FIRST.vkey).code == 0
    (tmp_path / "held.note").write_text(book.notes["sha256", 9], encoding="utf-8")
    found = run(folder, "--key", FIRST.vkey, "--checkpoint", str(tmp_path / "held.note"))
    assert found.code == 1
    assert (
        "content within seq 1..9 was changed: the root is not that of the checkpoint held.note"
        in (found.out)
    )


def test_rolled_back_to_an_older_checkpoint_is_seen_by_who_holds_a_later_one(
    book: Book, tmp_path: Path, run: Verifier
) -> None:
    old = grown()
    old.entries = old.entries[:10]
    old.notes = {key: text for key, text in old.notes.items() if key[1] == 9}
    old.keys = [[FIRST.vkey, 0, None]]
    folder = old.write(tmp_path / "out")
    assert run(folder, "--key", FIRST.vkey).code == 0
    (tmp_path / "held.note").write_text(book.notes["sm3", 30], encoding="utf-8")
    found = run(folder, "--key", FIRST.vkey, "--checkpoint", str(tmp_path / "held.note"))
    assert found.code == 1
    assert "from seq 11 on they were cut off" in found.out


@pytest.mark.parametrize("size", [9, 30, 35])
@pytest.mark.parametrize("tree", ["sha256", "sm3"])
def test_a_checkpoint_that_was_received_vouches_up_to_its_size(
    tree: str, size: int, book: Book, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    held = tmp_path / "held.note"
    held.write_text(book.notes[tree, size], encoding="utf-8")
    found = run(folder, "--checkpoint", str(held))
    assert found.code == 0
    assert f"your checkpoint matches: held.note, seq 1..{size}" in found.out
    assert f"from seq {size + 1} on only head.json vouches" in found.out


def mail(text: str, how: str) -> bytes:
    """A checkpoint as it arrives in a mail."""
    message = email.message.EmailMessage()
    message["Subject"] = "台账检查点"
    if how == "in the text":
        message.set_content(f"各位：\n\n{text}\n此致", cte="quoted-printable")
    elif how == "as text in base64":
        message.set_content(f"{text}\n", cte="base64")
    else:
        message.set_content("见附件")
        message.add_attachment(
            text.encode(), maintype="application", subtype="octet-stream", filename="9.note"
        )
    return message.as_bytes()


@pytest.mark.parametrize("how", ["in the text", "as text in base64", "attached"])
def test_checkpoints_are_found_in_folders_of_mails(
    how: str, book: Book, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    box = tmp_path / "mails"
    (box / "2026").mkdir(parents=True)
    for size in (9, 30):
        (box / "2026" / f"{size}.eml").write_bytes(mail(book.notes["sha256", size], how))
    (box / "other.eml").write_bytes(mail("nothing of it", how))
    found = run(folder, "--key", FIRST.vkey, "--checkpoint", str(box))
    assert (found.code, found.err) == (0, "")
    assert "your checkpoint matches: 9.eml, seq 1..9" in found.out
    assert "your checkpoint matches: 30.eml, seq 1..30" in found.out


@pytest.mark.parametrize("change", ["\r\n", "\ufeff", "around"])
def test_what_windows_does_to_a_text_is_no_change(
    change: str, book: Book, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    text = book.notes["sha256", 9]
    text = {
        "\r\n": text.replace("\n", "\r\n"),
        "\ufeff": "\ufeff" + text,
        "around": f"before\n\n{text}\nafter",
    }[change]
    (tmp_path / "held.txt").write_bytes(text.encode())
    assert run(folder, "--checkpoint", str(tmp_path / "held.txt")).code == 0


def test_a_checkpoint_by_another_key_is_said_to_be_by_another(
    book: Book, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    held = tmp_path / "held.note"
    held.write_text(book.note_of("sha256", 9, by=OTHER), encoding="utf-8")
    found = run(folder, "--key", FIRST.vkey, "--checkpoint", str(held))
    assert found.code == 3
    assert "held.note is signed by" in found.out
    held.write_text(book.notes["sha256", 9].replace("\n9\n", "\n8\n"), encoding="utf-8")
    assert run(folder, "--key", FIRST.vkey, "--checkpoint", str(held)).code == 1


def test_a_checkpoint_of_another_ledger_is_not_compared(
    book: Book, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    other = Book.begun("third", origin="another.example/ledger")
    other.checkpoint()
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "other.note").write_text(other.notes["sha256", 6], encoding="utf-8")
    found = run(folder, "--checkpoint", str(tmp_path / "box"))
    assert found.code == 1
    assert "your checkpoint is of the ledger another.example/ledger, this is" in found.out
    (tmp_path / "box" / "own.note").write_text(book.notes["sha256", 9], encoding="utf-8")
    found = run(folder, "--checkpoint", str(tmp_path / "box"))
    assert found.code == 0
    assert "own.note" in found.out
    assert "not compared, being of other ledgers: 1" in found.out


@pytest.mark.parametrize("what", ["nothing", "no note", "an empty folder"])
def test_where_there_is_no_checkpoint_is_unreadable(
    what: str, folder: Path, tmp_path: Path, run: Verifier
) -> None:
    held = tmp_path / "held"
    if what == "no note":
        held.write_text("hello", encoding="utf-8")
    elif what == "an empty folder":
        held.mkdir()
    found = run(folder, "--checkpoint", str(held))
    assert (found.code, found.err) == (2, "")
    assert "held" in found.out


def test_a_root_may_be_given_as_notices_print_it(book: Book, folder: Path, run: Verifier) -> None:
    for tree in hand_made.HASHES:
        typed = hand_made.coded(book.root(tree, 17))
        assert run(folder, "--size", "17", "--root", typed).code == 0
        assert run(folder, "--size", "18", "--root", typed).code == 1
