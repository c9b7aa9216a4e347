"""`cards show` and `cases show` for people: one card, one case, with what belongs to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded
from efficiency_monitor.documents.masking import masked, masked_fields
from efficiency_monitor.i18n.language import (
    say_amount,
    say_appeal_state,
    say_item_kind,
    say_level,
    say_lift_reason,
    say_limit,
    say_local,
    say_order_state,
    say_outcome,
    say_reading,
    say_reason,
    say_state,
    t,
)
from efficiency_monitor.time.instants import in_zone

from .account_view import HELD, ORGANS, of_kind
from .explain_days import Document, Naming
from .explain_origin import origins
from .recipients_view import LADDER, TOLD
from .render import Format, emit, emit_object, emit_text, message
from .tally_view import SUBJECT, show_sum


def say_attachments(attachments: Sequence[Mapping[str, Any]]) -> str:
    """The names of attachments, each with the first digits of its digest."""
    return t("、", ", ").join(f"{each['name']} ({each['sha256'][:12]})" for each in attachments)


def _say_contested(contested: bool) -> str:
    """What that a card is contested means; nothing where it is not."""
    if not contested:
        return ""
    return t(
        "有补报证据可使其解除，尚待采纳；牌仍有效，督办与期限照旧",
        "evidence that came late would lift it and is held back; the card stands, "
        "its ladder and deadlines go on",
    )


_CARD: Final = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state),
    Column("lifted_reason", "撤销原因", "Lifted for", say=say_lift_reason),
    Column("contested", "存疑", "Contested", say=_say_contested),
    Column("case_no", "办件编号", "Case"),
    SUBJECT,
    Column("item_code", "事项编码", "Item"),
    Column("department", "部门", "Department"),
    Column("handler", "承办人", "Handler"),
    Column("reviewer", "审核人", "Reviewer"),
    Column("approver", "批准人", "Approver"),
    Column("rule", "规则", "Rule"),
    Column("rule_version", "规则版本", "Rule version"),
    Column("pack", "规则包", "Pack"),
    Column("limit_name", "时限种类", "Kind of limit", say=say_limit),
    Column("limit", "时限", "Limit", say=say_amount),
    Column("limit_due_at", "时限届满", "Limit ends", say=say_local),
    Column("fell_due_at", "触发时间", "Fell due", say=say_local),
    Column("elapsed", "已用", "Elapsed", say=say_amount),
    Column("over", "超期", "Over", say=say_amount),
    Column("as_of", "判定时刻", "Judged as of", say=say_local),
    Column("issued_at", "发牌时间", "Issued", say=say_local),
    Column("issued_by", "发牌人", "Issued by"),
    Column("reply_due_at", "反馈期限", "Reply by", say=say_local),
    Column("calendar", "工作日历", "Calendar"),
    Column("calendar_version", "日历版本", "Calendar version"),
)
_BASIS: Final = (
    Column("ref", "依据", "Basis", least=12),
    Column("says", "内容", "It says", least=20),
    Column("reading", "文义", "Reading", say=say_reading, priority=2),
)
ENTRIES: Final = (
    Column("at", "时间", "At", say=say_local),
    Column(
        "kind",
        "经过",
        "What",
        say=coded(
            {
                "issued": ("发牌", "issued"),
                "acknowledged": ("签收", "acknowledged"),
                "replied": ("反馈", "replied"),
                "confirmed": ("确认", "confirmed"),
                "superseded": ("升级", "superseded"),
                "revived": ("恢复", "revived"),
                "lifted": ("撤销", "lifted"),
                "lift_signed": ("签署撤销", "signed to lift"),
                "closed": ("销号", "closed"),
            }
        ),
    ),
    Column("person_id", "人员", "Person", least=6),
    Column("os_user", "系统用户", "System user", priority=3),
    Column("text", "内容", "Text", least=12),
    Column("late", "逾期", "Late", say=lambda late: t("是", "yes") if late else ""),
    Column("attachments", "附件", "Attachments", say=say_attachments, priority=2),
)
_ORDERS: Final = (
    Column("order_no", "督办单号", "Order"),
    Column("state", "状态", "State", say=say_order_state),
    Column("opened_by", "开具人", "Opened by", priority=3, least=6),
    Column("opened_at", "开具时间", "Opened", say=say_local, priority=3),
    Column("reply_due_at", "反馈期限", "Reply by", say=say_local),
)
_APPEALS: Final = (
    Column("appeal_no", "申诉号", "Appeal"),
    Column("state", "状态", "State", say=say_appeal_state),
    Column("filed_by", "申诉人", "Filed by", priority=3, least=6),
    Column("filed_at", "申诉时间", "Filed", say=say_local, priority=3),
    Column("decide_by", "裁决期限", "Decide by", say=say_local),
)


def show_card(document: Document, fmt: Format | None = None) -> None:
    """Print one card; JSON and CSV as it is, for people in words and tables."""
    if fmt not in (None, Format.TABLE):
        emit_object(document, fmt)
        return
    on_case = document["case_no"] is not None
    shown = [column for column in _CARD if column is not SUBJECT or not on_case]
    emit_object(document, fmt, columns=filled(shown, document))
    if document["tally"] is not None:
        show_sum(document["tally"], fmt)
    section(t("依据", "Legal basis"), document["legal_basis"], _BASIS, fmt)
    entries = [{**entry, "text": _entry_text(entry)} for entry in document["entries"]]
    section(t("经过", "What happened"), entries, ENTRIES, fmt)
    section(t("告知", "Who was told"), document["told"], TOLD, fmt)
    ladder = [] if document["ladder"] is None else [document["ladder"]]
    section(t("督办层级", "Its ladder"), ladder, LADDER, fmt)
    section(t("督办单", "Orders"), document["orders"], _ORDERS, fmt)
    section(t("申诉", "Appeals"), document["appeals"], _APPEALS, fmt)
    parts = document["accountability"]
    section(t("占用", "Who held the case"), of_kind(parts, "held"), HELD, fmt)
    section(t("各部门自身计时", "The organs' own clocks"), of_kind(parts, "organ"), ORGANS, fmt)


def _entry_text(entry: Mapping[str, Any]) -> str | None:
    """What a person wrote, letter by letter; of what the engine did its code in words."""
    text: str | None = entry["text"]
    if text is not None and entry["kind"] == "lifted":
        return say_lift_reason(text)
    if text is not None and entry["kind"] == "lift_signed":
        reason, colon, rest = text.partition(": ")
        return say_lift_reason(reason) + (t("：", ": ") if colon else "") + rest
    return say_state(text) if text is not None and entry["kind"] == "revived" else text


_CASE: Final = (
    Column("case_no", "办件编号", "Case"),
    Column("as_of", "截至", "As of", say=say_local),
    Column("known_by", "已知截至", "Known by", say=say_local),
    Column("outcome", "判定", "Outcome", say=say_outcome),
)
FIELDS: Final = (
    Column("item_code", "事项编码", "Item code"),
    Column("item_name", "事项名称", "Item"),
    Column("item_kind", "办件类型", "Kind", say=say_item_kind),
    Column("region", "区划", "Region"),
    Column("department", "部门", "Department"),
    Column("handler", "承办人", "Handler"),
    Column("reviewer", "审核人", "Reviewer"),
    Column("approver", "批准人", "Approver"),
    Column("applicant", "申请人", "Applicant"),
    Column("channel", "申报渠道", "Channel"),
    Column("promised_limit", "承诺时限", "Promised limit", say=say_amount),
    Column("statutory_limit", "法定时限", "Statutory limit", say=say_amount),
    Column("promised_due", "承诺办结时间", "Promised for", say=say_local),
    Column("statutory_due", "法定办结时间", "Due by statute", say=say_local),
    Column("licence_expires", "许可有效期届满", "Licence expires", say=say_local),
    Column("calendar", "工作日历", "Calendar"),
)
#: Kept in UTC.
_DUE: Final = frozenset(("promised_due", "statutory_due", "licence_expires"))
_PROBLEMS: Final = (
    Column("rule", "规则", "Rule"),
    Column("reason", "原因", "Reason", say=say_reason, least=12),
    Column("detail", "详情", "Detail", least=12),
)
_CLOCK_STATES: Final = {
    "running": ("计时中", "running"),
    "paused": ("暂停中", "paused"),
    "stopped": ("已停止", "stopped"),
}


def _due_words(due: Mapping[str, str | None]) -> str:
    return t("，", ", ").join(
        f"{say_limit(limit)} {say_local(at) if at else '—'}" for limit, at in due.items()
    )


_CLOCKS: Final = (
    Column("rule", "规则", "Rule"),
    Column("title", "名称", "Title", priority=4, least=12),
    Column("state", "状态", "State", say=coded(_CLOCK_STATES)),
    Column("start", "起", "Start", say=say_local, priority=3),
    Column("stop", "止", "Stop", say=say_local, priority=4),
    Column("elapsed", "已计", "Counted", say=say_amount, priority=2),
    Column("due_at", "时限届满", "Limits end", say=_due_words, least=20),
    Column("reason", "无法判定", "Not judged", say=say_reason, priority=2, least=8),
)
_CARDS: Final = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state),
    Column("fell_due_at", "触发时间", "Fell due", say=say_local),
    Column("lifted_reason", "撤销原因", "Lifted for", say=say_lift_reason, priority=3),
)


def show_case(
    fields: Mapping[str, str | None],
    document: Document,
    fmt: Format | None,
    *,
    name: Naming,
    zone: str,
    unmasked: bool = False,
) -> None:
    """Print one case; JSON and CSV as it is, for people in words and tables and in that zone.

    `name` gives the names of event types and of grounds for a pause. A field without a value was
    erased. What is personal is masked unless `unmasked`.
    """
    if not unmasked:
        fields, document = masked_fields(fields), masked(document)
    if fmt not in (None, Format.TABLE):
        whole = {"fields": dict(fields), **document, "masked": not unmasked}
        emit_object(whole, fmt, unmasked=True)
        return
    gone = t("（已删除）", "(erased)")
    words = {key: gone if value is None else value for key, value in fields.items()}
    known = {column.key for column in FIELDS}
    own = [key for key in words if key not in known]
    record = {
        **{f"own{place}": words[key] for place, key in enumerate(own)},
        **{key: words[key] for key in known & set(words)},
        **{key: in_zone(words[key], zone) for key in _DUE & set(words)},
        **{column.key: document[column.key] for column in _CASE},
    }
    # A source may call a column anything: its name is a heading here, never a path.
    named = [Column(f"own{place}", key, key) for place, key in enumerate(own)]
    emit_object(record, fmt, columns=filled((*_CASE, *FIELDS, *named), record), unmasked=True)
    clocks = document["clocks"]
    section(t("事件", "Events"), document["events"], _events(name), fmt, unmasked=True)
    for title, rows, columns in origins(document, name):
        section(title, rows, columns, fmt, unmasked=True)
    section(t("无法判定的", "What cannot be judged"), document["problems"], _PROBLEMS, fmt)
    section(t("计时", "Clocks"), clocks, _CLOCKS, fmt)
    cards = [card for clock in clocks for card in clock["cards"]] + document["by_hand"]
    section(t("牌", "Cards"), cards, _CARDS, fmt)
    message(t("逐日说明：effmon cases explain", "day by day: effmon cases explain"))


def filled(columns: Sequence[Column], document: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of which the document has a value."""
    return tuple(column for column in columns if column.words(document))


def section(
    title: str,
    rows: Sequence[Any],
    columns: Sequence[Column],
    fmt: Format | None,
    *,
    unmasked: bool = False,
) -> None:
    """A table under its title, without columns that no row fills; nothing where it is empty."""
    used = [column for column in columns if any(column.words(row) for row in rows)]
    if used:
        emit_text(["\n"])
        emit(rows, used, fmt, title=title, unmasked=unmasked)


def _events(name: Naming) -> tuple[Column, ...]:
    return (
        Column("occurred_at", "时间", "Time", say=say_local),
        Column("type", "事件", "Event", say=name, least=9),
        Column("kind", "种类", "Kind", say=name, least=8),
        Column("amount", "期限", "Amount", say=say_amount, priority=2),
        Column("stage", "环节", "Stage", priority=3, least=6),
        Column("department", "部门", "Department", priority=3, least=8),
        Column("actor", "经办", "Actor", priority=2, least=4),
        Column("reason", "原因", "Reason", priority=2, least=8),
    )
