"""The bell: rings on, whatever a tick does, and stops when it is told to, after the tick."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.ops.timer import Turn, run_every


def unexpected(fault: Exception) -> None:
    raise AssertionError(f"unexpected {fault!r}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("last", [1, 3])
def test_a_signal_ends_the_bell_after_the_running_tick(number: int, last: int) -> None:
    begun: list[int] = []
    ended: list[int] = []
    pause = threading.Event()
    former = signal.getsignal(number)

    def tick() -> None:
        begun.append(len(begun))
        if len(begun) == last:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # an impatient operator
            pause.wait(0.2)  # there is more to do
        ended.append(len(ended))

    run_every(tick, every_seconds=0.01, zone="Asia/Shanghai", on_error=unexpected)
    assert begun == ended
    assert len(begun) in (last, last + 1)
    assert signal.getsignal(number) is former


def test_a_failing_tick_is_reported_and_does_not_stop_the_bell() -> None:
    reported: list[str] = []
    ticks: list[None] = []

    def tick() -> None:
        ticks.append(None)
        if len(ticks) >= 4:
            os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError(f"tick {len(ticks)}")

    run_every(
        tick,
        every_seconds=0.01,
        zone="America/New_York",
        on_error=lambda fault: reported.append(str(fault)),
    )
    assert reported == [f"tick {number}" for number in range(1, len(ticks) + 1)]
    assert len(reported) >= 4


def test_two_ticks_never_run_at_once() -> None:
    running = threading.Semaphore(1)
    ticks: list[bool] = []
    pause = threading.Event()

    def tick() -> None:
        ticks.append(running.acquire(blocking=False))
        pause.wait(0.05)  # longer than the interval
        if ticks[-1]:
            running.release()
        if len(ticks) == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    run_every(tick, every_seconds=0.01, zone="Asia/Shanghai", on_error=unexpected)
    assert all(ticks)
    assert len(ticks) >= 5


def test_once_it_is_over_no_tick_begins_and_the_running_one_was_waited_for() -> None:
    begun, release = threading.Event(), threading.Event()
    ticks: list[None] = []

    def tick() -> None:
        ticks.append(None)
        begun.set()
        release.wait()

    turn = Turn(tick, unexpected)
    running = threading.Thread(target=turn.take)
    ending = threading.Thread(target=turn.end)
    running.start()
    begun.wait()
    ending.start()
    ending.join(0.1)
    assert ending.is_alive(), "the end waits for the tick"
    release.set()
    ending.join()
    running.join()
    turn.take()
    assert len(ticks) == 1


PROGRAM = """
import sys
from efficiency_monitor.ops.timer import Turn, run_every

def tick():
    print("begun", flush=True)
    sys.stdin.readline()
    print("ended", flush=True)

assert "apscheduler" not in sys.modules
run_every(tick, every_seconds=3600, zone="Asia/Shanghai", on_error=print)
print("left", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_ends_in_order_when_it_is_told_to(number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        out, err = process.communicate(input="\n", timeout=60)
    assert out == "ended\nleft\n"
    assert err == ""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("every", "zone"), [(0, "Asia/Shanghai"), (-1, "Asia/Shanghai"), (30, "Asia/Nowhere")]
)
def test_a_wrong_bell_is_named_before_anything_runs(every: int, zone: str) -> None:
    ticks: list[None] = []
    with pytest.raises(ConfigurationError):
        run_every(lambda: ticks.append(None), every_seconds=every, zone=zone, on_error=unexpected)
    assert ticks == []
