"""An auditor with the export alone sees that nobody signed what took a card away by evidence,
for a wrong clock, or with its case to another source.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efficiency_monitor.ledger import book as ledger_book
from efficiency_monitor.verifier import verify
from tests.golden.fixed import fixed
from tests.golden.stories import STORIES

from .test_export import fault, rewritten

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Exports of workspaces in which all of that was decided rightly."""
    made = {}
    for name in ("everything", "repairs"):
        folder = tmp_path_factory.mktemp(name)
        with fixed():
            for world in STORIES[name](folder):
                ledger_book.export(world.context, made.setdefault(name, folder / "out"), words={})
                world.close()
    return made


def of(kind: str, **change: Any) -> Callable[[Entry], object]:
    """A change of every entry of a type."""
    return lambda entry: entry.update(change) if entry["type"] == kind else None


def another_evidence(entry: Entry) -> None:
    if entry["type"] == "card.lifted" and entry.get("rests_on", {}).get("evidence"):
        entry["rests_on"]["evidence"] = ["E-OTHER"]


def another_repair(entry: Entry) -> None:
    if entry["type"] == "clock.repaired":
        entry["round"] = 2
    if entry["type"] == "card.lifted" and entry["reason"] == "clock_error":
        entry["repair"] = entry["repair"].removesuffix("/1") + "/2"


#: The story, what is rewritten, what the verifier says.
SLIPPED: dict[str, tuple[str, Callable[[Entry], object], str]] = {
    "other rows than were accepted": (
        "everything", of("evidence.decided", matters="0" * 16), "lacks signatures"),
    "evidence of a red card that one accepted": (
        "everything", of("evidence.decided", signed_by=["wang"]), "lacks signatures"),
    "evidence that was rejected": (
        "everything", of("evidence.decided", decision="accepted", target="E-OTHER"),
        "lacks signatures"),
    "a card that fell by other evidence": (
        "everything", another_evidence, "the evidence E-OTHER, which nobody accepted"),
    "cases handed over to another": (
        "everything", of("source.handed_over", to="slow", **{"from": "by-hand"}),
        "lacks signatures"),
    "one case instead of all": (
        "everything", of("source.handed_over", case="H"), "lacks signatures"),
    "a hand-over that nobody is said to have signed": (
        "everything", of("source.handed_over", signed_by=[]), "lacks signatures"),
    "a clock that was repaired for another instant": (
        "repairs", of("clock.repaired", after="2026-03-09T03:00:00Z"),
        "was lifted for a clock that nobody repaired"),
    "a repair that nobody signed": (
        "repairs", another_repair, "was lifted without two persons' signatures"),
}  # fmt: skip


@pytest.mark.parametrize("what", SLIPPED)
def test_what_nobody_signed_is_seen(exports: dict[str, Path], tmp_path: Path, what: str) -> None:
    story, change, said = SLIPPED[what]
    folder = tmp_path / "out"
    shutil.copytree(exports[story], folder)
    assert fault(folder, 0) == ""
    rewritten(folder, change)
    # Checkpoints, where there are any, show it as well: here the signatures alone are asked.
    with pytest.raises(verify.Changed) as found:
        verify.check_approvals(folder, verify.read_entries(folder, verify.signed_sizes(folder)))
    assert said in found.value.en
