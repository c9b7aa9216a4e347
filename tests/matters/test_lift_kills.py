"""The process dies at each COMMIT of a decision: the same command again makes it whole."""

from pathlib import Path

import pytest

from .deaths import everywhere, key_files
from .office import Office
from .stage import run

pytestmark = pytest.mark.both_engines

#: Commands on a red card over a yellow one; `{KEY}` stands before the key files.
APPEALED = (
    "--as zhang appeals file '{A CASE red}' --text 申诉",
    "--as wang --key {KEY}wang.pem appeals decide {appeal} --decision refer --text 请示",
    "--as chen --key {KEY}chen.pem appeals decide {appeal} --decision lift --text 同意",
    "--as sun --key {KEY}sun.pem appeals decide {appeal} --decision lift --text 同意",
)
BY_HAND = (
    "--as wang --key {KEY}wang.pem cards lift '{A CASE red}' --reason exemption --text 免责",
    "--as sun --key {KEY}sun.pem cards lift '{A CASE red}' --reason exemption --text 免责",
)


@pytest.mark.full
@pytest.mark.parametrize("lines", [APPEALED, BY_HAND], ids=["appealed", "by hand"])
def test_a_decision_is_whole_or_not_at_all(
    office: Office, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    folder = key_files(tmp_path / "keys")
    office.red()
    deaths = 0
    for step, template in enumerate(lines):
        line = template.replace("{KEY}", f"{folder}/")
        # What was decided is decided: given again it is refused.
        deaths += everywhere(office.world, line, tmp_path / str(step), again=(0, 2))
        run(office.world, line).well()
    assert deaths >= 2 * len(lines)  # before and after the COMMIT of each
