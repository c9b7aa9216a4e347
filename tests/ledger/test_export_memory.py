"""An export needs the same memory whatever the ledger's size: entries pass by, proofs are kept."""

import subprocess
import sys
from pathlib import Path

import pytest

#: Megabytes that a hundred times as many entries may need more: proofs grow with their logarithm.
MORE = 12
EXPORT = """
import re, sys
from pathlib import Path
from efficiency_monitor.ledger.model import entries as ledger
from efficiency_monitor.ledger.model.checkpoints import Checkpoint, body as text_of
from efficiency_monitor.ledger.model.keys import KeyPeriod
from efficiency_monitor.ledger.model.signed_notes import SigningKey, sign
from efficiency_monitor.ledger.export import SignedParts, write_export

number, out = int(sys.argv[1]), Path(sys.argv[2])

def bodies():
    for seq in range(1, number + 1):
        yield ledger.canonical({"v": 1, "seq": seq, "type": "notice.sent",
                                "at": "2026-11-24T02:00:07+08:00", "x": "x" * 300})

key, head, notes = SigningKey("o", bytes(32)), ledger.EMPTY, {}
for seq, body in enumerate(bodies(), 1):
    head, _ = ledger.append(head, body)
    if seq % (number // 100) == 0:
        roots = ledger.root(head)
        for tree, root, end in (("sha256", roots.sha256, ""), ("sm3", roots.sm3, "-sm3")):
            text = text_of(Checkpoint("o" + end, seq, root))
            notes[seq, tree] = str(sign(text, [(key.verifier, key.sign)]))
period = KeyPeriod(verifier=key.verifier, from_size=0, until_size=None, vouched=True)
write_export(out, bodies(), head, signed=SignedParts(notes, (period,)), readme_context={})
# Not getrusage: that counts what the parent had before this program began.
print(int(re.search("VmHWM: *\\s*([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def exported(number: int, out: Path) -> float:
    """Most memory of an export of so many entries with 100 checkpoints of each tree, in MB."""
    ran = subprocess.run(
        [sys.executable, "-c", EXPORT, str(number), str(out)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout)


def memory_does_not_grow(number: int, folder: Path) -> None:
    small, large = (exported(each, folder / str(each)) for each in (number // 100, number))
    print(f"\nexport of {number // 100} entries: {small:.0f} MB, of {number}: {large:.0f} MB")
    assert large - small < MORE


@pytest.mark.full
def test_an_export_needs_no_more_memory(tmp_path: Path) -> None:
    memory_does_not_grow(50_000, tmp_path)


@pytest.mark.soak
def test_an_export_of_a_million_entries_needs_no_more_memory(tmp_path: Path) -> None:
    memory_does_not_grow(1_000_000, tmp_path)
