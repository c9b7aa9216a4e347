"""Names of limits, measures and what is counted, as `language` says them: Chinese and English."""

from typing import Final

#: Limits that rules have, and what conditions measure: a card names one of them.
LIMITS: Final = {
    "promised": ("承诺时限", "promised limit"),
    "statutory": ("法定时限", "statutory limit"),
    "applied": ("申请的天数", "days applied for"),
    "issue": ("出证时限", "issuing limit"),
    "reply": ("答复时限", "reply limit"),
    "stage": ("环节时限", "stage limit"),
    "told": ("告知的时限", "time told in writing"),
    "count": ("次数", "how often"),
    "gap": ("间隔", "time between"),
    "lag": ("登记滞后", "recorded later than it happened"),
    "length": ("文字长度", "length of the text"),
    "number": ("数值", "number stated"),
    "lacking": ("缺少的信息", "missing data"),
    "absent": ("缺少前置事项", "what had to come before"),
    "skipped_stage": ("跳过的环节", "skipped stages"),
    "reordered_stage": ("环节颠倒", "stage out of order"),
    "unlisted_stage": ("清单外环节", "stage that is not on the list"),
    "contradiction": ("前后不一", "contradictions"),
    "fee_deviation": ("收费偏差", "deviation of the fee"),
    "paused_share": ("暂停占比", "share of the time paused"),
    "repeated_text": ("相同文字的次数", "how often the same text"),
    "overlapping": ("重叠的暂停", "pauses at the same time"),
    "same_person": ("审批人即经办人", "approver is the handler"),
    "recorded_after_due": ("到期后登记", "recorded after the due time"),
    "across_closing": ("跨下班时间的暂停", "pauses across closing time"),
    "in_a_row": ("连续", "in a row"),
    "share": ("占比", "share"),
    "batch": ("集中补录", "recorded in a batch"),
    "same_text": ("相同文字的办件", "cases with the same text"),
}
#: What is counted and is no time: after a number in Chinese, one and several in English.
COUNTED: Final = {
    "events": ("次", " time", " times"),
    "characters": ("个字", " character", " characters"),
    "fields": ("项", " field", " fields"),
    "cards": ("张牌", " card", " cards"),
    "cases": ("件", " case", " cases"),
    "items": ("项", " item", " items"),
    "orders": ("份督办单", " order", " orders"),
    "alarms": ("次警示", " alarm", " alarms"),
    "points": ("个百分点", " percentage point", " percentage points"),
    "%": ("%", "%", "%"),
}
#: What a card is given to where it is given to no case.
SUBJECTS: Final = {
    "organ": ("部门", "organ"),
    "person": ("人员", "person"),
    "item": ("事项", "item"),
    "region": ("区划", "region"),
    "order": ("督办单", "order"),
    "all": ("全部", "all"),
}
#: Windows of tallies.
WINDOWS: Final = {
    "day": ("日", "day"),
    "month": ("月", "month"),
    "quarter": ("季度", "quarter"),
    "half_year": ("半年", "half-year"),
    "year": ("年", "year"),
}
#: The signs of a comparison, before an amount.
SIGNS: Final = {
    ">": ("超过", "more than "),
    ">=": ("达到", "at least "),
    "<": ("少于", "less than "),
    "<=": ("不多于", "at most "),
    "=": ("等于", "exactly "),
}
