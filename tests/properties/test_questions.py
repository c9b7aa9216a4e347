"""`effmon calendar due|elapsed|batch` answers what the oracle's clock answers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import drawing
from .clocks import everywhere


@pytest.mark.parametrize("resolution", ["day", "time"])
@pytest.mark.parametrize("unit", drawing.UNITS)
@settings(max_examples=15)
@given(data=st.data())
def test_elapsed_due_and_thresholds(unit: str, resolution: str, data: st.DataObject) -> None:
    for asked in data.draw(everywhere(unit, resolution)):
        clock, limit, at = asked.clock, asked.limit, asked.at
        for end in asked.ends:
            assert clock.elapsed(end, unit) == clock.oracle_elapsed(end, unit), f"{asked}"
        assert clock.threshold(limit) == clock.oracle_threshold(limit), f"{asked}"
        assert clock.threshold(limit, at) == clock.oracle_threshold(limit, at), f"{asked}"
