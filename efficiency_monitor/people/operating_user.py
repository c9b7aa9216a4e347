"""Who sits at the keyboard of which machine, as the kernel has it. Variables are not believed.

`USER`, `LOGNAME` and `SUDO_USER` can be set by anybody, the last also inside a shell that sudo has
opened; a user id, the login's audit id, the controlling terminal and the real user id of a running
process cannot.
"""

import os
import pwd
import re
import socket
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize

from .model.actor import Actor, Machine

PROC = Path("/proc")
_BOOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Audit id of a process that no login has begun (daemons, containers).
_NO_LOGIN = 2**32 - 1
_MOST_ANCESTORS = 64
#: Major device numbers: virtual consoles; pseudo terminals, 256 to each number.
_CONSOLE, _PTS = 4, range(136, 144)


def actor(person: str | None) -> Actor:
    """Who acts: user, login behind sudo or su, machine, terminal; `person` is what they claim,
    in the form that ids have (NFC).
    """
    user = name_of(os.getuid())
    behind = _login() or _user_before()
    return Actor(
        os_user=user,
        sudo_user=behind if behind != user else None,
        host=socket.gethostname(),
        tty=_terminal(),
        claimed=None if person is None else normalize("NFC", person),
    )


def machine(otherwise: str) -> Machine:
    """The machine since its last start; `otherwise` stands for the start where the kernel has no id
    of it: a text that nobody else has.
    """
    boot = numbering = ""
    with suppress(OSError):
        boot = (PROC / "sys/kernel/random/boot_id").read_text(errors="replace").strip()
    with suppress(OSError):
        numbering = re.sub("[^0-9]", "", str((PROC / "self/ns/pid").readlink()))
    known = boot if _BOOT.fullmatch(boot) else otherwise
    return Machine(name=socket.gethostname(), boot=known, numbering=numbering)


def name_of(uid: int) -> str:
    """Name of a user id, `uid:N` where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid:{uid}"


def _login() -> str | None:
    """Who logged in, whoever they became since: the kernel's audit id of the login."""
    with suppress(OSError, ValueError):
        uid = int((PROC / "self" / "loginuid").read_text())
        if uid != _NO_LOGIN:
            return name_of(uid)
    return None


def _user_before() -> str | None:
    """The nearest user among the processes that lead here who is neither we nor root.

    Behind sudo and su stands the shell of the one who called them. What sudo says in `SUDO_USER`
    anybody changes from inside a shell that sudo has opened; the real user id of a process that
    is there, nobody.
    """
    pid, ours = os.getpid(), os.getuid()
    with suppress(OSError, ValueError, IndexError):
        for _ in range(_MOST_ANCESTORS):
            pid = int(_stat(pid)[1][1])
            uid = _real_user(pid)
            if uid not in (0, ours):
                return name_of(uid)
    return None


def _real_user(pid: int) -> int:
    for line in (PROC / str(pid) / "status").read_text(errors="replace").splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[1])
    raise ValueError(pid)


def _stat(pid: int) -> tuple[str, list[str]]:
    """A process's name and what /proc says after it: state, parent, group, session, terminal."""
    text = (PROC / str(pid) / "stat").read_text(errors="replace")
    # The name stands in parentheses and may hold any sign, also a parenthesis.
    before, _, after = text.rpartition(")")
    return before.partition("(")[2], after.split()


def _terminal() -> str | None:
    """The controlling terminal, whatever the streams are connected to; None for a job."""
    with suppress(OSError, ValueError, IndexError):
        number = int(_stat(os.getpid())[1][4])
        return _device(number) if number else None
    for stream in (0, 1, 2):
        with suppress(OSError):
            return os.ttyname(stream)
    return None


def _device(number: int) -> str:
    major, minor = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
    if major in _PTS:
        return f"/dev/pts/{minor + 256 * (major - _PTS[0])}"
    return f"/dev/tty{minor}" if major == _CONSOLE else f"tty:{major}:{minor}"
