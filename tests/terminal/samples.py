"""Records to show, and ways to run the terminal layer as a program of its own.

The days of the explained cases follow the State Council's notice for 2026 (国办发明电〔2025〕7号).
"""

import io
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column
from efficiency_monitor.i18n.language import say_level, say_local, say_state

ROOT = Path(__file__).resolve().parents[2]
NOTICE = "国办发明电〔2025〕7号"

CARD_COLUMNS = (
    Column("card_no", "编号"),
    Column("level", "级别", say=say_level, styles=LEVEL_STYLES),
    Column("case_no", "办件"),
    Column("item", "事项", least=10, priority=2),
    Column("department", "部门", least=8),
    Column("elapsed", "已用", priority=3, right=True),
    Column("over", "超期", least=8, right=True),
    Column("fell_due_at", "到期", say=say_local, priority=4),
    Column("state", "状态", say=say_state, priority=3),
)
ITEMS = ("建筑工程施工许可证核发", "企业设立登记", "危险化学品经营许可（新办）", "Food permit")
DEPARTMENTS = ("市住房和城乡建设局", "市市场监督管理局", "Emergency Management", "葛\U000e0100局")


def cards(count: int) -> list[dict[str, Any]]:
    """Made-up cards."""
    return [
        {
            "card_no": f"2026-{number:04}",
            "level": ("warning", "yellow", "red")[number % 3],
            "case_no": f"XK-2026-{number:05}",
            "item": ITEMS[number % 4],
            "department": DEPARTMENTS[number % 4],
            "elapsed": {"value": str(17 + number), "unit": "working_days"},
            "over": {"value": f"{number}.5", "unit": "working_days"},
            "fell_due_at": "2026-03-30T23:59:59+08:00",
            "state": "open",
        }
        for number in range(count)
    ]


def explained() -> dict[str, Any]:
    """7 and 20 working days from 2026-02-10, a hearing between (docs/contract.md 15)."""
    return {
        "case_no": "XK-2026-00017",
        "item_name": "建筑工程施工许可证核发",
        "department": "市住房和城乡建设局",
        "as_of": "2026-03-19T18:00:00+08:00",
        "events": [
            {"type": "submitted", "occurred_at": "2026-02-09T10:12:00+08:00"},
            {"type": "accepted", "occurred_at": "2026-02-10T09:30:00+08:00", "actor": "张*"},
            {
                "type": "suspended",
                "occurred_at": "2026-03-02T09:00:00+08:00",
                "kind": "hearing",
                "reason": "利害关系人申请听证",
            },
            {"type": "resumed", "occurred_at": "2026-03-06T09:00:00+08:00", "kind": "hearing"},
        ],
        "clocks": [_clock()],
    }


def _clock() -> dict[str, Any]:
    return {
        "rule": "CN-LIM-101",
        "title": {"zh": "行政许可决定时限", "en": "Time limit of the decision"},
        "pack": "cn",
        "episode": "5f0c",
        "state": "running",
        "start": "2026-02-10T09:30:00+08:00",
        "limits": {
            "promised": {"value": "7", "unit": "working_days"},
            "statutory": {"value": "20", "unit": "working_days"},
        },
        "calendar": "cn",
        "counted": _counted(date(2026, 2, 10), date(2026, 3, 19)),
        "pauses": [
            {
                "from": "2026-03-02T09:00:00+08:00",
                "to": "2026-03-06T09:00:00+08:00",
                "kind": "hearing",
            }
        ],
        "elapsed": {"value": "18", "unit": "working_days"},
        "due_at": {
            "promised": "2026-02-26T23:59:59+08:00",
            "statutory": "2026-03-20T23:59:59+08:00",
        },
        "next": {"level": "red", "at": "2026-03-20T23:59:59+08:00"},
        "cards": [
            {
                "level": "yellow",
                "card_no": "2026-0042",
                "fell_due_at": "2026-02-26T23:59:59+08:00",
                "state": "open",
            }
        ],
        "legal_basis": [
            {
                "ref": "《中华人民共和国行政许可法》第四十二条",
                "says": "行政机关应当自受理行政许可申请之日起二十日内作出行政许可决定",
            }
        ],
    }


def _counted(first: date, last: date) -> list[dict[str, Any]]:
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        found.append({"date": day.isoformat(), **_status(day, start=first)})
    return found


def _status(day: date, *, start: date) -> dict[str, Any]:
    festival = date(2026, 2, 15) <= day <= date(2026, 2, 23)
    if day == date(2026, 3, 19):
        return {"counted": False, "reason": "not_ended"}
    if day == start:
        return {"counted": False, "reason": "start_day"}
    if festival:
        return {"counted": False, "reason": "day_off", "name": "春节", "notice": NOTICE}
    if day in (date(2026, 2, 14), date(2026, 2, 28)):
        return {"counted": True, "reason": "make_up", "notice": NOTICE}
    if day.weekday() >= 5:
        return {"counted": False, "reason": "weekend"}
    if date(2026, 3, 2) <= day <= date(2026, 3, 5):
        return {"counted": False, "reason": "paused", "kind": "hearing"}
    return {"counted": True, "reason": "working_day"}


NAMES = {
    "submitted": ("申请", "submitted"),
    "accepted": ("受理", "accepted"),
    "suspended": ("特别程序开始", "suspended"),
    "resumed": ("特别程序结束", "resumed"),
    "hearing": ("听证", "hearing"),
}

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def without_escapes(text: str) -> str:
    """The text without the styles that a terminal interprets."""
    return _ESCAPE.sub("", text)


def environment(**more: str) -> dict[str, str]:
    """A plain environment, so that the machine's locale and colours decide nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    plain = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    return {**kept, **plain, **more}


def run(script: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of ours with pipes for streams."""
    return subprocess.run(
        # By stdin, which Python reads as UTF-8 whatever the locale.
        [sys.executable, "-"],
        input=script.encode(),
        env=environment(**variables),
        capture_output=True,
        check=False,
    )


def run_in_terminal(script: str, *, width: int = 80, **variables: str) -> str:
    """Run a script of ours in a pseudo-terminal and return everything it wrote."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(**{"TERM": "xterm-256color", "COLUMNS": str(width), **variables}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = bytearray()
    while True:
        select.select([ours], [], [])
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says that the other end is closed in this way
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode().replace("\r\n", "\n")


def named(words: Mapping[str, tuple[str, str]], place: int) -> Any:
    """A naming function for one language."""
    return lambda code: words[code][place] if code in words else code


class Terminal(io.StringIO):
    """A stream in memory that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    action: Callable[[], object], *, width: int | None = None, **variables: str
) -> tuple[str, str]:
    """What an action writes to stdout and stderr: a terminal of that width, or pipes for None."""
    out, err = (io.StringIO(), io.StringIO()) if width is None else (Terminal(), Terminal())
    plain = {"TERM": "xterm-256color", **({"COLUMNS": str(width)} if width else {})}
    with (
        patch.dict(os.environ, {**plain, **variables}, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        action()
    return out.getvalue(), err.getvalue()
