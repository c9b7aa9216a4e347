"""The bell of the service: calls one function every so many seconds until it is told to stop.

Nothing durable lives here. What is due is read from the database by the function that is called
(`slots`), so a bell that rings late, twice or in two processes does no harm. The scheduler is
APScheduler with a memory job store: one that is kept forgets nights and unpickles what it finds.
"""

import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType

from efficiency_monitor.faults import ConfigurationError

from ..scan.slots import zone_named


def run_every(
    tick: Callable[[], None],
    *,
    every_seconds: float,
    zone: str,
    on_error: Callable[[Exception], None],
) -> None:
    """Call `tick` at once and then every `every_seconds`, until SIGTERM or SIGINT.

    A tick that takes longer lets the rings in between pass; two never run at once. An exception of
    `tick` goes to `on_error`, and the bell goes on. After a signal no tick begins, the running one
    is waited for, and the function returns with the former signal handlers in place. It must be
    called in the main thread. ConfigurationError when the interval or the zone is wrong.
    """
    if every_seconds <= 0:
        raise ConfigurationError(
            f"bell: {every_seconds} seconds is no interval", "give a positive number of seconds"
        )
    zone_named(zone)
    turn = Turn(tick, on_error)
    # Putting into a SimpleQueue is safe in a signal handler, whatever the handler interrupted;
    # shutting a scheduler down there is not: it may wait for a lock that its own thread holds.
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.put(number)

    former = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        turn.take()
        _ring_until(asked, turn, every_seconds=every_seconds, zone=zone)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class Turn:
    """Runs one tick at a time, and none once it is over."""

    def __init__(self, tick: Callable[[], None], on_error: Callable[[Exception], None]) -> None:
        self._tick = tick
        self._on_error = on_error
        self._running = threading.Lock()
        self._over = False

    def take(self) -> None:
        """Run a tick, its exception going to `on_error`; nothing once `end` was called."""
        with self._running:
            if self._over:
                return
            try:
                self._tick()
            except Exception as fault:  # noqa: BLE001  one bad tick must not end the service
                self._on_error(fault)

    def end(self) -> None:
        """Let no tick begin any more, and wait for the one that runs."""
        self._over = True
        with self._running:
            pass


def _ring_until(
    asked: "queue.SimpleQueue[int]", turn: Turn, *, every_seconds: float, zone: str
) -> None:
    # Imported here: only the service needs it, and it costs a tenth of a second.
    from apscheduler.events import EVENT_SCHEDULER_STARTED
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.jobstores.memory import MemoryJobStore
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    local = zone_named(zone)
    scheduler = BlockingScheduler(
        jobstores={"default": MemoryJobStore()},
        executors={"default": ThreadPoolExecutor(1)},
        timezone=local,
    )
    scheduler.add_job(
        turn.take,
        IntervalTrigger(seconds=every_seconds, timezone=local),
        id="bell",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )

    def stop_when_asked() -> None:
        asked.get()
        scheduler.shutdown(wait=False)

    watcher = threading.Thread(target=stop_when_asked, name="effmon-bell-stop", daemon=True)
    # Not before it runs: a scheduler that has not started cannot be shut down.
    scheduler.add_listener(lambda _event: watcher.start(), EVENT_SCHEDULER_STARTED)
    scheduler.start()
    turn.end()
    watcher.join()
