"""The readers of rules, settings, answers of servers, keys, notes and words of the command line."""

import io
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from efficiency_monitor.catalogue import catalogue_files
from efficiency_monitor.catalogue.calendars.calendar_work import batch
from efficiency_monitor.catalogue.strict_yaml import validate
from efficiency_monitor.faults import CatalogueError, EffmonError
from efficiency_monitor.intake.mapping.mapping_files import read_mapping
from efficiency_monitor.intake.mapping.times import compile_formats, read_time
from efficiency_monitor.intake.pulling.json_page import Page, lines_of
from efficiency_monitor.intake.pulling.link_header import next_link
from efficiency_monitor.ledger.model.checkpoints import Checkpoint, body, of_note
from efficiency_monitor.ledger.model.signed_notes import SigningKey, Verifier, parse, sign, verified
from efficiency_monitor.notify.channels.posting import Answer, http_fault
from efficiency_monitor.people.key_files import read_key
from efficiency_monitor.people.model.hours import read_hours
from efficiency_monitor.people.model.signatures import public_of, public_text
from efficiency_monitor.rules.ladders import Ladder
from efficiency_monitor.time.amount import Amount, Threshold
from efficiency_monitor.time.instants import parse_as_of, parse_instant
from efficiency_monitor.workspace import logbook, settings
from efficiency_monitor.workspace.context import Catalogue

from ..intake.conftest import ROOT
from ..notify.conftest import a_robot
from .file_parsers import said_well
from .parser import Parser

RULES = ROOT / "rules"
YAML_WORDS = (
    b": ", b"- ", b"&a ", b"*a", b"!!python/object:os.system ", b"!!str ", b"|\n", b">-\n", b"? ",
    b"%YAML 1.1\n", b"---\n", b"...\n", b"on", b"12:30", b"010", b"0x1f", b"1_000", b"~", b"<<: ",
    b"2026-02-30", b"extends: cn\n", b"20 working_days", b"promised - 2 working_days", b"{a: [",
    b"clock:\n", b"cards:\n", b"covers: {from: 0001-01-01, to: 9999-12-31}\n", b"*[0-9]*", b"[!a-",
)  # fmt: skip
TOML_WORDS = (
    b"[sources.x.http]\n", b"[[a]]\n", b"a.b.c = 1\n", b'"""', b"'''", b"[channels.mail]\n", b"=",
    b"1979-05-27T07:32:00Z", b"25:61", b"inf", b"nan", b"0o7", b"password_env = ", b"{a=", b"\\u",
)  # fmt: skip
JSON_WORDS = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\ud800", b"\\u0000", b"1e999", b"NaN", b"Infinity",
    b"-0", b'"op":"due"', b'"calendar":"', b'"pauses":[{"from":"', b'"limit":"', b'{"a":' * 40,
    b'"next":', b'"rows":',
)  # fmt: skip
QUESTIONS = (
    (
        b'{"op": "due", "start": "2026-03-02 10:00", "limit": "20 working_days"}\n'
        b'{"op": "elapsed", "start": "2026-03-02", "end": "2026-03-20", "unit": "working_hours"}\n'
    ),
    (
        b'{"op": "threshold", "calendar": "cn", "start": "2026-03-02 10:00", "at": "90% promised", '
        b'"limits": {"promised": "7 working_days"}, "resolution": "time", "pauses": '
        b'[{"from": "2026-03-03", "to": "2026-03-05", "cap": "2 working_days"}]}\n'
    ),
)
PAGE = (
    '{"code": 0, "data": {"rows": [{"案号": "A1", "n": 1.50, "in": {"a": [1, null]}}, '
    '{"案号": "B", "x": true}], "total": 2, "next": "http://127.0.0.1/?page=2"}}'
).encode()


def shelf(*places: str) -> tuple[bytes, ...]:
    """Files of the catalogue, the short ones: what is changed in a long one is seldom met."""
    found = sorted(
        (path for place in places for path in RULES.glob(place)), key=lambda p: p.stat().st_size
    )
    return tuple(path.read_bytes() for path in found[:4])


def document(
    name: str, places: Sequence[str], load: Callable[[Path], object]
) -> Callable[[Path], Parser]:
    """A reader of a YAML file: a value, or every fault with its file, line and column."""

    def make(folder: Path) -> Parser:
        path = folder / f"{name}.yaml"

        def read(data: bytes) -> bool:
            path.write_bytes(data)
            try:
                load(path)
            except CatalogueError as fault:
                placed_well(fault.message, str(folder))
                return False
            return True

        return Parser(name, shelf(*places), YAML_WORDS, read)

    return make


def placed_well(message: str, start: str) -> None:
    """Every line names a file, a line and a column."""
    for line in message.split("\n"):
        assert line.startswith(start) or "cn.yaml" in line, line[:200]
    assert len(message) < 50_000, message[:200]


def _calendar(path: Path) -> object:
    return catalogue_files.load_calendar_file(path, _known().calendars)


def _ladder(path: Path) -> object:
    """A ladder, whatever its file is called."""
    return validate(catalogue_files.read_document(path), Ladder)


def _known() -> Catalogue:
    if not _KNOWN:
        _KNOWN.append(Catalogue(RULES, ("national",)))
    return _KNOWN[0]


_KNOWN: list[Catalogue] = []


def text(
    name: str,
    seeds: Sequence[bytes],
    words: Sequence[bytes],
    reader: Callable[[str], Any],
    *refusals: type[Exception],
) -> Callable[[Path], Parser]:
    """A reader of a text: it gives something, or raises one of the refusals with one line."""

    def make(_folder: Path) -> Parser:
        def read(data: bytes) -> bool:
            try:
                reader(data.decode("utf-8", "surrogateescape"))
            except refusals as fault:
                said = fault.message if isinstance(fault, EffmonError) else str(fault)
                assert said
                assert len(said) < 5_000, said[:200]
                return False
            return True

        return Parser(name, tuple(seeds), tuple(words), read)

    return make


def _settings(text: str) -> None:
    try:
        settings.parse(text, "x")
    except EffmonError as fault:
        said_well(fault)
        raise


def _amounts(text: str) -> None:
    try:
        amount = Amount.parse(text)
    except ValueError:
        point = Threshold.parse(text)
        assert Threshold.parse(str(point)) == point
    else:
        assert Amount.parse(str(amount)) == amount


def _instants(text: str) -> None:
    refused = 0
    for reader in (parse_instant, parse_as_of):
        try:
            reader(text, "Asia/Shanghai")
        except ValueError:
            refused += 1
    read_time(text, "Asia/Shanghai", FORMATS)
    read_time(text, None, FORMATS)
    if refused:
        raise ValueError("no instant")


FORMATS = compile_formats(("standard", "serial", "YYYYMMDDThhmmss", "YYYY年M月D日"))


def _batch(text: str) -> None:
    answers = list(batch(_known(), io.StringIO(text)))
    for answer in answers:
        json.dumps(answer, ensure_ascii=False)
        said = answer.get("error")
        assert said is None or (said and len(said) < 5_000), said
    if not any("error" not in answer for answer in answers):
        raise ValueError("no answer")


def page(_folder: Path) -> Parser:
    """A page of rows of an HTTP source: lines of JSON, or refused in one line."""

    def read(data: bytes) -> bool:
        try:
            found = Page.read(data, "x", "gb18030")
            found.text_at("data.next")
            found.text_at("data.total")
            lines = lines_of(found.rows("data.rows", empty_is_none=True), "x")
        except EffmonError as fault:
            said_well(fault, "")
            return False
        assert lines.count(b"\n") == len(lines.split(b"\n")) - 1
        return True

    return Parser("page", (PAGE, b'{"data": {"rows": null}}'), JSON_WORDS, read)


def answers(_folder: Path) -> Parser:
    """A receiver's answer: status, headers, body."""
    robots = [a_robot(name, "http://127.0.0.1") for name in ("wecom", "dingtalk", "feishu")]

    def read(data: bytes) -> bool:
        head, _, rest = data.partition(b"\n")
        status = int.from_bytes(head[:2], "big") % 600
        headers = {"retry-after": head[2:].decode("latin-1"), "content-encoding": "identity"}
        answer = Answer("h", status, headers, rest)
        http_fault(answer)
        results = [robot.judge(answer) for robot in robots]
        for result in results:
            said = getattr(result, "reason", "")
            assert len(said) < 500
            assert said.isprintable()
        return any(type(result).__name__ == "Sent" for result in results)

    seeds = (b"\x00\xc81\n" + b'{"errcode": 0, "code": 0}', b"\x01\xad120\n" + b'{"code": 11232}')
    return Parser("answer", seeds, (*JSON_WORDS, b'"errcode":', b'"StatusCode":'), read)


KEY = SigningKey("office.example", bytes(range(32)))
CHECKPOINT = Checkpoint("office.example/ledger", 1042, bytes(range(32)))
NOTE = str(sign(body(CHECKPOINT), [(KEY.verifier, KEY.sign)])).encode()


def note(_folder: Path) -> Parser:
    """A signed note: its checkpoint, or why it is none. No other note is signed by the key."""

    def read(data: bytes) -> bool:
        try:
            found = parse(data)
            checkpoint = of_note(found)
            verified(found, [KEY.verifier])
        except ValueError:
            return False
        assert checkpoint == CHECKPOINT, "a note that nobody signed is taken"
        return True

    words = ("\u2014 ".encode(), b"\n\n", b"+", b"=", KEY.verifier.vkey.encode(), b"office.example")
    return Parser("note", (NOTE,), words, read)


def _keys(text: str) -> None:
    Verifier.parse(text) if text.count("+") else public_of(text)


def key_file(folder: Path) -> Parser:
    """A file with a private key, with and without a passphrase."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path = folder / "x.key"
    path.touch(0o600)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    seed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        try:
            read_key(path, lambda: "x")
        except EffmonError as fault:
            said_well(fault, str(path))
            return False
        return True

    words = (b"-----BEGIN PRIVATE KEY-----", b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"-----END")
    return Parser("key", (seed,), words, read)


def _log(text: str) -> None:
    """A line of the log, whatever a fact says."""
    record = logging.LogRecord("effmon", logging.INFO, "", 0, "pull.failed", (), None)
    record.facts = {"text": text, "list": [text]}
    line = logbook._Json({}).format(record)
    line.encode()
    assert not set(line) & set("\n\r\x1b\x9b\u2028\u2029\u202e")
    assert json.loads(line)["list"] == [json.loads(line)["text"]]


TEXTS = {
    "mapping": document("mapping", ("mappings/*.yaml",), lambda p: read_mapping(p, RULES)),
    "rule": document(
        "rule",
        ("packs/*/*.yaml",),
        lambda path: catalogue_files.read_rule_file(path, _known().vocabulary),
    ),
    "calendar": document("calendar", ("calendars/*.yaml",), _calendar),
    "ladder": document("ladder", ("ladders/*.yaml",), _ladder),
    "settings": text(
        "settings",
        tuple(path.read_bytes() for path in sorted((ROOT / "tests/fuzz/settings").glob("*.toml"))),
        TOML_WORDS,
        _settings,
        EffmonError,
    ),
    "page": page,
    "answer": answers,
    "link": text(
        "link",
        (b'<http://127.0.0.1/?page=2&a=b>; rel="next"; title="x,y", </a>;rel=prev',),
        (b"<", b">", b";", b"rel=", b'"next"', b"=", b'\\"', b"   "),
        next_link,
    ),
    "note": note,
    "key": key_file,
    "public key": text(
        "public key",
        (public_text(KEY.verifier.key).encode(), KEY.verifier.vkey.encode()),
        (b"effmon-ed25519 ", b"=", b"AAAA", b"+"),
        _keys,
        ValueError,
    ),
    "batch": text("batch", QUESTIONS, JSON_WORDS, _batch, ValueError),
    "log": text(
        "log",
        (b"hall: https://data.example/api?token=abc answered 500", b'{"password": "abc", "x": 1}'),
        (b"://", b"@", b"key=", b"token", b"/hook/", b"-", b"a-", b"110101199003078515"),
        _log,
    ),
    "amount": text(
        "amount",
        (b"20 working_days", b"0.5 working_hours", b"90% promised", b"promised - 2 working_days"),
        (b"working_", b"days", b"%", b".", b" + ", b"1e5", "１".encode(), b"calendar_months"),
        _amounts,
        ValueError,
    ),
    "instant": text(
        "instant",
        (b"2026-03-02 10:00", b"2026-03-02T10:00:00.5+08:00", b"2026-03-02", b"46028.5"),
        (b"T", b"Z", b"+99:99", b"0001", b"9999", b"24:00", b"23:59:60", "２".encode()),
        _instants,
        ValueError,
    ),
    "hours": text(
        "hours",
        (b"09:00-12:00,13:30-17:30", "周一至周五 09:00-17:30".encode(), b"always", b"mon-fri 9-12"),
        (b"-", b",", b":", "周".encode(), "至".encode(), b"every ", b"24:00"),
        read_hours,
        ValueError,
    ),
}  # fmt: skip
