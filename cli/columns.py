"""The columns of what is listed, in both languages; low priorities go first on narrow screens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from efficiency_monitor.documents.columns import LEVEL_STYLES, Column, coded, say_value
from efficiency_monitor.i18n.act_words import say_account_status
from efficiency_monitor.i18n.language import (
    say_amount,
    say_item_kind,
    say_level,
    say_lift_reason,
    say_local,
    say_outcome,
    say_reason,
    say_state,
    say_unit,
    t,
)

from .account_view import exact, worked
from .notice_words import say_kind, say_subject
from .tally_view import SUBJECT


def _reasons(reasons: list[str]) -> str:
    return t("、", ", ").join(say_reason(reason) for reason in reasons)


def _ledger_reason(reason: str | Mapping[str, str]) -> str:
    """Why a card was lifted; of what a person wrote the ledger has the digest only."""
    if isinstance(reason, str):
        return say_lift_reason(reason)
    if "sha256" in reason:  # of entries of before there were salts
        return f"SHA-256 {reason['sha256'][:12]}…"
    if "commitment" in reason:
        return t(f"承诺值 {reason['commitment'][:12]}…", f"commitment {reason['commitment'][:12]}…")
    return say_value(reason)


def _mark(zh: str, en: str) -> Callable[[Any], str]:
    """`say` for a column that marks what stands out, and leaves the rest empty."""
    return lambda found: t(zh, en) if found else ""


def say_held(why: str) -> str:
    """Why a notice waits although its time has come."""
    kind, _, what = why.partition(":")
    words = coded(_HELD)(kind)
    return f"{words} {what}" if kind == "silence" else words


NOTICE_STATES = {
    "pending": ("待发", "pending"),
    "sent": ("已送达", "sent"),
    "dead": ("未能送达", "dead"),
    "void": ("作废", "void"),
}
_HELD = {
    "quiet": ("收件人时间以外", "outside the recipient's hours"),
    "silence": ("静默", "silence"),
    "rate": ("频率限制", "rate limit"),
    "receiver": ("接收端故障", "receiver fails"),
}
_PARTS = {"held": ("总计时", "the case's"), "organ": ("部门自身", "the organ's own")}
_FEED_STATES = {
    "running": ("进行中", "running"),
    "done": ("完成", "done"),
    "idle": ("无新数据", "nothing new"),
    "importing": ("导入中", "importing"),
    "half": ("导入中断", "half imported"),
    "failed": ("失败", "failed"),
}
_FEED_KINDS = {"pull": ("取数", "pull"), "import": ("导入", "import")}
_KINDS = {
    "weekday": ("工作日", "working day"),
    "weekend": ("周末", "weekend"),
    "day_off": ("放假", "day off"),
    "make_up": ("调休上班", "make-up day"),
}
CARDS = (
    Column("card_no", "牌号", "Card", priority=1),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state, priority=2),
    Column("case_no", "办件编号", "Case"),
    Column("department", "部门", "Department", priority=2, least=8),
    Column("handler", "承办人", "Handler", priority=3, least=6),
    Column("rule", "规则", "Rule", priority=3),
    Column("limit", "时限", "Limit", say=say_amount, priority=4),
    Column("elapsed", "已用", "Elapsed", say=say_amount, priority=4),
    Column("over", "超期", "Over", say=say_amount, priority=3),
    Column("fell_due_at", "触发时间", "Fell due", say=say_local, priority=2),
)


def of_cards(cards: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Columns of a list of cards: to whom they are given only where one is on no case."""
    if all(card["case_no"] is not None for card in cards):
        return CARDS
    place = [column.key for column in CARDS].index("case_no") + 1
    return (*CARDS[:place], SUBJECT, *CARDS[place:])


BY_HAND = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("state", "状态", "State", say=say_state),
    Column("lifted_reason", "撤销原因", "Lifted for", say=say_lift_reason, priority=3),
    Column("issued_at", "发牌时间", "Issued", say=say_local),
    Column("basis", "依据", "Basis", least=12),
)
CASES = (
    Column("case_no", "办件编号", "Case"),
    Column("item_name", "事项", "Item", priority=3, least=8),
    Column("item_kind", "类型", "Kind", say=say_item_kind, priority=4),
    Column("department", "部门", "Department", priority=2, least=8),
    Column("handler", "承办人", "Handler", priority=3, least=6),
    Column("last_event", "最近事件", "Last event", priority=3),
    Column("last_at", "时间", "At", say=say_local, priority=4),
    Column("outcome", "判定", "Outcome", say=say_outcome, priority=2),
    Column("reasons", "原因", "Reason", say=_reasons, priority=2, least=6),
    Column("next_level", "下一步", "Next", say=say_level, styles=LEVEL_STYLES, priority=2),
    Column("next_at", "到期", "Due", say=say_local),
)
VANISHED = (
    Column("case_no", "办件编号", "Case"),
    Column("source", "数据源", "Source", priority=2),
    Column("vanished_at", "消失时间", "Missing since", say=say_local),
    *CASES[1:],
)
SOURCES = (
    Column("source", "数据源", "Source"),
    Column("kind", "方式", "Kind", priority=3),
    Column("mapping", "映射", "Mapping", priority=4),
    Column("state", "上次", "Last run", say=coded(_FEED_STATES), priority=2),
    Column("data_as_of", "数据截至", "Data of", say=say_local),
    Column("fresh_until", "有效期至", "Fresh until", say=say_local, priority=2),
    Column("stale", "过期", "Stale"),
    Column("open_cases", "未办结", "Open cases", right=True, priority=3),
    Column("vanished", "消失", "Vanished", right=True, priority=3),
    Column("message", "说明", "Message", priority=3, least=10),
)
FEED_RUNS = (
    Column("source", "数据源", "Source"),
    Column("kind", "方式", "Kind", say=coded(_FEED_KINDS), priority=3),
    Column("started_at", "开始", "Started", say=say_local),
    Column("slot", "班次", "Slot", say=say_local, priority=4),
    Column("state", "状态", "State", say=coded(_FEED_STATES)),
    Column("totals.read", "读取", "Read", right=True),
    Column("totals.imported", "导入", "Imported", right=True, priority=2),
    Column("totals.unchanged", "未变", "Unchanged", right=True, priority=3),
    Column("totals.quarantined", "隔离", "Quarantined", right=True, priority=2),
    Column("pages", "页", "Pages", right=True, priority=4),
    Column("bytes", "字节", "Bytes", right=True, priority=4),
    Column("message", "说明", "Message", priority=3, least=10),
)
PULLS = (
    Column("source", "数据源", "Source"),
    Column("state", "状态", "State", say=coded(_FEED_STATES)),
    Column("read", "读取", "Read", right=True),
    Column("imported", "导入", "Imported", right=True),
    Column("unchanged", "未变", "Unchanged", right=True, priority=2),
    Column("quarantined", "隔离", "Quarantined", right=True),
    Column("pages", "页", "Pages", right=True, priority=3),
    Column("bytes", "字节", "Bytes", right=True, priority=3),
    Column("data_as_of", "数据截至", "Data of", say=say_local, priority=2),
    Column("message", "说明", "Message", priority=2, least=10),
)
DUE = (
    Column("due", "届满", "Due", say=say_local),
    Column("provisional", "暂定", "Provisional"),
)
FORECAST = (
    Column("at", "到期", "Falls due", say=say_local),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("overdue", "逾期", "Overdue", say=_mark("已逾期", "overdue")),
    Column("provisional", "暂定", "Provisional", say=_mark("暂定", "provisional")),
    Column("case_no", "办件编号", "Case"),
    Column("rule", "规则", "Rule", priority=3),
    Column("department", "部门", "Department", priority=2, least=8),
    Column("handler", "承办人", "Handler", priority=3, least=6),
    Column("limit_due_at", "时限届满", "Limit ends", say=say_local, priority=4),
)
NOTICES = (
    Column("notice_id", "通知编号", "Notice"),
    Column("kind", "种类", "Kind", say=say_kind, priority=2),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("subject", "关于", "About", say=say_subject, priority=2),
    Column("case_no", "办件编号", "Case", priority=3),
    Column("person_id", "收件人", "Person"),
    Column("channel", "渠道", "Channel", priority=3),
    Column("state", "状态", "State", say=coded(NOTICE_STATES)),
    Column("held", "等待", "Held", say=say_held, priority=3),
    Column("attempts", "次数", "Tries", right=True, priority=4),
    Column("next_attempt_at", "下次", "Next", say=say_local, priority=3),
    Column("sent_at", "送达时间", "Sent", say=say_local, priority=3),
    Column("last_error", "故障", "Fault", priority=3, least=10),
)
ACCOUNTS = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES),
    Column("card_state", "牌状态", "Card state", say=say_state, priority=4),
    Column("case_no", "办件编号", "Case", priority=3),
    Column("department", "部门", "Department", least=8),
    Column("holder", "持有人", "Holder", priority=2, least=6),
    Column("stage", "环节", "Stage", priority=3, least=6),
    Column("amount", "占用", "Held", say=exact, right=True),
    Column("over", "其中超期", "Of it over", say=exact, right=True, priority=2),
    Column("held_seconds", "工时", "Working time", say=worked, right=True, priority=4),
    Column("charged_seconds", "计责工时", "Charged", say=worked, right=True),
    Column("as_of", "截至", "As of", say=say_local, priority=4),
    Column("status", "追责状态", "Status", say=say_account_status, priority=2),
)
ACCOUNT_CLOCKS = (
    *ACCOUNTS[:2],
    Column("part", "计时", "Clock", say=coded(_PARTS)),
    *ACCOUNTS[2:],
)
ACCOUNT_EXPORT = (
    Column("card_no", "牌号", "Card"),
    Column("level", "级别", "Level", say=say_level),
    Column("card_state", "牌状态", "Card state", say=say_state),
    Column("case_no", "办件编号", "Case"),
    Column("rule", "规则", "Rule"),
    Column("fell_due_at", "触发时间", "Fell due", say=say_local),
    Column("part", "计时", "Clock", say=coded(_PARTS)),
    Column("department", "部门", "Department"),
    Column("stage", "环节", "Stage"),
    Column("holder", "持有人", "Holder"),
    Column("since", "自", "Since", say=say_local),
    Column("until", "至", "Until", say=say_local),
    Column("amount.value", "占用", "Held", right=True),
    Column("over.value", "其中超期", "Of it over", right=True),
    Column("amount.unit", "单位", "Unit", say=say_unit),
    Column("held_seconds", "工时（秒）", "Working time (seconds)", right=True),
    Column("overrun_seconds", "其中超期（秒）", "Of it overrun (seconds)", right=True),
    Column("charged_seconds", "计责（秒）", "Charged (seconds)", right=True),
    Column("handler", "承办人", "Handler"),
    Column("reviewer", "审核人", "Reviewer"),
    Column("approver", "批准人", "Approver"),
    Column("as_of", "截至", "As of", say=say_local),
    Column("status", "追责状态", "Status", say=say_account_status),
)
RUNS = (
    Column("job", "作业", "Job"),
    Column("slot", "班次", "Slot", say=say_local),
    Column("state", "状态", "State"),
    Column("totals.cases.total", "办件", "Cases", right=True, priority=2),
    Column("totals.cards.issued.red", "红牌", "Red", right=True, priority=2),
    Column("totals.cards.issued.yellow", "黄牌", "Yellow", right=True, priority=2),
    Column("totals.cards.issued.warning", "预警", "Warning", right=True, priority=3),
    Column("started_at", "开始", "Started", say=say_local, priority=3),
    Column("finished_at", "结束", "Finished", say=say_local, priority=4),
    Column("message", "说明", "Message", priority=2, least=10),
)
QUARANTINE = (
    Column("id", "号", "No.", right=True),
    Column("file", "文件", "File", least=8),
    Column("sheet", "工作表", "Sheet", priority=4),
    Column("row", "行", "Row", right=True),
    Column("column", "列", "Column", priority=2, least=6),
    Column("code", "代码", "Code", priority=3),
    Column("message", "原因", "Reason", least=12),
)
LEDGER = (
    Column("seq", "序号", "No.", right=True),
    Column("at", "时间", "At", say=say_local),
    Column("type", "种类", "Type"),
    Column("card", "牌号", "Card", priority=2),
    Column("level", "级别", "Level", say=say_level, styles=LEVEL_STYLES, priority=3),
    Column("subject", "对象", "Subject", priority=2, least=10),
    Column("reason", "原因", "Reason", say=_ledger_reason, priority=3),
    Column("run", "批次", "Run", priority=4),
)
RULES = (
    Column("id", "规则", "Rule"),
    Column("version", "版本", "Version", right=True, priority=3),
    Column("pack", "规则包", "Pack", priority=2),
    Column("title", "名称", "Title", least=12),
    Column("cards", "牌", "Cards", priority=2, least=12),
    Column("status", "状态", "Status", priority=3),
    Column("in_force", "施行", "In force", priority=4),
)
LADDER_EXAMPLES = (
    Column("ladder", "督办层级", "Ladder"),
    Column("level", "级别", "Level", say=say_level, priority=2),
    Column("example", "示例", "Example", least=16),
    Column("wanted", "应为", "Wanted", least=20),
    Column("found", "实为", "Found", least=20),
)
CALENDARS = (
    Column("id", "日历", "Calendar"),
    Column("zone", "时区", "Zone", priority=2),
    Column("from", "自", "From"),
    Column("to", "至", "To"),
    Column("notices", "通知数", "Notices", right=True, priority=3),
    Column("provisional", "暂定", "Provisional", priority=2),
    Column("version", "版本", "Version", priority=4, least=12),
)
DAYS = (
    Column("date", "日期", "Date"),
    Column("kind", "种类", "Kind", say=coded(_KINDS)),
    Column("hours", "时间", "Hours", priority=2),
    Column("name", "名称", "Name"),
    Column("notice", "通知", "Notice", priority=2, least=10),
    Column("provisional", "暂定", "Provisional", priority=3),
)
LACKS = (
    Column("place", "位置", "Place", least=16),
    Column("what", "问题", "What", least=16),
    Column("hint", "办法", "Hint", least=16),
)
EXAMPLES = (
    Column("rule", "规则", "Rule"),
    Column("level", "级别", "Level", say=say_level, priority=2),
    Column("kind", "种类", "Kind", priority=2),
    Column("example", "示例", "Example", least=16),
    Column("as_of", "时刻", "As of", priority=2),
    Column("wanted", "应为", "Wanted"),
    Column("found", "实为", "Found"),
)
