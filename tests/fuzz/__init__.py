"""50,000 malformed files and rows in a run: no traceback, and totals that add up."""
