"""Private keys in files: PKCS8 PEM, mode 0600, with a passphrase or without."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ..documents.tabular import put_in_place
from ..faults import ConfigurationError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from .model.signatures import PersonalKey, public_of

#: Bytes; a key's file is a few hundred.
MOST = 16_384


def read_key(path: Path, passphrase: Callable[[], str | None]) -> PersonalKey:
    """The key of a file; `passphrase` is asked only where the file has one.

    ConfigurationError where the file is no such key, others may read it, or the passphrase is
    wrong. No message holds anything of the file's content.
    """
    content = _private_bytes(path)
    try:
        private = _load(content, None)
    except _Encrypted:
        said = passphrase()
        if said is None:
            raise ConfigurationError(
                t("{path}: the key has a passphrase", path=path),
                t("run it on a terminal, or set EFFMON_KEY_PASSPHRASE"),
            ) from None
        private = _load(content, said.encode())
    if private is None:
        raise ConfigurationError(
            t("{path}: no key, or a wrong passphrase", path=path),
            t("an Ed25519 key (PKCS8 PEM) is needed: effmon people key new --out FILE"),
        )
    return PersonalKey(private)


def write_key(path: Path, seed: bytes, passphrase: str | None) -> PersonalKey:
    """Write a new private key of 32 random bytes into a new file with mode 0600.

    ConfigurationError where there is a file of that name, or it cannot be written.
    """
    private = Ed25519PrivateKey.from_private_bytes(seed)
    how: KeySerializationEncryption = NoEncryption()
    if passphrase:
        how = BestAvailableEncryption(passphrase.encode())
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    hint = t("choose another name")
    with put_in_place(path, overwrite=False, mode=0o600, hint=hint) as file:
        file.write(content)
    return PersonalKey(private)


def public_from(given: str) -> bytes:
    """A public key as it is given on the command line: its text, or `@FILE` that holds it."""
    where = given
    if given.startswith("@"):
        where = given[1:]
        try:
            with Path(where).open("rb") as file:
                given = file.read(MOST).decode("utf-8-sig", errors="replace")
        except OSError as fault:
            raise ConfigurationError(
                f"{where}: {say_os(fault)}",
                t("check the path and its permissions"),
            ) from None
        if "PRIVATE KEY" in given:
            raise ConfigurationError(
                t("{where} is a private key: give it to nobody", where=where),
                t("give the line of the public key: effmon-ed25519 …"),
            )
    try:
        return public_of(given)
    except ValueError as fault:
        shown = where if len(where) <= 80 else f"{where[:80]}…"
        raise ConfigurationError(
            t("{shown!r} is no public key: {fault}", shown=shown, fault=fault),
            t("its form: effmon-ed25519 BASE64"),
        ) from None


class _Encrypted(Exception):
    """The file has a passphrase."""


def _load(content: bytes, passphrase: bytes | None) -> Ed25519PrivateKey | None:
    try:
        private = load_pem_private_key(content, passphrase)
    except TypeError:
        # With a passphrase: it is not encrypted; then there was nothing to ask.
        if passphrase is None:
            raise _Encrypted from None
        return None
    except (ValueError, UnsupportedAlgorithm, InternalError):
        # The last of them for a key that is cut off: the library calls it a fault of its own.
        return None
    return private if isinstance(private, Ed25519PrivateKey) else None


def _private_bytes(path: Path) -> bytes:
    """The file's bytes, if it is a regular one that nobody else may read."""
    try:
        # Not blocking: a pipe of that name would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise ConfigurationError(
            f"{path}: {say_os(fault)}", t("check --key or EFFMON_KEY")
        ) from None
    try:
        _check_private(path, os.fstat(handle))
        return os.read(handle, MOST)
    finally:
        os.close(handle)


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(
            t("{path} is no regular file", path=path),
            t("check --key or EFFMON_KEY"),
        )
    if found.st_mode & 0o077:
        raise ConfigurationError(
            t("{path}: others may read or write this key", path=path),
            t("run: chmod 600 {path}; revoke and replace it if somebody has seen it", path=path),
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            t("{path} belongs to another user", path=path),
            t("use a file of your own"),
        )
