"""A command dies at a COMMIT and is given again: what it does is whole, or not there at all."""

from collections.abc import Callable, Collection
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.stories.world import World

from .office import HOLDERS, key_of
from .stage import Killed, copied, facts, killed_at, run


def key_files(folder: Path) -> Path:
    """The keys of the office as files."""
    folder.mkdir()
    for person in HOLDERS:
        path = folder / f"{person}.pem"
        private = key_of(person)._private
        path.touch(mode=0o600)
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


def everywhere(
    world: World,
    line: str,
    folder: Path,
    *,
    seen: Callable[[World], object] = facts,
    again: Collection[int] = (0,),
    once: Callable[[World], bool] = lambda _: False,
) -> int:
    """Die at each COMMIT of a command, before it and after it; how many deaths there were.

    After each the command is given again and ends with a code of `again`, unless it is one that is
    given `once` where it has been done; then what is `seen` is what a life in one piece leaves. The
    world itself is left as it is.
    """
    whole = copied(world, folder / "whole")
    run(whole, line).well(*again)
    expected = seen(whole)
    whole.close()
    deaths = 0
    for before in (True, False):
        for commit in count(1):
            other = copied(world, folder / f"{before}-{commit}")
            died = _dies(other, line, commit, before=before)
            if died and not once(other):
                assert run(other, line).code in again, (line, commit, before)
            assert seen(other) == expected, (line, commit, before)
            assert other.sound(), (line, commit, before)
            other.close()
            if not died:
                break
            deaths += 1
    return deaths


def _dies(world: World, line: str, commit: int, *, before: bool) -> bool:
    """Whether a command comes to this COMMIT, where its process dies."""
    try:
        with killed_at(commit, before=before):
            run(world, line)
    except Killed:
        return True
    finally:
        world.close()
    return False


def at_the_first(world: World, line: str, folder: Path, *, before: bool) -> None:
    """Die at the first COMMIT of a command, which does everything, and give it again."""
    whole = copied(world, folder / "whole")
    run(whole, line).well()
    with killed_at(1, before=before), pytest.raises(Killed):
        run(world, line)
    world.close()
    assert (facts(world) == facts(whole)) is not before
    run(world, line)
    assert facts(world) == facts(whole)
    assert whole.sound()
    whole.close()
