"""The most cases that come together: recorded within a short span, or with the same text."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from .tally_rows import Member


def most_within(rows: Sequence[tuple[int, str]], within: int) -> tuple[list[int], list[Member]]:
    """Since when the most cases in a span of `within` seconds are 1, 2, …; and those cases.

    `rows` are instants with the numbers of cases, in order. A case counts once.
    """
    growth: list[int] = []
    members: list[Member] = []
    span: deque[tuple[int, str]] = deque()
    inside: Counter[str] = Counter()
    for at, case_no in rows:
        span.append((at, case_no))
        inside[case_no] += 1
        while at - span[0][0] > within:
            _, gone = span.popleft()
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
        if len(inside) > len(growth):
            growth.append(at)
            first: dict[str, int] = {}
            for when, key in span:
                first.setdefault(key, when)
            members = sorted(Member(when, key) for key, when in first.items())
    return growth, members


def most_alike(texts: Sequence[Mapping[str, int]]) -> tuple[list[int], list[Member]]:
    """Since when the most cases of one text are 1, 2, …; and the cases of the text that has most.

    `texts` holds for each text its cases with the instant from which they have it.
    """
    rows = [sorted(Member(at, key) for key, at in cases.items()) for cases in texts]
    members = min(rows, key=lambda row: (-len(row), row), default=[])
    growth = [min(row[n].at for row in rows if len(row) > n) for n in range(len(members))]
    return growth, members
