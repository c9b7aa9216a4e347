"""One fault at one write of one command: what must hold then, and when it is given again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.cli.command import Ran
from tests.stories.world import World

from .jobs import Job, in_order, standing
from .processes import KILLED, Program
from .tracing import TAKING_ROOM, Point, all_points, failing

FAULTS = ("KILL", "EIO", "ENOSPC", "ENOSPC+")


@dataclass
class Trial:
    """A command, the places at which it writes, and how everything stands after a quiet run."""

    program: Program
    job: Job
    folder: Path
    points: list[Point] = field(default_factory=list)
    expected: dict[str, object] = field(default_factory=dict)
    #: What the disturbed processes ended with.
    ends: Counter[str] = field(default_factory=Counter)
    #: Temporary files that killed processes could not take away.
    left_behind: int = 0

    def prepare(self) -> "Trial":
        """Let the command run quietly, traced: its writes and its outcome."""
        quiet = self.job.copied(self.folder / f"{self.job.name}-quiet")
        process = self.program.waiting(
            *self.job.arguments(quiet), folder=quiet.folder, at=quiet.now
        )
        self.points = all_points(process)
        process.ran().well()
        self.expected = standing(quiet)
        assert self.expected != standing(self.job.world), "a command that changes nothing"
        quiet.close()
        return self

    def faults(self, index: int) -> tuple[str, ...]:
        """What can happen at a point; only what takes room can be refused for good."""
        return FAULTS if self.points[index].call in TAKING_ROOM else FAULTS[:3]

    def disturb(self, index: int, fault: str) -> Path:
        """One fault at one of the points, and what has to hold; the workspace's folder."""
        point = self.points[index]
        place = f"{self.job.name}: {fault} at {point}"
        name = f"{self.job.name}-{index}-{fault.replace('+', 'x')}"
        world = self.job.copied(self.folder / name)
        line = self.job.arguments(world)
        process = self.program.waiting(*line, folder=world.folder, at=world.now)
        trace = failing(process, point, fault, self.points[:index])
        ran = process.ran()
        in_order(world, self.job.world, place)
        found = standing(world)
        whole = _different(found, self.expected) == set()
        self.ends[f"{fault} {ran.code}"] += 1
        if fault == "KILL":
            assert ran.code == KILLED, (place, ran)
        else:
            assert trace.injected >= 1, (place, ran)
            said_well(ran, point, place, whole=whole)
            # Who is not let take a file away leaves it; the final look says under which name.
            left = litter(found, self.expected)
            assert left == set() or point.call in ("unlink", "unlinkat", "rmdir"), (place, ran)
        self.repeat(world, place, ran, whole=whole)
        world.close()
        return world.folder

    def starve(self, most_bytes: int) -> Path:
        """No file may become longer than so many bytes; then there is room again."""
        place = f"{self.job.name}: {most_bytes} bytes"
        world = self.job.copied(self.folder / f"{self.job.name}-{most_bytes}")
        process = self.program.waiting(
            *self.job.arguments(world), folder=world.folder, at=world.now, most_bytes=most_bytes
        )
        ran = process.go().ran()
        in_order(world, self.job.world, place)
        found = standing(world)
        whole = _different(found, self.expected) == set()
        self.ends[str(ran.code)] += 1
        said_well(ran, Point("", 0, ""), place, whole=whole)
        assert litter(found, self.expected) == set(), (place, ran)
        self.repeat(world, place, ran, whole=whole)
        world.close()
        return world.folder

    def repeat(self, world: World, place: str, ran: Ran, *, whole: bool) -> None:
        """Give the command again, undisturbed: all is as after a quiet run."""
        line = self.job.arguments(world)
        late = ran.code == 0 and not whole
        # What a channel could not take is tried again after a minute.
        at = world.now + (120 if late else 0)
        again = self.program.run(*line, folder=world.folder, at=at)
        assert again.code == (self.job.done_already if whole else 0), (place, ran, again)
        in_order(world, self.job.world, place)
        found = standing(world)
        different = _different(found, self.expected)
        if late:
            different &= {"ledger"}
            assert world.rows("SELECT notice_id FROM notice WHERE state <> 'sent'") == [], place
        assert different == set(), (place, ran)
        self.left_behind += len(litter(found, self.expected))


def _different(found: dict[str, object], expected: dict[str, object]) -> set[str]:
    """What is not as after a quiet run; files that lie about beside those that should do not count.

    Of a process that was killed only hidden files may lie about, and under their temporary names.
    """
    wrong = {key for key in expected if key != "files" and found[key] != expected[key]}
    there: set[str] = set(found["files"])  # type: ignore[call-overload]
    if not there >= set(expected["files"]):  # type: ignore[call-overload]
        wrong.add("files")
    return wrong | {name for name in litter(found, expected) if "/." not in f"/{name}"}


def litter(found: dict[str, object], expected: dict[str, object]) -> set[str]:
    """Files that lie about and that a quiet run does not leave."""
    return set(found["files"]) - set(expected["files"])  # type: ignore[call-overload]


def said_well(ran: Ran, point: Point, place: str, *, whole: bool) -> None:
    """A command that could not do all of it says so in one line, and by its exit code."""
    silent = point.call.startswith("write") and point.what.startswith("2,")
    if ran.code == 0:
        assert whole or "warning: " in ran.err, (place, ran)
        return
    assert ran.code in (1, 2, 70, 75), (place, ran)
    faults = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(faults) == 1 or silent, (place, ran)


def spread(points: Sequence[Point], number: int, random: Random) -> list[int]:
    """So many indices, one out of each part of the run, and one of each kind of call."""
    kinds = dict.fromkeys(point.call for point in points)
    found = {
        random.choice([index for index, point in enumerate(points) if point.call == call])
        for call in kinds
    }
    step = len(points) / number
    found |= {int(step * part + random.random() * step) for part in range(number)}
    return sorted(found)
