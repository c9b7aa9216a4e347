"""Packs of a workspace that watch the same: said by `rules check` and by the doctor."""

from collections.abc import Sequence

from ...i18n.messages import t
from ...rules.rule_overlap import Overlap, overlaps
from ...rules.rules import Rule

#: Pairs of rules that are named of two packs; the rest is counted.
_MOST = 4


def overlap_lines(rules: Sequence[tuple[str, Rule]]) -> list[str]:
    """A line for each two packs with rules that watch the same; each rule comes with its pack."""
    pairs: dict[tuple[str, str], list[Overlap]] = {}
    for found in overlaps(rules):
        pairs.setdefault((found.pack, found.other_pack), []).append(found)
    return [_line(pack, other, found) for (pack, other), found in pairs.items()]


def _line(pack: str, other: str, found: Sequence[Overlap]) -> str:
    named = t(", ").join(f"{each.rule}/{each.other_rule}" for each in found[:_MOST])
    more = len(found) - _MOST
    if more > 0:
        named += t(" and {more} more", more=more, n_found=len(found))
    return t(
        "packs {pack} and {other} watch the same ({named}): one matter would get two cards, "
        "choose one of them",
        pack=pack,
        other=other,
        named=named,
    )
