"""Whatever a folder, a note, a mail or a slip holds: an answer with a code, never a traceback."""

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efficiency_monitor.verifier import verify

from . import hand_made
from .hand_made import FIRST, Book, grown

BOOK = grown()
FILES = BOOK.files()
OTHERS = ["approvals.jsonl", "checkpoints/x.note", "checkpoints/000000000009-sm4.note"]
NAMES = [*sorted(FILES), *OTHERS]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**53) | st.text(max_size=9)
    | st.sampled_from([FIRST.vkey, BOOK.notes["sha256", 9], "0" * 64, "sha256", "AAAA"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["v", "seq", "type", "size", "note", "old", "new", "keys", "origin",
                         "vkey", "tree", "proof", "first", "second", "entry", "proofs", "path",
                         "index", "sha256_root", "sm3_root", "statement", "signature"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def canonical(value: Any) -> bytes:
    try:
        return hand_made.line(value)
    except (ValueError, TypeError, UnicodeEncodeError):
        return repr(value).encode("utf-8", "replace")


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Some bytes cut out of a sound file and others put in."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 40)))
    return content[:start] + draw(st.binary(max_size=12) | st.text(max_size=6).map(str.encode)) + (
        content[end:]
    )  # fmt: skip


NOTE_LINES = st.lists(
    st.sampled_from([hand_made.ORIGIN, "9", "0", "-1", "9" * 16, "", "\u2014 x AAAA", "\u2014",
                     *BOOK.notes["sha256", 9].splitlines(), *BOOK.notes["sm3", 30].splitlines()])
    | st.text(max_size=12),
    max_size=9,
)  # fmt: skip
#: What a file of an export may be instead.
CONTENT = (
    st.binary(max_size=200)
    | JSON.map(canonical)
    | NOTE_LINES.map(lambda lines: ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    | st.sampled_from(sorted(FILES)).flatmap(lambda name: damaged(FILES[name]))
)


def answered(arguments: list[str]) -> int:
    """The code; fails on anything that the verifier did not say by name."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify.main(arguments)
    assert err.getvalue() == "", err.getvalue()
    assert "结论 RESULT: " in out.getvalue()
    assert "\x1b" not in out.getvalue()
    return code


def fuzz(examples: int) -> None:
    """So many folders, received files and slips."""

    @settings(max_examples=examples, deadline=None, database=None)
    @given(
        st.dictionaries(st.sampled_from(NAMES), st.none() | CONTENT, min_size=1, max_size=3),
        st.lists(CONTENT, max_size=2),
        st.booleans(),
    )
    def folders(changes: dict[str, bytes | None], mails: list[bytes], keyed: bool) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder, box = Path(name, "out"), Path(name, "box")
            files: dict[str, bytes | None] = {**FILES, **changes}
            hand_made.write(folder, {n: text for n, text in files.items() if text is not None})
            box.mkdir()
            for number, text in enumerate(mails):
                (box / f"{number}.eml").write_bytes(text)
            given_keys = ["--key", FIRST.vkey] if keyed else []
            held = ["--checkpoint", str(box)] if mails else []
            code = answered([str(folder), *given_keys, *held])
            # An empty list of approvals where nothing was approved says what no file says.
            same = all(FILES.get(n) == (text or None) for n, text in changes.items())
            assert code in ((0, 1, 2, 3) if same else (1, 2, 3)), changes

    @settings(max_examples=examples, deadline=None, database=None)
    @given(CONTENT | damaged(BOOK.slip(3, 30)) | JSON.map(canonical))
    def slips(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as name:
            Path(name, "slip").write_bytes(content)
            code = answered(["slip", str(Path(name, "slip")), "--key", FIRST.vkey])
            sound = content.rstrip(b"\r\n") == BOOK.slip(3, 30).rstrip(b"\n")
            assert code == 0 if sound else code in (1, 3)

    folders()
    slips()


def test_arbitrary_folders_notes_mails_and_slips() -> None:
    fuzz(150)


@pytest.mark.soak
def test_many_arbitrary_folders_notes_mails_and_slips() -> None:
    fuzz(20_000)


def test_a_book_of_the_fuzzer_is_sound(tmp_path: Path) -> None:
    hand_made.write(tmp_path, FILES)
    assert answered([str(tmp_path), "--key", FIRST.vkey]) == 0
    assert isinstance(BOOK, Book)
