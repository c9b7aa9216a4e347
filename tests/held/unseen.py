"""The columns that somebody may change past effmon without being found, each with the reason."""

UNSEEN: dict[str, dict[str, str]] = {}
EMPTY: frozenset[str] = frozenset()
