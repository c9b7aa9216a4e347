"""How long a trial is: whole where `make soak` runs it, a share of it before anything lands.

A trial that has only one test for both is marked `trial` beside `full`.
"""

import os


def length(whole: int, share: int) -> int:
    """The whole number of a trial's inputs, kills or cases, or one in so many of them."""
    return whole if os.environ.get("EFFMON_LONG") else whole // share
