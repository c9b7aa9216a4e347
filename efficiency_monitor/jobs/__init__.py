"""Jobs: which runs are due, and the bell that asks."""
