"""Private keys in files: who may read them, what is said of what is no key."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.people.key_files import public_from, read_key, write_key

from .desk import key_of

SEED = bytes(range(32))


def unasked() -> str | None:
    raise AssertionError("nobody is to be asked for a passphrase")


def refused(path: Path, passphrase: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_key(path, lambda: passphrase)
    assert caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value.message


def test_what_is_written_is_read_and_is_pkcs8(tmp_path: Path) -> None:
    path = tmp_path / "wang.key"
    made = write_key(path, SEED, None)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_pem_private_key(path.read_bytes(), None).private_bytes_raw() == SEED  # type: ignore[union-attr]
    assert read_key(path, unasked).public == made.public


def test_whatever_the_umask_the_file_is_the_owners(tmp_path: Path) -> None:
    before = os.umask(0o277)
    try:
        write_key(tmp_path / "a", SEED, None)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "wang.key"
    write_key(path, SEED, "口令 secret")
    assert b"ENCRYPTED" in path.read_bytes()
    assert (
        read_key(path, lambda: "口令 secret").public == write_key(tmp_path / "b", SEED, "").public
    )
    assert "passphrase" in refused(path, None)
    assert "wrong passphrase" in refused(path, "guess")
    assert "wrong passphrase" in refused(path, "")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for place in (path, link, tmp_path):
        with pytest.raises(ConfigurationError, match="exists and is not overwritten"):
            write_key(place, SEED, None)
    assert path.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_key(tmp_path / "no" / "folder", SEED, None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_that_others_reach(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "wang.key"
    write_key(path, SEED, None)
    path.chmod(mode)
    assert "others may read or write this key" in refused(path)


def test_what_is_no_file_of_a_key(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nothing")
    assert "no regular file" in refused(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "no regular file" in refused(pipe)


def pem(private: object) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 500,
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"x" * 100_000,
        pem(X25519PrivateKey.from_private_bytes(SEED)),
        pem(rsa.generate_private_key(65537, 1024)),
    ],
    ids=["empty", "bytes", "no DER", "certificate", "large", "X25519", "RSA"],
)
def test_what_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wang.key"
    path.write_bytes(content)
    path.chmod(0o600)
    said = refused(path)
    assert said == f"{path}: no key, or a wrong passphrase"


def test_a_public_key_on_the_command_line_or_in_a_file(tmp_path: Path) -> None:
    from efficiency_monitor.people.model.signatures import public_text

    public = key_of("wang").public
    line = public_text(public)
    assert public_from(line) == public_from(line.split()[1]) == public
    path = tmp_path / "wang.pub"
    path.write_text(f"\ufeff{line}\n", encoding="utf-8")
    assert public_from(f"@{path}") == public


def test_what_is_handed_in_instead(tmp_path: Path) -> None:
    path = tmp_path / "wang.key"
    write_key(path, SEED, None)
    with pytest.raises(ConfigurationError, match="is a private key: give it to nobody") as caught:
        public_from(f"@{path}")
    assert SEED.hex() not in caught.value.message
    with pytest.raises(ConfigurationError, match="No such file"):
        public_from(f"@{tmp_path / 'nothing'}")
    with pytest.raises(ConfigurationError, match="no public key") as caught:
        public_from("x" * 5000)
    assert len(caught.value.message) < 200
