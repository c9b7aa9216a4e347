"""Every kind of notice and what it says, written by hand: the oracle of `test_wording.py`."""

#: 2026-11-27 17:30:00 in Shanghai.
DUE = 1_795_771_800
CARD, ORDER, APPEAL, ALARM = "R-381", "D-ABC", "A-XYZ", "AL-77"

NOTE = "hall\n42\nAAAA\n\n— hall c2ln\n"
_ORDER_ABOUT = {"order": ORDER, "cards": 2, "department": "市住建局"}
_APPEAL_ABOUT = {"appeal": APPEAL, "card": CARD, "decide_by": DUE}

#: Kind, subject, about → the heading and the sentence in Chinese, the sentence in English.
SAID: list[tuple[str, str, dict[str, object], str, str, str]] = [
    (
        "issued",
        f"card:{CARD}",
        {},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        (
            "已发此牌，反馈期限自送达起算。"
            "请签收并反馈：effmon cards acknowledge R-381；effmon cards reply R-381"
        ),
        (
            "The time to answer runs from delivery. Acknowledge and answer it: "
            "effmon cards acknowledge R-381; effmon cards reply R-381"
        ),
    ),
    (
        "to_confirm",
        f"card:{CARD}",
        {},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        (
            "此牌待确认。请核实后确认：effmon cards confirm R-381；"
            "不予确认：effmon cards lift R-381 --reason not_confirmed"
        ),
        (
            "This card waits for confirmation. Check and confirm it: effmon cards confirm R-381; "
            "or refuse it: effmon cards lift R-381 --reason not_confirmed"
        ),
    ),
    (
        "step:2:1",
        f"card:{CARD}",
        {"step": 2, "turn": 1, "since": DUE},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        (
            "自 2026-11-27 17:30:00 送达后未获处理，现升至督办第 2 级。"
            "请督促签收和反馈：effmon cards show R-381"
        ),
        (
            "Nothing has been done since it was delivered on 2026-11-27 17:30:00: "
            "this is step 2 of the ladder. See to it that it is answered: effmon cards show R-381"
        ),
    ),
    (
        "step:3:2",
        f"card:{CARD}",
        {"step": 3, "turn": 2},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        "未获处理，现升至督办第 3 级，第 2 次提醒。请督促签收和反馈：effmon cards show R-381",
        (
            "Nothing has been done: this is step 3 of the ladder, reminder 2. "
            "See to it that it is answered: effmon cards show R-381"
        ),
    ),
    (
        "unanswered",
        f"card:{CARD}",
        {"reply_due_at": DUE},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        (
            "反馈期限 2026-11-27 17:30:00 已过，仍无反馈。请督促：effmon cards show R-381；"
            "可开督办单：effmon orders open R-381"
        ),
        (
            "The time to answer ended on 2026-11-27 17:30:00 without an answer. "
            "See to it: effmon cards show R-381; or open an order: effmon orders open R-381"
        ),
    ),
    (
        "revived",
        f"card:{CARD}",
        {"by": "R-400"},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        (
            "较高级别的牌 R-400 已撤销，此牌恢复有效。"
            "请签收并反馈：effmon cards acknowledge R-381；effmon cards reply R-381"
        ),
        (
            "The higher card R-400 was lifted: this one stands again. Acknowledge and answer it: "
            "effmon cards acknowledge R-381; effmon cards reply R-381"
        ),
    ),
    (
        "lifted",
        f"card:{CARD}",
        {"reason": "appeal"},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        "此牌已撤销（申诉成立），无须再办。",
        "This card has been lifted (appeal upheld): nothing is to be done any more.",
    ),
    (
        "closed",
        f"card:{CARD}",
        {},
        "【红牌】办件 A-1，市住建局，时限 2026-11-27 17:30:00，牌号 R-381",
        "此牌已销号，无须再办。",
        "This card is closed: nothing is to be done any more.",
    ),
    (
        "order_opened",
        f"order:{ORDER}",
        {**_ORDER_ABOUT, "reply_within": "5 working_days", "reply_due_at": None},
        "【督办单】编号 D-ABC，办件 A-1，市住建局，涉及 2 张牌，牌号 R-381",
        "已开具督办单。请自送达起 5个工作日内反馈：effmon orders reply D-ABC",
        (
            "A supervision order was opened. Answer it within 5 working days of delivery: "
            "effmon orders reply D-ABC"
        ),
    ),
    (
        "order_returned:2",
        f"order:{ORDER}",
        {**_ORDER_ABOUT, "reply_within": "5 working_days", "reply_due_at": DUE, "round": 2},
        "【督办单】编号 D-ABC，办件 A-1，市住建局，涉及 2 张牌，牌号 R-381",
        (
            "反馈未通过，退回重办（第 2 轮）。"
            "请于 2026-11-27 17:30:00 前反馈：effmon orders reply D-ABC"
        ),
        (
            "The answer was not accepted (round 2). Answer it by 2026-11-27 17:30:00: "
            "effmon orders reply D-ABC"
        ),
    ),
    (
        "order_replied:1",
        f"order:{ORDER}",
        {**_ORDER_ABOUT, "round": 1},
        "【督办单】编号 D-ABC，办件 A-1，市住建局，涉及 2 张牌，牌号 R-381",
        (
            "承办单位已反馈。请审核，办结：effmon orders close D-ABC；"
            "退回重办：effmon orders return D-ABC"
        ),
        (
            "The department has answered. Examine it, then close it: effmon orders close D-ABC; "
            "or return it: effmon orders return D-ABC"
        ),
    ),
    (
        "order_overdue:1",
        f"order:{ORDER}",
        {**_ORDER_ABOUT, "reply_due_at": DUE},
        "【督办单】编号 D-ABC，办件 A-1，市住建局，涉及 2 张牌，牌号 R-381",
        "反馈期限 2026-11-27 17:30:00 已过，仍未反馈。请立即反馈：effmon orders reply D-ABC",
        (
            "The time to answer ended on 2026-11-27 17:30:00 without an answer. "
            "Answer it at once: effmon orders reply D-ABC"
        ),
    ),
    (
        "order_closed",
        f"order:{ORDER}",
        {**_ORDER_ABOUT, "result": "cards_lifted"},
        "【督办单】编号 D-ABC，办件 A-1，市住建局，涉及 2 张牌，牌号 R-381",
        "所涉各牌均已撤销，督办单已办结，无须再办。",
        "All its cards were lifted: it is closed, nothing is to be done any more.",
    ),
    (
        "appeal_filed",
        f"appeal:{APPEAL}",
        _APPEAL_ABOUT,
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        (
            "已对此牌提出申诉。裁决期限 2026-11-27 17:30:00，裁决人应符合回避要求："
            "effmon appeals decide A-XYZ"
        ),
        (
            "An appeal against this card was filed. To be decided by 2026-11-27 17:30:00 by "
            "somebody who took no part: effmon appeals decide A-XYZ"
        ),
    ),
    (
        "appeal_signed:0",
        f"appeal:{APPEAL}",
        {**_APPEAL_ABOUT, "decide_by": None},
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        (
            "已有一人签名同意撤牌，撤销红牌须另一人再签。裁决人应符合回避要求："
            "effmon appeals decide A-XYZ"
        ),
        (
            "One person has signed to lift this card; a red one takes a second person's signature. "
            "To be decided by somebody who took no part: effmon appeals decide A-XYZ"
        ),
    ),
    (
        "appeal_referred:1",
        f"appeal:{APPEAL}",
        _APPEAL_ABOUT,
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        (
            "申诉已上报，请裁决。裁决期限 2026-11-27 17:30:00，裁决人应符合回避要求："
            "effmon appeals decide A-XYZ"
        ),
        (
            "The appeal was referred upwards. To be decided by 2026-11-27 17:30:00 by somebody who "
            "took no part: effmon appeals decide A-XYZ"
        ),
    ),
    (
        "appeal_returned",
        f"appeal:{APPEAL}",
        _APPEAL_ABOUT,
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        "申诉未获支持，此牌维持有效。理由见：effmon appeals show A-XYZ",
        "The appeal was not upheld: the card stands. For the reason: effmon appeals show A-XYZ",
    ),
    (
        "appeal_upheld",
        f"appeal:{APPEAL}",
        _APPEAL_ABOUT,
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        "申诉成立，此牌已撤销，无须再办。理由见：effmon appeals show A-XYZ",
        (
            "The appeal was upheld: the card is lifted, nothing is to be done any more. "
            "For the reason: effmon appeals show A-XYZ"
        ),
    ),
    (
        "appeal_overdue:0",
        f"appeal:{APPEAL}",
        _APPEAL_ABOUT,
        "【申诉】编号 A-XYZ，办件 A-1，市住建局，牌号 R-381",
        "裁决期限 2026-11-27 17:30:00 已过，申诉仍未裁决。请立即裁决：effmon appeals decide A-XYZ",
        (
            "The time to decide it ended on 2026-11-27 17:30:00. "
            "Decide it at once: effmon appeals decide A-XYZ"
        ),
    ),
    (
        "alarm",
        f"alarm:{ALARM}",
        {"alarm": ALARM, "kind": "not_followed_up", "about": f"card:{CARD}", "due_at": DUE},
        "【警示】编号 AL-77，办件 A-1，市住建局，牌号 R-381",
        "监察人员至 2026-11-27 17:30:00 未跟进牌 R-381。请过问：effmon cards show R-381",
        (
            "The supervisor has not followed up card R-381 by 2026-11-27 17:30:00. "
            "Look into it: effmon cards show R-381"
        ),
    ),
    (
        "alarm",
        f"alarm:{ALARM}",
        {"alarm": ALARM, "kind": "order_open", "about": f"order:{ORDER}", "due_at": DUE},
        "【警示】编号 AL-77，办件 A-1，市住建局，牌号 R-381",
        "督办单 D-ABC 至 2026-11-27 17:30:00 仍未办结。请过问：effmon orders show D-ABC",
        (
            "Order D-ABC is still open after 2026-11-27 17:30:00. "
            "Look into it: effmon orders show D-ABC"
        ),
    ),
    (
        "exemption_asked",
        f"account:{CARD}",
        {"ground": "force_majeure"},
        "【免责】办件 A-1，市住建局，牌号 R-381",
        (
            "有人申请免责（不可抗力），须由另一人决定："
            "effmon accountability exempt R-381 --decision approve；"
            "effmon accountability exempt R-381 --decision refuse"
        ),
        (
            "An exemption is asked for (force majeure); another person decides: "
            "effmon accountability exempt R-381 --decision approve; "
            "effmon accountability exempt R-381 --decision refuse"
        ),
    ),
    (
        "exempted",
        f"account:{CARD}",
        {"ground": "self_corrected"},
        "【免责】办件 A-1，市住建局，牌号 R-381",
        "已决定免责（自行纠正）。见：effmon accountability show R-381",
        "An exemption was granted (corrected by themselves). See: effmon accountability show R-381",
    ),
    (
        "key_enrolled",
        "key:K-9",
        {"key": "K-9"},
        "【密钥】编号 K-9",
        "已登记一把个人签名密钥。若非本人所为或未经批准，请立即停用：effmon people key revoke K-9",
        (
            "A personal signing key was enrolled. If you know nothing of it, revoke it at once: "
            "effmon people key revoke K-9"
        ),
    ),
    (
        "key_revoked",
        "key:K-9",
        {"key": "K-9"},
        "【密钥】编号 K-9",
        "一把个人签名密钥已停用，不能再用来签名。见：effmon people key list",
        (
            "A personal signing key was revoked: it signs nothing any more. "
            "See: effmon people key list"
        ),
    ),
    (
        "key_revoke_asked",
        "key:K-9",
        {"key": "K-9"},
        "【密钥】编号 K-9",
        (
            "一名持有人要求停用一把个人签名密钥，须由第二名持有人以同一命令签名："
            "effmon people key revoke K-9。若要求者的密钥可疑，请停用该密钥"
        ),
        (
            "A holder asks that a personal signing key be revoked, which takes a second holder's "
            "signature by the same command: effmon people key revoke K-9. If it is the one who "
            "asks whose key may be stolen, revoke that one"
        ),
    ),
    (
        "checkpoint:2026-11-27",
        "ledger",
        {"size": 42, "notes": {"sha256": NOTE, "sm3": NOTE.replace("hall", "hall-sm3", 1)}},
        "【台账】检查点 42 条",
        (
            "请保存，勿改动，并按月比对：effmon ledger compare 文件.note。签名原文：\n"
            "   hall\n   42\n   AAAA\n   — hall c2ln\n"
            "   hall-sm3\n   42\n   AAAA\n   — hall c2ln"
        ),
        (
            "Keep it unchanged and compare it each month: effmon ledger compare FILE.note. "
            "As it was signed:\n"
            "   hall\n   42\n   AAAA\n   — hall c2ln\n"
            "   hall-sm3\n   42\n   AAAA\n   — hall c2ln"
        ),
    ),
]
