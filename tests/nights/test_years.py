"""Years of nights: every slot once, every card owed and no other, the same seed the same root."""

import os
import secrets
import shutil
import sys
import time
from pathlib import Path
from random import Random, SystemRandom

import pytest

from .simulation import simulate


def lived(monkeypatch: pytest.MonkeyPatch, folder: Path, seed: int, nights: int) -> str:
    """One simulation with every die of the process drawn from one seed; its roots.

    Always in the same folder: an import is known by its file's name, the folder being a part of it.
    """
    dice = Random(seed)
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_bytes", dice.randbytes)
        patch.setattr(secrets, "token_hex", lambda size: dice.randbytes(size).hex())
        begun = time.monotonic()
        outcome = simulate(folder / "ws", dice, nights)
    spent = time.monotonic() - begun
    shutil.rmtree(folder / "ws")
    sys.stderr.write(f"RELIABILITY nights: seed {seed}, {nights} nights, {spent:.0f} s, ")
    sys.stderr.write(f"{outcome.figures}\n")
    return outcome.root


def seeds(number: int) -> list[int]:
    """`EFFMON_SEED` alone, or so many drawn ones."""
    given = os.environ.get("EFFMON_SEED")
    return [int(given)] if given else [SystemRandom().randrange(1 << 32) for _ in range(number)]


@pytest.mark.full
def test_a_quarter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (seed,) = seeds(1)
    sys.stderr.write(f"EFFMON_SEED={seed}\n")
    first = lived(monkeypatch, tmp_path, seed, 120)
    assert lived(monkeypatch, tmp_path, seed, 120) == first
    assert lived(monkeypatch, tmp_path, seed + 1, 60) != first


@pytest.mark.soak
@pytest.mark.parametrize("part", range(2))
def test_ten_years_fifty_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    for number, seed in enumerate(seeds(25)):
        sys.stderr.write(f"EFFMON_SEED={seed}\n")
        first = lived(monkeypatch, tmp_path, seed, 3650)
        if number % 5 == 0:
            assert lived(monkeypatch, tmp_path, seed, 3650) == first
