"""Who sits at the keyboard: what the kernel says, whatever the environment says."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.people import operating_user
from efficiency_monitor.people.operating_user import machine, name_of

ROOT = Path(__file__).resolve().parents[2]
SAY = (
    "import json; from efficiency_monitor.people.operating_user import actor; "
    "print(json.dumps(actor('wang').as_json()))"
)
#: Becomes the leader of the terminal that is named, then says who acts with its streams elsewhere.
ON_TERMINAL = f"import os, sys; os.open(sys.argv[1], os.O_RDWR); {SAY}"
#: Starts another process and waits for it, as sudo does.
PARENT = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
FORGED = {"USER": "forged", "LOGNAME": "forged", "USERNAME": "forged", "LNAME": "forged"}


def said(*command: str, **environment: str) -> dict[str, Any]:
    """What a process of a session of its own, without a terminal, says of who acts."""
    ran = subprocess.run(
        command or (sys.executable, "-c", SAY),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    return dict(json.loads(ran.stdout))


def login() -> str | None:
    """Who logged in, if it is somebody else than who runs these tests."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text())
    except OSError:
        return None
    return None if uid in (2**32 - 1, os.getuid()) else pwd.getpwuid(uid).pw_name


def test_the_environment_is_not_believed() -> None:
    assert said(**FORGED, SUDO_USER="forged", HOSTNAME="forged", SSH_TTY="/dev/forged") == {
        "os_user": pwd.getpwuid(os.getuid()).pw_name,
        "sudo_user": login(),
        "host": os.uname().nodename,
        "tty": None,
        "claimed": "wang",
    }


#: Runs as the caller's user with root's rights, then starts the command as root, as sudo does.
AS_SUDO = (
    "import os, subprocess, sys; os.setreuid(int(sys.argv[1]), 0); "
    "subprocess.run(sys.argv[2:], check=True, preexec_fn=lambda: os.setresuid(0, 0, 0))"
)


def test_who_called_sudo_is_who_the_kernel_says() -> None:
    """A shell that sudo has opened may set `SUDO_USER` to any name: it is asked of nobody."""
    caller = pwd.getpwnam("nobody")
    command = (sys.executable, "-c", SAY)
    if os.geteuid() == 0:
        command = (sys.executable, "-c", AS_SUDO, str(caller.pw_uid), *command)
    wanted = login() or (caller.pw_name if os.geteuid() == 0 else None)
    assert said(*command, SUDO_USER="forged")["sudo_user"] == wanted
    assert said(*command)["sudo_user"] == wanted


def test_a_process_that_calls_itself_sudo_is_not_believed(tmp_path: Path) -> None:
    """Also where root runs it: `sudo` is the name of any link to any program."""
    (tmp_path / "sudo").symlink_to(sys.executable)
    command = (str(tmp_path / "sudo"), "-c", PARENT, sys.executable, "-c", SAY)
    home = {"PYTHONHOME": sys.base_prefix, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    assert said(*command, SUDO_USER="alice", **home)["sudo_user"] == login()


def test_the_terminal_is_the_processes_own_whatever_its_streams_are() -> None:
    ours, theirs = os.openpty()
    try:
        name = os.ttyname(theirs)
        assert said(sys.executable, "-c", ON_TERMINAL, name)["tty"] == name
    finally:
        os.close(theirs)
        os.close(ours)


def test_a_user_without_a_name() -> None:
    unknown = max(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid < 2**31 - 2) + 1
    assert name_of(unknown) == f"uid:{unknown}"


def test_a_machine_is_one_start_of_a_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert machine("mine").kernel == f"{os.uname().nodename}/{boot}"
    assert machine("mine").processes.startswith(f"{machine('mine').kernel}/")
    monkeypatch.setattr(operating_user, "PROC", tmp_path)
    assert machine("mine").kernel == f"{os.uname().nodename}/mine"
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("a:b|c\n", encoding="ascii")
    assert machine("mine").boot == "mine", "what is no id is not taken for one"
