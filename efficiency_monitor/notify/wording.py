"""What a notice says: what happened, what is asked of whom it reaches, and the command for it.

Every kind of notice has its sentence here, in the language that is being spoken. A notice holds
numbers and instants, and no person's name; what people wrote stays in the database.
"""

from collections.abc import Callable, Mapping
from typing import Final

from efficiency_monitor.i18n.language import say_amount, say_lift_reason, t
from efficiency_monitor.terms import AlarmKind, ExemptionGround

from .matter import Matter, field, notes_of
from .plain import plain_line

#: Of a note; the signature of a key of another kind may be long.
_LONGEST_LINE: Final = 400


def sentence(matter: Matter) -> str:
    """What happened and what is asked, in a line; a kind that is not known says its name."""
    found = _SENTENCES.get(matter.name)
    if found is None:
        kind = field(matter.kind)
        return t(f"请查看（{kind}）。", f"Please look at it ({kind}).")
    return found(matter)


def _answer(card: str) -> str:
    return t(
        f"请签收并反馈：effmon cards acknowledge {card}；effmon cards reply {card}",
        f"Acknowledge and answer it: effmon cards acknowledge {card}; effmon cards reply {card}",
    )


def _issued(matter: Matter) -> str:
    card = matter.card or matter.own
    return t("已发此牌，反馈期限自送达起算。", "The time to answer runs from delivery. ") + _answer(
        card
    )


def _to_confirm(matter: Matter) -> str:
    card = matter.card or matter.own
    return t(
        f"此牌待确认。请核实后确认：effmon cards confirm {card}；"
        f"不予确认：effmon cards lift {card} --reason not_confirmed",
        f"This card waits for confirmation. Check and confirm it: effmon cards confirm {card}; "
        f"or refuse it: effmon cards lift {card} --reason not_confirmed",
    )


def _step(matter: Matter) -> str:
    card, since = matter.card or matter.own, matter.when("since")
    step, turn = matter.number(1) or matter.of("step"), matter.number(2) or matter.of("turn")
    again = t(f"，第 {turn} 次提醒", f", reminder {turn}") if turn not in ("", "1") else ""
    waited = t(
        f"自 {since} 送达后未获处理" if since else "未获处理",
        f"Nothing has been done since it was delivered on {since}"
        if since
        else "Nothing has been done",
    )
    return t(
        f"{waited}，现升至督办第 {step} 级{again}。请督促签收和反馈：effmon cards show {card}",
        f"{waited}: this is step {step} of the ladder{again}. "
        f"See to it that it is answered: effmon cards show {card}",
    )


def _unanswered(matter: Matter) -> str:
    card, due = matter.card or matter.own, matter.when("reply_due_at")
    return t(
        f"反馈期限{f' {due} ' if due else ''}已过，仍无反馈。请督促：effmon cards show {card}；"
        f"可开督办单：effmon orders open {card}",
        f"The time to answer ended{f' on {due}' if due else ''} without an answer. "
        f"See to it: effmon cards show {card}; or open an order: effmon orders open {card}",
    )


def _revived(matter: Matter) -> str:
    by = matter.of("by")
    return t(
        f"较高级别的牌{f' {by} ' if by else ''}已撤销，此牌恢复有效。",
        f"The higher card{f' {by}' if by else ''} was lifted: this one stands again. ",
    ) + _answer(matter.card or matter.own)


def _lifted(matter: Matter) -> str:
    reason = say_lift_reason(matter.of("reason"))
    why = t(f"（{reason}）", f" ({reason})") if reason else ""
    return t(
        f"此牌已撤销{why}，无须再办。",
        f"This card has been lifted{why}: nothing is to be done any more.",
    )


def _closed(matter: Matter) -> str:
    return t("此牌已销号，无须再办。", "This card is closed: nothing is to be done any more.")


def _reply_by(matter: Matter) -> str:
    """Until when an order is answered: an instant, or an amount from delivery, or nothing."""
    due, within = matter.when("reply_due_at"), matter.of("reply_within")
    if due:
        return t(f"请于 {due} 前反馈", f"Answer it by {due}")
    if within:
        amount = say_amount(within)
        return t(f"请自送达起 {amount}内反馈", f"Answer it within {amount} of delivery")
    return t("请反馈", "Answer it")


def _round(matter: Matter) -> str:
    number = matter.number(1) or matter.of("round")
    return t(f"（第 {number} 轮）", f" (round {number})") if number not in ("", "1") else ""


def _order_opened(matter: Matter) -> str:
    return t("已开具督办单。", "A supervision order was opened. ") + _reply_command(matter)


def _order_returned(matter: Matter) -> str:
    said = t(
        f"反馈未通过，退回重办{_round(matter)}。", f"The answer was not accepted{_round(matter)}. "
    )
    return said + _reply_command(matter)


def _reply_command(matter: Matter) -> str:
    return f"{_reply_by(matter)}{t('：', ': ')}effmon orders reply {matter.own}"


def _order_replied(matter: Matter) -> str:
    order = matter.own
    return t(
        f"承办单位已反馈{_round(matter)}。请审核，办结：effmon orders close {order}；"
        f"退回重办：effmon orders return {order}",
        f"The department has answered{_round(matter)}. Examine it, then close it: "
        f"effmon orders close {order}; or return it: effmon orders return {order}",
    )


def _order_overdue(matter: Matter) -> str:
    order, due = matter.own, matter.when("reply_due_at")
    return t(
        f"反馈期限{f' {due} ' if due else ''}已过，仍未反馈{_round(matter)}。"
        f"请立即反馈：effmon orders reply {order}",
        f"The time to answer ended{f' on {due}' if due else ''} without an answer{_round(matter)}. "
        f"Answer it at once: effmon orders reply {order}",
    )


def _order_closed(matter: Matter) -> str:
    if matter.of("result") == "cards_lifted":
        return t(
            "所涉各牌均已撤销，督办单已办结，无须再办。",
            "All its cards were lifted: it is closed, nothing is to be done any more.",
        )
    return t("督办单已办结，无须再办。", "It is closed: nothing is to be done any more.")


def _decide(matter: Matter) -> str:
    due = matter.when("decide_by")
    return t(
        f"{f'裁决期限 {due}，' if due else ''}裁决人应符合回避要求："
        f"effmon appeals decide {matter.own}",
        f"{f'To be decided by {due}' if due else 'To be decided'} by somebody who took no part: "
        f"effmon appeals decide {matter.own}",
    )


def _appeal_filed(matter: Matter) -> str:
    return t("已对此牌提出申诉。", "An appeal against this card was filed. ") + _decide(matter)


def _appeal_signed(matter: Matter) -> str:
    return t(
        "已有一人签名同意撤牌，撤销红牌须另一人再签。",
        "One person has signed to lift this card; a red one takes a second person's signature. ",
    ) + _decide(matter)


def _appeal_referred(matter: Matter) -> str:
    return t("申诉已上报，请裁决。", "The appeal was referred upwards. ") + _decide(matter)


def _appeal_overdue(matter: Matter) -> str:
    due = matter.when("decide_by")
    return t(
        f"裁决期限{f' {due} ' if due else ''}已过，申诉仍未裁决。"
        f"请立即裁决：effmon appeals decide {matter.own}",
        f"The time to decide it ended{f' on {due}' if due else ''}. "
        f"Decide it at once: effmon appeals decide {matter.own}",
    )


def _appeal_returned(matter: Matter) -> str:
    return t(
        f"申诉未获支持，此牌维持有效。理由见：effmon appeals show {matter.own}",
        f"The appeal was not upheld: the card stands. For the reason: "
        f"effmon appeals show {matter.own}",
    )


def _appeal_upheld(matter: Matter) -> str:
    return t(
        f"申诉成立，此牌已撤销，无须再办。理由见：effmon appeals show {matter.own}",
        f"The appeal was upheld: the card is lifted, nothing is to be done any more. "
        f"For the reason: effmon appeals show {matter.own}",
    )


def _alarm(matter: Matter) -> str:
    kind, number = matter.of("about").partition(":")[::2]
    due = matter.when("due_at")
    look = f"effmon {'orders' if kind == 'order' else 'cards'} show {number or matter.card}"
    if matter.of("kind") == AlarmKind.ORDER_OPEN:
        return t(
            f"督办单 {number} {f'至 {due} ' if due else ''}仍未办结。请过问：{look}",
            f"Order {number} is still open{f' after {due}' if due else ''}. Look into it: {look}",
        )
    return t(
        f"监察人员{f'至 {due} ' if due else ''}未跟进牌 {number}。请过问：{look}",
        f"The supervisor has not followed up card {number}{f' by {due}' if due else ''}. "
        f"Look into it: {look}",
    )


def _ground(matter: Matter) -> str:
    names = {
        ExemptionGround.FALSE_MATERIAL: t("申请材料虚假", "false material"),
        ExemptionGround.FORCE_MAJEURE: t("不可抗力", "force majeure"),
        ExemptionGround.SELF_CORRECTED: t("自行纠正", "corrected by themselves"),
        ExemptionGround.APPEAL_UPHELD: t("申诉成立", "appeal upheld"),
    }
    code = matter.of("ground")
    said = names.get(ExemptionGround(code), code) if code in set(ExemptionGround) else code
    return t(f"（{said}）", f" ({said})") if said else ""


def _exemption_asked(matter: Matter) -> str:
    card = matter.card or matter.own
    command = f"effmon accountability exempt {card} --decision"
    return t(
        f"有人申请免责{_ground(matter)}，须由另一人决定：{command} approve；{command} refuse",
        f"An exemption is asked for{_ground(matter)}; another person decides: "
        f"{command} approve; {command} refuse",
    )


def _exempted(matter: Matter) -> str:
    card = matter.card or matter.own
    return t(
        f"已决定免责{_ground(matter)}。见：effmon accountability show {card}",
        f"An exemption was granted{_ground(matter)}. See: effmon accountability show {card}",
    )


def _key_enrolled(matter: Matter) -> str:
    return t(
        f"已登记一把个人签名密钥。若非本人所为或未经批准，请立即停用："
        f"effmon people key revoke {matter.own}",
        f"A personal signing key was enrolled. If you know nothing of it, revoke it at once: "
        f"effmon people key revoke {matter.own}",
    )


def _key_revoked(matter: Matter) -> str:
    return t(
        "一把个人签名密钥已停用，不能再用来签名。见：effmon people key list",
        "A personal signing key was revoked: it signs nothing any more. "
        "See: effmon people key list",
    )


def _key_revoke_asked(matter: Matter) -> str:
    return t(
        f"一名持有人要求停用一把个人签名密钥，须由第二名持有人以同一命令签名："
        f"effmon people key revoke {matter.own}。若要求者的密钥可疑，请停用该密钥",
        f"A holder asks that a personal signing key be revoked, which takes a second holder's "
        f"signature by the same command: effmon people key revoke {matter.own}. If it is the one "
        "who asks whose key may be stolen, revoke that one",
    )


def _checkpoint(matter: Matter) -> str:
    notes = [text for _, text in notes_of(matter.about)]
    said = t(
        "请保存，勿改动，并按月比对：effmon ledger compare 文件.note。签名原文：",
        "Keep it unchanged and compare it each month: effmon ledger compare FILE.note. "
        "As it was signed:",
    )
    lines = [line for text in notes for line in text.split("\n") if line]
    return "\n   ".join([said, *(plain_line(line, longest=_LONGEST_LINE) for line in lines)])


_SENTENCES: Final[Mapping[str, Callable[[Matter], str]]] = {
    "issued": _issued,
    "to_confirm": _to_confirm,
    "step": _step,
    "unanswered": _unanswered,
    "revived": _revived,
    "lifted": _lifted,
    "closed": _closed,
    "order_opened": _order_opened,
    "order_returned": _order_returned,
    "order_replied": _order_replied,
    "order_overdue": _order_overdue,
    "order_closed": _order_closed,
    "appeal_filed": _appeal_filed,
    "appeal_signed": _appeal_signed,
    "appeal_referred": _appeal_referred,
    "appeal_returned": _appeal_returned,
    "appeal_upheld": _appeal_upheld,
    "appeal_overdue": _appeal_overdue,
    "alarm": _alarm,
    "exemption_asked": _exemption_asked,
    "exempted": _exempted,
    "key_enrolled": _key_enrolled,
    "key_revoked": _key_revoked,
    "key_revoke_asked": _key_revoke_asked,
    "checkpoint": _checkpoint,
}
#: Kinds that have a sentence.
KINDS: Final = tuple(_SENTENCES)
