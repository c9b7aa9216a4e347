"""A checkpoint that somebody kept, held against the ledger as it stands: the supervisor's check."""

import re
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..faults import ConfigurationError
from ..i18n.messages import t
from ..workspace.context import Context
from .marks import marks
from .model.checkpoints import SUFFIXES, Checkpoint, CheckpointError, of_note, tree_of
from .model.keys import KeyPeriod, periods, signed_by
from .model.signed_notes import Note, NoteError, Verifier, parse
from .signer import origin_of
from .tree import Derived, derive

#: `台账 1042 · ROOT`: a number (also `1,042`), a sign or a blank, and the rest of the line, which
#: begins with a root in base64 (or its beginning) or hex.
_SIZE_AND_ROOT = (
    r"([0-9]{1,3}(?:[ ,][0-9]{3})+|[0-9]{1,16})"
    r"\s*[\u00b7\u2022\u2027\u2219\u22c5\u30fb.:,|\s]\s*([A-Za-z0-9+/]{4,64}=?[^\n]*)"
)
#: By the word before it, wherever it stands; without that word only as the beginning of a line.
_NAMED = re.compile(rf"(?:台账|ledger)\s*:?\s*{_SIZE_AND_ROOT}", re.IGNORECASE)
_BARE = re.compile(rf"^\W*{_SIZE_AND_ROOT}", re.MULTILINE)
_WHOLE = re.compile(r"([A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64})(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_DIGITS = re.compile(r"[A-Za-z0-9+/]+")
#: Base64 digits of a beginning that can tell that a root is another one.
_LEAST = 8
#: Of all of it. That a shorter beginning agrees is no evidence: whoever owns the database prepares
#: two ledgers whose roots begin alike, with 2^(3n) tries for n digits.
_WHOLE_ROOT = 43

EQUAL, DIFFERENT, SHORTER, WRONG_KEY = "equal", "different", "shorter", "wrong key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of it. Roots in base64; `here` None: the ledger has not so many entries."""

    result: str
    tree: str
    size: int
    said: str
    here: str | None
    #: Number of entries now.
    now: int
    origin: str
    #: Eight hex digits of the key that signed; empty for a text, which nobody has.
    key: str
    #: What has to be known beside it: keys that nobody vouched for, losses.
    marks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """For the command line."""
        return {
            "result": self.result,
            "tree": self.tree,
            "size": self.size,
            "said": self.said,
            "here": self.here,
            "now": self.now,
            "origin": self.origin,
            "key": self.key,
            "marks": self.marks,
        }


def compare_note(context: Context, data: bytes, keys: Sequence[Verifier] = ()) -> Compared:
    """Hold a signed note against the rows; with `keys`, only their signatures count.

    ConfigurationError where it is no checkpoint of this ledger, or no known key has signed it.
    """
    try:
        # As a mail program saves it; the signature is verified over what is left.
        note = parse(data.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n"))
        checkpoint = of_note(note)
    except (NoteError, CheckpointError) as fault:
        raise ConfigurationError(
            t("it is no checkpoint: {fault}", fault=fault),
            t("give the .note file as it was received; a text with --text"),
        ) from None
    origin = origin_of(context.settings)
    tree = tree_of(origin, checkpoint.origin)
    if tree is None:
        raise ConfigurationError(
            t(
                "it is a checkpoint of another ledger: {origin} (this one: {origin_2})",
                origin=checkpoint.origin,
                origin_2=origin,
            ),
            t("compare it in that workspace"),
        )
    with context.store.reading() as connection:
        found = derive(connection)
    known = periods(found.keys)[0]
    signer, in_time = _signer(note, checkpoint, known, keys)
    result = _result(found, tree, checkpoint.size, checkpoint.root)
    return Compared(
        result=result if in_time or result != EQUAL else WRONG_KEY,
        tree=tree,
        size=checkpoint.size,
        said=b64encode(checkpoint.root).decode(),
        here=_here(found, tree, checkpoint.size),
        now=found.size,
        origin=checkpoint.origin,
        key=signer.key_id.hex(),
        marks=marks(found, known),
    )


def _signer(
    note: Note, checkpoint: Checkpoint, known: Sequence[KeyPeriod], keys: Sequence[Verifier]
) -> tuple[Verifier, bool]:
    """Who has signed, and whether it was in its time. Keys from outside are of any time."""
    candidates = [(key, True) for key in keys] or [
        (period.verifier, period.covers(checkpoint.size)) for period in known
    ]
    try:
        signed = [(key, in_time) for key, in_time in candidates if signed_by(note, key)]
    except NoteError as fault:
        raise ConfigurationError(
            t("the checkpoint's signature does not hold: {fault}", fault=fault),
            t("the file was changed, or another key signed it: get another copy"),
        ) from None
    if not signed:
        names = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in note.signatures)
        raise ConfigurationError(
            t("it is signed by an unknown key: {names}", names=names),
            t("check it by the key that you have on paper: --key VKEY"),
        )
    return max(signed, key=lambda pair: pair[1])


def compare_text(context: Context, text: str) -> Compared:
    """Hold `台账 1042 · ROOT`, as it stands under notices, against the rows; signed by nobody.

    ConfigurationError where it says none, and where a root is not whole and its beginning agrees:
    every message has all of it, and only all of it is evidence. A beginning of 8 characters or more
    that does not agree is.
    """
    # Copied by hand it may be full-width, and have blanks in it: all of it counts all the same.
    plain = unicodedata.normalize("NFKC", text)
    found = next(reversed(list(_NAMED.finditer(plain))), None) or _BARE.search(plain)
    if found is None:
        raise ConfigurationError(
            t("{text_!r} holds no number of entries and root", text_=text),
            t('write --text "1042 · ROOT"'),
        )
    size, said = int(re.sub(r"[ ,]", "", found[1])), _root_of(found[2])
    if _HEX.fullmatch(said):
        said = b64encode(bytes.fromhex(said)).decode()
    _check_root(said)
    with context.store.reading() as connection:
        derived = derive(connection)
    tree = "sha256"
    if size <= derived.size:
        for name in SUFFIXES:
            if (_here(derived, name, size) or "").startswith(said):
                tree = name
                break
    here = _here(derived, tree, size)
    if here is not None and len(said) < _WHOLE_ROOT and here.startswith(said):
        raise ConfigurationError(
            t(
                "the first {n_said} characters of the root agree, which proves nothing: another "
                "ledger can be made whose root begins so",
                n_said=len(said),
            ),
            t("give all 44 characters of the message's last line"),
        )
    result = SHORTER if here is None else EQUAL if here.startswith(said) else DIFFERENT
    return Compared(
        result=result,
        tree=tree,
        size=size,
        said=said,
        here=here,
        now=derived.size,
        origin=origin_of(context.settings),
        key="",
        marks=marks(derived, periods(derived.keys)[0]),
    )


def _root_of(rest: str) -> str:
    """The root at the beginning of a line: one in one piece, else all of the line without blanks.

    Nothing of it is left out: what does not belong to the root would be taken to agree.
    """
    whole = _WHOLE.match(rest)
    return whole[1] if whole else re.sub(r"\s", "", rest).rstrip("\u2026.\u3002,;)\"'\u300d\u201d")


def _check_root(said: str) -> None:
    try:
        whole = len(b64decode(said, validate=True)) == 32 if len(said) == 44 else False
    except (ValueError, Base64Error):
        whole = False
    if not whole and not (_LEAST <= len(said) < 44 and _DIGITS.fullmatch(said)):
        raise ConfigurationError(
            t("{said!r} is no root", said=said),
            t("a root has 44 characters; give all of them"),
        )


def _result(found: Derived, tree: str, size: int, root: bytes) -> str:
    if size > found.size:
        return SHORTER
    return EQUAL if found.root(tree, size) == root else DIFFERENT


def _here(found: Derived, tree: str, size: int) -> str | None:
    return None if size > found.size else b64encode(found.root(tree, size)).decode()
