"""Whatever is done to a signed ledger both verifiers find, and honest growth alarms neither."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.ledger import checkpoints, compare
from efficiency_monitor.verifier import verify
from tests.ledger import hand_made

from . import export_forgery, ledger_forgery, ledger_state
from .ledger_state import Owner, Trial

#: Mutations, and steps, of one ledger before another is begun.
ONE_LEDGER = 250
ONE_GROWTH = 100


def seed_of_the_run() -> int:
    """Printed, and taken back from the environment to replay a run."""
    seed = int(os.environ.get("EFFMON_SEED") or random.SystemRandom().randrange(2**32))
    print(f"\nEFFMON_SEED={seed}")
    return seed


def trials(folder: Path, dice: random.Random, number: int) -> Iterator[Trial]:
    """A trial for each mutation: the same one for a while, then another."""
    for start in range(0, number, ONE_LEDGER):
        trial = ledger_state.begun(folder / str(start), dice)
        for _ in range(min(ONE_LEDGER, number - start)):
            yield trial
        trial.close()


def mutations_are_found(folder: Path, number: int) -> None:
    """`number` mutations of rows and export, and a tenth of that of what only an export has."""
    dice = random.Random(seed_of_the_run())
    export, held = folder / "export", folder / "held.note"
    asked: Counter[str] = Counter()
    by_verifier: Counter[str] = Counter()
    by_product: Counter[str] = Counter()
    by_key_or_note: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    current: Trial | None = None
    written: dict[str, bytes] = {}
    for turn, trial in enumerate(trials(folder, dice, number + number // 10)):
        if trial is not current:
            current, honest = trial, trial.honest.files()
            held.write_text(trial.held, encoding="utf-8")
            owner = Owner(trial.world.folder / "effmon.db")
            rewrite(export, written, honest)
            assert ledger_state.verifier_finds(trial, export, held)[0] == 0
            assert ledger_state.product_finds(trial) == []
        both = turn % 11 != 10
        kinds = ledger_forgery.BOTH if both else export_forgery.EXPORT
        forgery = dice.choice(kinds)
        while True:
            state = forgery(dice, trial)
            files = state.files()
            # What changes nothing, in rows or export, is no mutation.
            if files != honest and (not both or rows_of(state) != rows_of(trial.honest)):
                break
        what = f"EFFMON_SEED replays turn {turn}: {forgery.__name__}"
        asked[forgery.__name__] += 1
        rewrite(export, written, files)
        code, check = ledger_state.verifier_finds(trial, export, held)
        assert code in (1, 2, 3), f"verify.py accepted it; {what}"
        codes[code] += 1
        by_verifier[check] += 1
        if check in ledger_state.FROM_OUTSIDE:
            by_key_or_note[forgery.__name__] += 1
        if both:
            owner.write(state)
            found = ledger_state.product_finds(trial)
            owner.write(trial.honest)
            assert found, f"the product accepted it; {what}"
            by_product.update(check.split(":")[0] for check in found)
        rewrite(export, written, honest)
    total = sum(asked.values())
    print(f"{total} mutations, found by verify.py: {sum(codes.values())}, codes {dict(codes)}")
    print("drawn:", dict(asked.most_common()))
    print("verify.py by:", dict(by_verifier.most_common()))
    print("by what is held outside alone:", dict(by_key_or_note.most_common()))
    print("the product by:", dict(by_product.most_common()))


def rows_of(state: ledger_state.State) -> object:
    return state.rows, state.head, state.signed


def rewrite(folder: Path, written: dict[str, bytes], files: dict[str, bytes]) -> None:
    """Make the folder hold exactly these files; `written` is what it holds."""
    for name in written.keys() - files.keys():
        (folder / name).unlink()
    hand_made.write(
        folder, {name: text for name, text in files.items() if written.get(name) != text}
    )
    written.clear()
    written.update(files)


def growth_alarms_nobody(folder: Path, number: int) -> None:
    """`number` steps of honest ledgers: entries, checkpoints, other keys, exports."""
    dice = random.Random(seed_of_the_run())
    done: Counter[str] = Counter()
    for start in range(0, number, ONE_GROWTH):
        trial = ledger_state.begun(folder / str(start), dice)
        world, kept = trial.world, folder / "kept"
        kept.mkdir()
        papers = [trial.keys[0].vkey]
        for step in range(min(ONE_GROWTH, number - start)):
            what = dice.choices(["entries", "checkpoint", "key"], [6, 3, 1])[0]
            done[what] += 1
            if what == "entries":
                ledger_state.grow(world, dice, dice.randint(1, 5))
            elif what == "key":
                papers.append(ledger_state.rotate(world, dice).verifier.vkey)
            else:
                made = checkpoints.make(world.context)
                tree = dice.choice(ledger_state.TREES)
                (kept / f"{made.size}-{tree}.note").write_text(made.notes[tree], encoding="utf-8")
            out = folder / f"out-{start}-{step}"
            ledger_book.export(world.context, out, words={})
            trial.paper = dice.choice(papers)
            holds = kept if any(kept.iterdir()) else folder / "held.note"
            (folder / "held.note").write_text(trial.held, encoding="utf-8")
            code, check = ledger_state.verifier_finds(trial, out, holds)
            assert code == 0, f"EFFMON_SEED replays step {start + step} {what}: {check}"
            assert ledger_state.product_finds(trial) == [], f"step {start + step} {what}"
            for note in dice.sample(sorted(kept.iterdir()), min(2, len(list(kept.iterdir())))):
                compared = compare.compare_note(world.context, note.read_bytes())
                assert compared.result == compare.EQUAL
                done["older notes compared"] += 1
            shutil.rmtree(out)
        trial.close()
        shutil.rmtree(kept)
    print(f"{number} steps of honest growth, no alarm: {dict(done)}")


PERFECT = (
    ledger_forgery.signed_by_another_key,
    ledger_forgery.signed_by_the_own_key,
    ledger_forgery.rolled_back,
)


@pytest.mark.full
@pytest.mark.parametrize("forgery", PERFECT, ids=lambda forgery: forgery.__name__)
def test_a_perfect_forgery_is_found_by_what_is_held_outside_and_by_nothing_else(
    forgery: ledger_forgery.Forgery, tmp_path: Path
) -> None:
    """So that the trials above try the anchors, and not some slip of the forger's."""
    dice = random.Random(forgery.__name__)
    trial, held = ledger_state.begun(tmp_path / "ledger", dice), tmp_path / "held.note"
    held.write_text(trial.held, encoding="utf-8")
    for turn in range(10):
        folder = tmp_path / str(turn)
        hand_made.write(folder, forgery(dice, trial).files())
        assert verify.main([str(folder)]) == 0
        assert ledger_state.verifier_finds(trial, folder, held)[0] in (1, 3)
    trial.close()


@pytest.mark.full
def test_mutations_are_found(tmp_path: Path) -> None:
    mutations_are_found(tmp_path, 300)


@pytest.mark.full
def test_honest_growth_alarms_nobody(tmp_path: Path) -> None:
    growth_alarms_nobody(tmp_path, 40)


@pytest.mark.soak
def test_ten_thousand_mutations_are_found(tmp_path: Path) -> None:
    mutations_are_found(tmp_path, 10_000)


@pytest.mark.soak
def test_a_thousand_steps_of_honest_growth_alarm_nobody(tmp_path: Path) -> None:
    growth_alarms_nobody(tmp_path, 1000)
