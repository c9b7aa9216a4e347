"""What a notice tells, in words: its kind as the outbox has it."""

from typing import Final

from efficiency_monitor.i18n.language import t

_KINDS: Final = {
    "issued": ("发牌", "issued"),
    "to_confirm": ("待确认", "to be confirmed"),
    "unanswered": ("逾期未反馈", "no reply in time"),
    "revived": ("恢复", "stands again"),
    "lifted": ("撤销", "lifted"),
    "closed": ("销号", "closed"),
    "order_opened": ("督办单开具", "order opened"),
    "order_returned": ("督办单退回重办", "order returned"),
    "order_replied": ("督办单已反馈", "order replied to"),
    "order_overdue": ("督办单逾期未反馈", "order overdue"),
    "order_closed": ("督办单办结", "order closed"),
    "appeal_filed": ("申诉提出", "appeal filed"),
    "appeal_signed": ("申诉待另一人签署", "appeal, one has signed"),
    "appeal_referred": ("申诉上报", "appeal referred"),
    "appeal_returned": ("申诉打回", "appeal returned"),
    "appeal_upheld": ("申诉成立", "appeal upheld"),
    "appeal_overdue": ("申诉逾期未裁决", "appeal overdue"),
    "alarm": ("报警", "alarm"),
    "exemption_asked": ("申请免责", "exemption asked for"),
    "exempted": ("免责", "exempted"),
    "key_enrolled": ("登记密钥", "key enrolled"),
    "key_revoked": ("吊销密钥", "key revoked"),
    "key_revoke_asked": ("要求吊销密钥", "key asked to be revoked"),
    "checkpoint": ("台账检查点", "checkpoint of the ledger"),
}


def say_kind(kind: str) -> str:
    """`step:3:2` is the third step, told for the second time; `order_returned:2` is of round 2."""
    word, _, rest = kind.partition(":")
    if word == "step":
        step, _, turn = rest.partition(":")
        if turn in ("", "1"):
            return t(f"第{step}层", f"step {step}")
        return t(f"第{step}层，第{turn}次", f"step {step}, turn {turn}")
    if word not in _KINDS:
        return kind
    if word == "checkpoint":
        return f"{t(*_KINDS[word])} {rest}".strip()
    said = t(*_KINDS[word])
    return said + (t(f"（第{rest}轮）", f" (round {rest})") if rest else "")


def say_subject(subject: str) -> str:
    """`order:D-…` as the number that commands take; only a key needs the word, its id has none."""
    kind, _, number = subject.partition(":")
    if kind == "ledger":
        return t("台账", "ledger")
    if kind == "key":
        return t("密钥 ", "key ") + number
    return number or subject
