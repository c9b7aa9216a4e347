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
from ..i18n.language import t
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
                t(f"{path}：密钥有口令", f"{path}: the key has a passphrase"),
                t(
                    "在终端运行，或设置 EFFMON_KEY_PASSPHRASE",
                    "run it on a terminal, or set EFFMON_KEY_PASSPHRASE",
                ),
            ) from None
        private = _load(content, said.encode())
    if private is None:
        raise ConfigurationError(
            t(f"{path}：不是可用的私钥，或口令不对", f"{path}: no key, or a wrong passphrase"),
            t(
                "需要 Ed25519 私钥（PKCS8 PEM）：effmon people key new --out 文件",
                "an Ed25519 key (PKCS8 PEM) is needed: effmon people key new --out FILE",
            ),
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
    hint = t("换一个文件名", "choose another name")
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
                t("检查路径和权限", "check the path and its permissions"),
            ) from None
        if "PRIVATE KEY" in given:
            raise ConfigurationError(
                t(
                    f"{where} 是私钥，不要交给任何人",
                    f"{where} is a private key: give it to nobody",
                ),
                t(
                    "应给出公钥那一行：effmon-ed25519 …",
                    "give the line of the public key: effmon-ed25519 …",
                ),
            )
    try:
        return public_of(given)
    except ValueError as fault:
        shown = where if len(where) <= 80 else f"{where[:80]}…"
        raise ConfigurationError(
            t(f"{shown!r} 不是公钥：{fault}", f"{shown!r} is no public key: {fault}"),
            t("形式：effmon-ed25519 BASE64", "its form: effmon-ed25519 BASE64"),
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
            f"{path}: {say_os(fault)}", t("检查 --key 或 EFFMON_KEY", "check --key or EFFMON_KEY")
        ) from None
    try:
        _check_private(path, os.fstat(handle))
        return os.read(handle, MOST)
    finally:
        os.close(handle)


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(
            t(f"{path} 不是普通文件", f"{path} is no regular file"),
            t("检查 --key 或 EFFMON_KEY", "check --key or EFFMON_KEY"),
        )
    if found.st_mode & 0o077:
        raise ConfigurationError(
            t(f"{path}：他人可读写此私钥", f"{path}: others may read or write this key"),
            t(
                f"运行：chmod 600 {path}；若已被人看到，请吊销并换新",
                f"run: chmod 600 {path}; revoke and replace it if somebody has seen it",
            ),
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigurationError(
            t(f"{path} 属于另一个用户", f"{path} belongs to another user"),
            t("使用自己的密钥文件", "use a file of your own"),
        )
