"""What signs the ledger's checkpoints: a key in a file, or a program that keeps the key itself.

The program gets the note's text on standard input and prints the signature in base64; it may be a
hardware module, a signing server, or another account's `sudo`. Whatever comes back is verified
against the public key before it is used, where that kind of key can be verified here.
"""

import binascii
import os
import signal
import stat
import subprocess
import unicodedata
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ..documents.tabular import put_in_place, unwritable
from ..faults import ConfigurationError, EffmonError
from ..i18n.messages import t
from ..i18n.os_words import say_os
from ..notify.plain import plain_line
from ..workspace.settings import Settings
from .model.signed_notes import NoteError, SigningKey, Verifier

#: Bytes of a key's file, and of what a program may answer.
_MOST: Final = 16_384
_LONGEST: Final = 200


class SignerFailed(EffmonError):
    """The signer gave no signature, or none that holds. Nothing was signed."""

    exit_code = 70


class Signer(Protocol):
    """Signs the text of a note."""

    @property
    def verifier(self) -> Verifier:
        """Its public key."""
        ...

    def sign(self, text: bytes) -> bytes:
        """The signature; SignerFailed where there is none."""
        ...


def origin_of(settings: Settings) -> str:
    """The ledger's origin: as set, else made of the workspace's name."""
    if settings.ledger.origin is not None:
        return settings.ledger.origin
    return default_origin(settings.workspace.name)


def default_origin(name: str) -> str:
    """An origin for a workspace of this name: what a key's name may not hold becomes a dash."""
    # As entries have it: a name in another form of Unicode would not be the one that was signed.
    known = unicodedata.normalize("NFC", name.encode("utf-8", errors="replace").decode())
    plain = (sign if sign.isprintable() and not sign.isspace() else "-" for sign in known)
    return "effmon-ledger/" + "".join(plain).replace("+", "-")


def open_signer(folder: Path, settings: Settings) -> Signer:
    """The signer of the settings; ConfigurationError where its key cannot be read or is wrong."""
    signer = settings.ledger.signer
    if signer.kind == "file":
        return read_key(folder / signer.key, origin_of(settings))
    try:
        verifier = Verifier.parse(signer.public or "")
    except NoteError as fault:
        raise ConfigurationError(
            t("ledger.signer.public: {fault}", fault=fault),
            t("see docs/ledger.md"),
        ) from None
    check_name(verifier, origin_of(settings))
    return Program(signer.command, verifier, folder, signer.timeout)


def signs_here(folder: Path, settings: Settings) -> bool:
    """Whether checkpoints are signed from this folder: the key is there, or a program is named."""
    signer = settings.ledger.signer
    return signer.kind == "command" or (folder / signer.key).exists()


def check_name(verifier: Verifier, origin: str) -> None:
    """ConfigurationError unless the key bears the ledger's origin as its name."""
    if verifier.name == origin:
        return
    raise ConfigurationError(
        t(
            "the key is called {name}, the ledger's origin is {origin}",
            name=verifier.name,
            origin=origin,
        ),
        t('write origin = "{name}" under [ledger] in effmon.toml', name=verifier.name),
    )


def read_key(path: Path, origin: str) -> SigningKey:
    """The private key of a file that nobody else may read, whose name is the ledger's origin.

    ConfigurationError with what to do; no message holds anything of the file's content.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ConfigurationError(
            t("there is no key of the ledger: {path}", path=path),
            t("run: effmon ledger key new"),
        ) from None
    except OSError as fault:
        raise ConfigurationError(
            f"{path}: {say_os(fault)}",
            t("check the path and its permissions"),
        ) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
            raise ConfigurationError(
                t("{path}: others may read or write this key", path=path),
                t("run: chmod 600 {path}", path=path),
            )
        content = os.read(handle, _MOST)
    finally:
        os.close(handle)
    try:
        key = SigningKey.parse(content.decode().strip())
    except (NoteError, UnicodeDecodeError):
        raise ConfigurationError(
            t("{path}: it is no key of a ledger", path=path),
            t("make one with effmon ledger key new"),
        ) from None
    check_name(key.verifier, origin)
    return key


def write_key(path: Path, key: SigningKey) -> None:
    """Write a private key into a new file with mode 0600, and wait until it is on the disk.

    ConfigurationError where there is a file of that name, or it cannot be written.
    """
    hint = t(
        "for another key: effmon ledger key new --out FILE, then effmon ledger key rotate FILE"
    )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with put_in_place(path, overwrite=False, mode=0o600, hint=hint) as file:
            file.write(f"{key.secret()}\n".encode())
        sync_folder(path.parent)
    except OSError as fault:
        raise unwritable(path, fault) from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as lasting as the files."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that signs: text on its standard input, base64 on its standard output."""

    command: Sequence[str]
    verifier: Verifier
    folder: Path
    timeout: int

    def sign(self, text: bytes) -> bytes:
        """The signature; SignerFailed where the program fails or gives something else."""
        name = plain_line(self.command[0], longest=80)
        try:
            running = subprocess.Popen(
                list(self.command),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A group of its own: what it has started ends with it.
                start_new_session=True,
            )
        except OSError as fault:
            raise _failed(name, say_os(fault)) from None
        with running:
            try:
                out, err = running.communicate(text, timeout=self.timeout)
            except subprocess.TimeoutExpired:
                _end(running)
                late = t("no answer within {timeout} s", timeout=self.timeout)
                raise _failed(name, late) from None
            except BaseException:
                _end(running)
                raise
        if running.returncode:
            said = plain_line(err.decode("utf-8", "replace"), longest=_LONGEST)
            code = t("it ended with {returncode}", returncode=running.returncode)
            raise _failed(name, f"{code}: {said}" if said else code)
        return self._checked(name, text, out)

    def _checked(self, name: str, text: bytes, out: bytes) -> bytes:
        try:
            value = b64decode(b"".join(out[: _MOST + 1].split()), validate=True)
        except (ValueError, binascii.Error):
            value = b""
        if not value or len(out) > _MOST:
            said = t("its answer is no signature in base64")
            raise _failed(name, said)
        if self.verifier.can_verify and not self.verifier.holds(text.decode(), value):
            said = t("its signature is not by the key of ledger.signer.public")
            raise _failed(name, said)
        return value


def _end(running: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def _failed(name: str, why: str) -> SignerFailed:
    return SignerFailed(
        t("signing program {name}: {why}", name=name, why=why),
        t("nothing was signed; mend [ledger.signer], then run: effmon ledger checkpoint"),
    )
