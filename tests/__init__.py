"""Tests. `tests/house/` watches the house itself; the other folders mirror the package."""
