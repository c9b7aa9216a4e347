"""Chinese lines fold between characters; dates, codes and words stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli.folding import fold
from efficiency_monitor.documents.text_safety import safe

from .hostile import texts

SENTENCE = "从2026-02-10受理起，承诺时限7个工作日（国办发明电〔2025〕7号），到期日是2026-02-27。"


@given(texts, st.integers(2, 30))
def test_lines_fit_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    shown = safe(text)
    lines = fold(shown, width)
    assert max(map(cell_len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(shown.split())


@pytest.mark.parametrize("width", range(16, 60))
def test_dates_stay_whole_and_marks_where_they_belong(width: int) -> None:
    lines = fold(SENTENCE, width)
    assert "".join(lines) == SENTENCE
    for whole in ("2026-02-10", "2026-02-27", "〔2025〕"):
        assert any(whole in line for line in lines)
    assert not [line for line in lines if line[0] in "，。）〕" or line[-1] in "（〔"]


def test_what_fits_is_left_alone() -> None:
    assert fold("  两  端  ", 20) == ["  两  端  "]
    assert fold("", 5) == [""]
