"""The life of the key that signs the ledger: begun, shown, replaced by another, or lost."""

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError, EffmonError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..workspace.context import Context
from ..workspace.required_texts import require_text, text_commitment
from .model import entries as core_ledger
from .model.entries import EntryType
from .model.keys import KeyChange, KeyPeriod, paper, periods, statement
from .model.signed_notes import PRIVATE_KIND, SigningKey, Verifier, sign
from .signer import Signer, open_signer, origin_of, read_key, sync_folder, write_key
from .store import ledger


def known(connection: Connection) -> list[KeyPeriod]:
    """The ledger's keys in their order, by what its entries say; unsound ones are left out."""
    return periods(ledger.of_type(connection, EntryType.LEDGER_KEY_ROTATED))[0]


def key_file(context: Context) -> Path:
    """Where the private key stands when it is one in a file."""
    return context.folder / context.settings.ledger.signer.key


def begin(context: Context, signer: Signer) -> None:
    """Enter the first key into the ledger; does nothing where there is one."""
    with context.store.reading() as connection:
        if ledger.of_type(connection, EntryType.LEDGER_KEY_ROTATED):
            return
    with context.store.writing() as connection:
        if not ledger.of_type(connection, EntryType.LEDGER_KEY_ROTATED):
            _record(context, connection, [signer], None, None)


def check_current(known_keys: Sequence[KeyPeriod], signer: Signer) -> None:
    """ConfigurationError unless the signer has the key that the ledger names last."""
    current = known_keys[-1].verifier if known_keys else None
    if current == signer.verifier:
        return
    name = t("none") if current is None else current.vkey
    raise ConfigurationError(
        t(
            "the key {vkey} is not the one that the ledger names: {name}",
            vkey=signer.verifier.vkey,
            name=name,
        ),
        t("put the former key back, or replace it: effmon ledger key rotate FILE"),
    )


def new_key(context: Context, seed: bytes, out: Path | None = None) -> SigningKey:
    """Write a new private key into a new file; without `out` the ledger's own, which is begun.

    ConfigurationError where there is a file of that name: nothing is overwritten.
    """
    key = SigningKey(origin_of(context.settings), seed)
    path = key_file(context) if out is None else out
    if out is None:
        with context.store.reading() as connection:
            stands = known(connection)
        if stands and not path.exists():
            raise ConfigurationError(
                t(
                    "the ledger has the key {vkey}, its file {path} is gone",
                    vkey=stands[-1].verifier.vkey,
                    path=path,
                ),
                t(
                    "put it back; if it is lost: effmon ledger key new --out FILE, then effmon "
                    "ledger key rotate FILE --lost REASON"
                ),
            )
    write_key(path, key)
    if out is None:
        begin(context, key)
    return key


def ensure(context: Context, seed: bytes) -> Verifier | None:
    """Begin the ledger's key where it has none and a file is to hold it; the new public key.

    A key's file that an earlier run has left is taken over.
    """
    with context.store.reading() as connection:
        begun = bool(known(connection))
    if begun or context.settings.ledger.signer.kind != "file":
        return None
    path = key_file(context)
    if not path.exists():
        try:
            return new_key(context, seed).verifier
        except ConfigurationError:
            # Another process may have made it since.
            if not path.exists():
                raise
    key = read_key(path, origin_of(context.settings))
    begin(context, key)
    return key.verifier


def rotate(context: Context, file: Path, *, lost: str | None = None) -> SigningKey:
    """Let the key of a file take over; it is moved to where the settings want it.

    Both keys sign. With `lost`, the reason why the old key cannot, only the new one does: that
    shows for ever. Killed anywhere and repeated it is the same. ConfigurationError where the
    signer is a program, or the old key is not the one that the ledger names.
    """
    settings = context.settings.ledger
    if settings.signer.kind != "file":
        raise ConfigurationError(
            t("a program signs"),
            t("use effmon ledger key rotate --to-program, see docs/ledger.md"),
        )
    new = _new_or_moved(context, file)
    place = key_file(context)
    with context.store.reading() as connection:
        stands = known(connection)
    if not stands or stands[-1].verifier != new.verifier:
        old = None if lost is not None else read_key(place, origin_of(context.settings))
        _rotate(context, stands, old, new, lost)
    _move(file, place, stands, new.verifier)
    return new


def rotate_signer(context: Context, signer: Signer, *, lost: str | None = None) -> None:
    """Let another signer (a program) take over; the settings are changed by hand afterwards."""
    with context.store.reading() as connection:
        stands = known(connection)
    if stands and stands[-1].verifier == signer.verifier:
        return
    old = None if lost is not None else open_signer(context.folder, context.settings)
    _rotate(context, stands, old, signer, lost)


def _rotate(
    context: Context,
    stands: Sequence[KeyPeriod],
    old: Signer | None,
    new: Signer,
    lost: str | None,
) -> None:
    if any(period.verifier == new.verifier for period in stands):
        raise ConfigurationError(
            t("the key {vkey} was in use before", vkey=new.verifier.vkey),
            t("make another one: effmon ledger key new --out FILE"),
        )
    if old is not None and stands:
        check_current(stands, old)
    reason = None if lost is None else require_text(lost, t("why the old key is lost"))
    with context.store.writing() as connection:
        if not stands and old is not None:
            _record(context, connection, [old], None, None)
        before = known(connection)
        if old is not None:
            # Another rotation may have come between: what it replaced vouches for nothing any more.
            check_current(before, old)
        signers = [new] if old is None else [old, new]
        _record(context, connection, signers, before[-1].verifier if before else None, reason)


def _record(
    context: Context,
    connection: Connection,
    signers: Sequence[Signer],
    old: Verifier | None,
    reason: str | None,
) -> None:
    """The statement, signed by these, and its entry. The last signer is the new key."""
    head = ledger.read_head(connection)
    new = signers[-1].verifier
    change = KeyChange(
        origin=origin_of(context.settings),
        old=old,
        new=new,
        size=head.size,
        root=core_ledger.root(head).sha256,
    )
    note = sign(statement(change), [(signer.verifier, signer.sign) for signer in signers])
    entry = context.entry(
        EntryType.LEDGER_KEY_ROTATED,
        f"{EntryType.LEDGER_KEY_ROTATED}/{new.key_id.hex()}/{b64encode(new.key).decode()}",
        {
            "old": None if old is None else old.vkey,
            "new": new.vkey,
            "size": head.size,
            "note": str(note),
            "lost": reason is not None,
            "reason": None if reason is None else text_commitment(context, connection, reason),
        },
    )
    if not ledger.append(connection, [entry]):
        raise EffmonError(
            t("the ledger has this key already"),
            t("run: effmon doctor"),
        )


def _new_or_moved(context: Context, file: Path) -> SigningKey:
    """The new key, also when an earlier run was killed after it had moved the file."""
    place = key_file(context)
    try:
        return read_key(file, origin_of(context.settings))
    except ConfigurationError:
        if file.exists() or not place.exists():
            raise
        moved = read_key(place, origin_of(context.settings))
        with context.store.reading() as connection:
            stands = known(connection)
        if len(stands) < 2 or stands[-1].verifier != moved.verifier:
            raise
        return moved


def _move(file: Path, place: Path, stands: Sequence[KeyPeriod], new: Verifier) -> None:
    """Put the new key where the settings want it; the old one stays beside it under its number."""
    if not file.exists() or file.resolve() == place.resolve():
        return
    former = [period.verifier for period in stands if period.verifier != new]
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if former and place.exists():
            kept = place.with_name(f"{place.name}.old-{former[-1].key_id.hex()}")
            if not kept.exists():
                os.link(place, kept)
        file.replace(place)
        sync_folder(place.parent)
    except OSError as fault:
        raise ConfigurationError(
            t(
                "the key was replaced, but {file} cannot be moved to {place}: {fault}",
                file=file,
                place=place,
                fault=say_os(fault),
            ),
            t("move it yourself: mv {file} {place}", file=file, place=place),
        ) from None


def foreign(context: Context, public: str, word: str) -> Verifier:
    """The vkey of a key of another kind: its bytes in base64, and what its kind is called."""
    try:
        data = b64decode("".join(public.split()), validate=True)
        return Verifier(origin_of(context.settings), PRIVATE_KIND, word.encode() + b"\n" + data)
    except (ValueError, UnicodeEncodeError):
        raise ConfigurationError(
            t("the public key is not base64"),
            t("see docs/ledger.md"),
        ) from None


def shown(context: Context) -> dict[str, Any]:
    """The key in use, for paper too, and all keys before it."""
    with context.store.reading() as connection:
        stands = known(connection)
    if not stands:
        verifier = open_signer(context.folder, context.settings).verifier
        stands = [KeyPeriod(verifier=verifier, from_size=0, until_size=None, vouched=True)]
    current = stands[-1].verifier
    return {
        "vkey": current.vkey,
        "name": current.name,
        "digits": current.key_id.hex(),
        "paper": paper(current),
        "verifiable": current.can_verify,
        "keys": [
            {
                "vkey": period.verifier.vkey,
                "from_size": period.from_size,
                "until_size": period.until_size,
                "vouched": period.vouched,
            }
            for period in stands
        ],
    }
