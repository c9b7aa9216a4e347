"""What a notice tells, in words: its kind as the outbox has it."""

from typing import Final

from efficiency_monitor.i18n.messages import mark, t

_KINDS: Final = {
    "issued": mark("issued"),
    "to_confirm": mark("to be confirmed"),
    "unanswered": mark("no reply in time"),
    "revived": mark("stands again"),
    "lifted": mark("lifted"),
    "closed": mark("closed"),
    "order_opened": mark("order opened"),
    "order_returned": mark("order returned"),
    "order_replied": mark("order replied to"),
    "order_overdue": mark("order overdue"),
    "order_closed": mark("order closed"),
    "appeal_filed": mark("appeal filed"),
    "appeal_signed": mark("appeal, one has signed"),
    "appeal_referred": mark("appeal referred"),
    "appeal_returned": mark("appeal returned"),
    "appeal_upheld": mark("appeal upheld"),
    "appeal_overdue": mark("appeal overdue"),
    "alarm": mark("alarm"),
    "exemption_asked": mark("exemption asked for"),
    "exempted": mark("exempted"),
    "key_enrolled": mark("key enrolled"),
    "key_revoked": mark("key revoked"),
    "key_revoke_asked": mark("key asked to be revoked"),
    "checkpoint": mark("checkpoint of the ledger"),
}


def say_kind(kind: str) -> str:
    """`step:3:2` is the third step, told for the second time; `order_returned:2` is of round 2.

    What stands behind that, as in `step:3:2:2`, tells again what a clock that ran ahead told early.
    """
    word, _, rest = kind.partition(":")
    if word == "step":
        step, _, rest = rest.partition(":")
        turn = rest.partition(":")[0]
        if turn in ("", "1"):
            return t("step {step}", step=step)
        return t("step {step}, turn {turn}", step=step, turn=turn)
    if word not in _KINDS:
        return kind
    if word == "checkpoint":
        return f"{t(_KINDS[word])} {rest}".strip()
    said, rest = t(_KINDS[word]), rest.partition(":")[0]
    return said + (t(" (round {rest})", rest=rest) if rest else "")


def say_subject(subject: str) -> str:
    """`order:D-…` as the number that commands take; only a key needs the word, its id has none."""
    kind, _, number = subject.partition(":")
    if kind == "ledger":
        return t("ledger")
    if kind == "key":
        return t("key ") + number
    return number or subject
