"""`effmon serve` stays for weeks: what is amended meanwhile counts from the next ring on."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.command import MODULE, environment
from tests.stories.world import World

pytestmark = pytest.mark.both_engines


def test_serve_reads_settings_and_catalogue_before_each_ring(tmp_path: Path) -> None:
    world = World.made(tmp_path / "office", "2026-03-06 09:00")
    world.close()
    served = subprocess.Popen(
        [sys.executable, "-m", MODULE, "-C", str(world.folder), "serve", "--every", "1"],
        env=os.environ | environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    # Whoever does not hear of the change would wait for ever.
    patience = threading.Timer(60, served.kill)
    patience.start()
    try:
        assert served.stderr is not None
        assert "running" in served.stderr.readline()
        settings = world.folder / "effmon.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace('"standard"', '"gone"'), encoding="utf-8")
        assert any("no ladder 'gone'" in line for line in served.stderr)
    finally:
        patience.cancel()
        served.terminate()
        served.wait(30)
        if served.stderr is not None:
            served.stderr.close()
