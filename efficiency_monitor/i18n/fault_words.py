"""What the core finds wrong in a rule, in Chinese. The core speaks English and knows no languages.

A message is known by its words; what it quotes stands where the table has `{}`. One that is not in
the table is said as it is.
"""

from typing import Final

from .language import t

_ZH: Final = {
    # rules.rules
    "a cap is either fixed or taken from the event": "cap 写 fixed 或 event，二者取一",
    "pause: {} cannot both begin and end a pause": "pause：{} 不能既是暂停的开始又是结束",
    "pause: at most {} pairs": "pause：最多 {} 对",
    "unstarted: {} does not stop the clock": "unstarted：{} 不在 stop 之中",
    "unstarted: a stop needs a start only where episodes is 'once'": (
        "unstarted 只用于 episodes 为 once 的规则"
    ),
    "deemed: {} starts the clock already": "deemed：{} 本身就在 start 之中",
    "deemed: a start is deemed only where episodes is 'once'": (
        "deemed 只用于 episodes 为 once 的规则"
    ),
    "a limit source is exactly one of fixed, case, event": "时限来源写 fixed、case、event 之一",
    "moved_by_pauses is for absolute due instants only": (
        "moved_by_pauses 只用于到期时刻（promised_due、statutory_due、licence_expires、due_at）"
    ),
    "ahead: {}: write whole calendar_days": "ahead：{}：写整数个 calendar_days",
    "ahead: the first limit has to be a due instant that is stated": (
        "ahead：第一个时限应为载明的到期时刻"
    ),
    "extend: 'most' is in {}, and the limit {} in {}: write it in {}": (
        "extend：most 的单位是 {}，时限 {} 的单位是 {}：请写成 {}"
    ),
    "cards: a tally is on no case: its levels have no 'unless'": (
        "cards：统计规则不针对单个办件，其级别没有 unless"
    ),
    "cards: 'unless' names a card of another rule": "cards：unless 指另一条规则的牌",
    "excluded: what is not judged has no cards and lacks nothing": (
        "excluded 与 cards、not_judgeable 不能同写"
    ),
    "examples: {}: the events of a tally stand in its cases": (
        "examples：{}：统计规则的事件写在 cases 之内"
    ),
    "examples: {}: cards, cases, items, orders, alarms and known_from are for tallies": (
        "examples：{}：cards、cases、items、orders、alarms、known_from 只用于统计规则"
    ),
    "examples: {}: has no events": "examples：{}：没有 events（事件）",
    "id: {} stands for cards that people give by hand": "id：{} 专指人工发牌",
    "cards: at most one entry per level": "cards：每一级别最多一条",
    "trial: only a rule whose status is 'trial' has an end of its trial": (
        "trial 只用于 status 为 trial（试行）的规则"
    ),
    "tally: a rule with a tally has no clock, condition or limits": (
        "tally（统计规则）不能再有 clock、condition 或 limits"
    ),
    "a rule has a clock with limits, a condition or a tally": (
        "规则须有 clock（计时，带 limits）、condition（行为）或 tally（统计）之一"
    ),
    "limits: a clock needs at least one": "limits：计时规则至少要有一个时限",
    "cards: {} is a comparison; a clock has points on its limits ({})": (
        "cards：{} 是比较式；计时规则写时限上的点（时限有：{}）"
    ),
    "cards: {} names no limit of this rule ({})": "cards：{} 所指的时限本规则没有（有：{}）",
    "applies_to: a tally is for item_kind, item_code, region, department and channel, not for "
    "attributes": (
        "applies_to：统计规则只能按 item_kind、item_code、region、department、channel 选取，"
        "不能按 attributes"
    ),
    "limits: at most {}": "limits：最多 {} 个",
    "extend: no limit called {}": "extend：没有名为 {} 的时限",
    "cards: {} is no comparison with what is measured: '>= 2', '> 5 %'": (
        "cards：{} 不是比较式，应写如 '>= 2'、'> 5 %'"
    ),
    "condition: a clock and limits go with 'recorded_after_due', which needs them": (
        "condition：clock 和 limits 只与 recorded_after_due 同用，且必须有"
    ),
    "condition: no limit called {}": "condition：没有名为 {} 的时限",
    # rules.conditions
    "condition: {} needs {}": "condition：{} 必须写 {}",
    "condition: {} takes no {}": "condition：{} 不能写 {}",
    "condition: a gap or a lag is not measured in months; write days": (
        "condition：间隔不能以月计，请写天"
    ),
    "condition: 'within' is in working hours, minutes or seconds": (
        "condition：within 以工作小时、分钟或秒计"
    ),
    "cards: {}: {} is measured in {}, not {}": "cards：{}：{} 的单位是 {}，不是 {}",
    "cards: {} has no unit: write {}": "cards：{} 没有单位，应写 {}",
    # rules.comparison
    "{} is no comparison: '>= 2', '> 1 working_days', '> 5 %'": (
        "{} 不是比较式，应写如 '>= 2'、'> 1 working_days'、'> 5 %'"
    ),
    "{}: at most {}": "{}：最多 {}",
    "{} has more than {} decimal places": "{} 的小数超过 {} 位",
    # rules.tallies
    "with: exactly one of levels and rules, events, incomplete, finished_within": (
        "with：levels 与 rules、events、incomplete、finished_within 只写一种"
    ),
    "tally: {} is of {}, not of {}": "tally：{} 只能统计 {}，不能统计 {}",
    "tally: {} are tallied by {}, not by {}": "tally：{} 只能按 {} 统计，不能按 {}",
    "tally: {} of {} needs {}": "tally：{}（{}）必须写 {}",
    "tally: {} of {} takes no {}": "tally：{}（{}）不能写 {}",
    "tally: only a share of one subject is compared with the whole": (
        "tally：只有单个对象的比例才与全部相比"
    ),
    "tally: a day has no counterpart a year before; take a month": (
        "tally：以日统计的没有上年同期，请改为月"
    ),
    "tally: at_least goes with a share or with 'compared'": (
        "tally：at_least 只与比例或 compared 同用"
    ),
    "tally: finished_within goes with 'among: finished'": (
        "tally：finished_within 须与 among: finished 同用"
    ),
    "cards: {}: this tally is measured in {}": "cards：{}：此项统计的单位是 {}",
    "cards: {}: {} are counted in whole numbers": "cards：{}：{} 按整数计",
    "cards: {} is so of a subject of which nothing is known; only the number of cases by item_code "
    "can be too small, since the item table names every item": (
        "cards：{} 对毫无数据的对象也成立；只有按 item_code 统计的办件数可以嫌少，"
        "因为事项表列明全部事项"
    ),
    "{}: {}: write calendar_seconds, calendar_minutes or calendar_hours": (
        "{}：{}：应以 calendar_seconds、calendar_minutes 或 calendar_hours 计"
    ),
    # time.amount
    "amount {} must be positive": "数值 {} 应大于 0",
    "{} {}: months are whole numbers": "{} {}：月数应为整数",
    "{} {} is too long: at most {}": "{} {} 过长，最多 {}",
    "amount {} has more than {} decimal places": "数值 {} 的小数超过 {} 位",
    "{} is no amount: write a number and a unit, '20 working_days'": (
        "{} 不是时间数值，应写数字和单位，如 '20 working_days'"
    ),
    "unknown unit {}; did you mean {}?": "没有单位 {}，是否指 {}？",
    "unknown unit {}: one of {}": "没有单位 {}，可用：{}",
    "a pause is capped in whole days, not {}": "暂停的上限按整天计，不能是 {}",
    "{} is no threshold: 'promised', 'promised - 2 working_days', '90% promised'": (
        "{} 不是时限上的点，应写如 'promised'、'promised - 2 working_days'、'90% promised'"
    ),
    "{}: a percentage takes no offset": "{}：百分比之后不能再加减",
    "{}: calendar_months are subtracted from a limit in months only; write days": (
        "{}：只有以月计的时限才能减月，请写天"
    ),
    "{} is no percentage": "{} 不是百分比",
    "{}%: above 0, at most 1000, at most two decimal places": (
        "{}%：应大于 0、不超过 1000，小数最多两位"
    ),
}


def say_fault(text: str) -> str:
    """A message of the core in the current language."""
    return t(chinese(text) or text, text)


def chinese(text: str) -> str | None:
    """A message of the core in Chinese; None where it is not in the table."""
    for en, zh in _ZH.items():
        values = _quoted(en, text)
        if values is not None:
            return zh.format(*values)
    return None


def _quoted(template: str, text: str) -> list[str] | None:
    """What stands in a text for each `{}` of a template; None where the words are others."""
    first, *pieces = template.split("{}")
    if not text.startswith(first):
        return None
    values = []
    at = len(first)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        end = len(text) - len(piece) if last and text.endswith(piece) else text.find(piece, at)
        if end < at or (last and end + len(piece) != len(text)):
            return None
        values.append(text[at:end])
        at = end + len(piece)
    return values if at == len(text) else None
