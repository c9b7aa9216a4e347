"""The signer's memory is missed as soon as somebody looks, and not at the next signing only."""

import shutil
from pathlib import Path

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ops.doctor.checkpoint_check import check_checkpoints
from tests.stories.world import World

from . import office


@pytest.fixture
def signed(fresh: World, tmp_path: Path) -> World:
    """Two checkpoints of each tree; beside the workspace the memory as it was after the first."""
    world = office.copied(fresh, tmp_path / "ws")
    office.make(world)
    shutil.copytree(office.state(world), tmp_path / "older")
    office.add(world, 3)
    office.make(world)
    return world


def doctor(world: World) -> dict[str, str]:
    """What the doctor says of the memory, by status."""
    return {
        status: said
        for name, status, said in check_checkpoints(world.context)
        if name == "signer's memory"
    }


def test_a_memory_that_is_there_is_no_news(signed: World) -> None:
    assert doctor(signed) == {}
    found = ledger_book.verify(signed.context)
    assert (found["sound"], found["checkpoints"], found["marks"]) == (True, [], [])


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("lost", [("sha256",), ("sm3",), ("sha256", "sm3")])
def test_a_memory_that_is_gone_is_found(
    signed: World, lost: tuple[str, ...], everything: bool
) -> None:
    for tree in lost:
        (office.state(signed) / f"{tree}.note").unlink()
    assert "it is gone" in doctor(signed)["bad"]
    found = ledger_book.verify(signed.context, everything=everything)
    assert found["sound"] is False
    assert [fault.split(":")[0] for fault in found["checkpoints"]] == [
        f"the signer's memory, {tree}" for tree in lost
    ]


def test_an_older_memory_has_to_be_known(signed: World, tmp_path: Path) -> None:
    """Another may have signed with the same key: it is said, and it is no proof of anything."""
    shutil.rmtree(office.state(signed))
    shutil.copytree(tmp_path / "older", office.state(signed))
    assert "it ends with" in doctor(signed)["look"]
    found = ledger_book.verify(signed.context)
    assert found["sound"] is True
    assert len(found["marks"]) == 2
    assert "it ends with" in found["marks"][0]


def test_a_memory_that_cannot_be_read_is_found(signed: World) -> None:
    (office.state(signed) / "sm3.note").write_text("x", encoding="utf-8")
    assert "is damaged" in doctor(signed)["bad"]
    assert "is damaged" in str(ledger_book.verify(signed.context)["checkpoints"])


def test_who_does_not_sign_has_none_to_lose(signed: World) -> None:
    """Another machine with the same database, or an auditor's folder: the key is not there."""
    shutil.rmtree(signed.folder / "keys")
    assert doctor(signed) == {}
    assert ledger_book.verify(signed.context)["sound"] is True
