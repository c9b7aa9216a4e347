"""What the doctor says of ladders and alarms: who reaches nobody, who was asked in vain."""

from collections.abc import Iterator

from ...followup.alarms import store as alarms
from ...followup.ladders import store
from ...followup.ladders.actions import check
from ...followup.ladders.advance import still_untold
from ...i18n.messages import t
from ...workspace.context import Context

#: Cards that are named; the rest is counted.
_NAMED = 3


def check_ladders(context: Context) -> Iterator[tuple[str, str, str]]:
    """Findings on the ladders: their default, how they stand, cards of which nobody knows."""
    check(context)
    with context.store.reading() as connection:
        counts = store.counts(connection)
        standing = len(alarms.listed(connection, everything=False))
    running, exhausted = counts.get("running", 0), counts.get("exhausted", 0)
    yield (
        "ladders",
        "look" if exhausted else "ok",
        t(
            "{running} on their way, {exhausted} told to the last step without an answer",
            running=running,
            exhausted=exhausted,
        ),
    )
    untold = still_untold(context)
    nobody = [card_no for card_no, why in untold if why == "no_recipient"]
    yield _reached(
        "told",
        nobody,
        t("cards of which nobody was told"),
        t("effmon people import"),
    )
    yield _reached(
        "steps",
        [card_no for card_no, why in untold if why != "no_recipient"],
        t("cards whose present step reaches nobody"),
        t("effmon ladders show CARD"),
    )
    yield (
        "alarms",
        "look" if standing else "ok",
        t("{standing} alarms on supervisors stand", standing=standing),
    )


def _reached(name: str, cards: list[str], words: str, mend: str) -> tuple[str, str, str]:
    if not cards:
        return name, "ok", f"0 {words}"
    some = ", ".join(cards[:_NAMED]) + (", …" if len(cards) > _NAMED else "")
    return name, "look", f"{len(cards)} {words} ({some}): {mend}"
