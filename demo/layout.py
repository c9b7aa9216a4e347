"""The synthetic cases as tables of GB/T 39046-2020, with the standard's mixed time formats."""

import csv
import io
from datetime import datetime, time, timedelta
from itertools import pairwise

from .bureau import APPROVER, REVIEWER, YESTERDAY, Bureau, Case, Item, Special, working

MARK = "合成数据 synthetic"
APPLICANT = "合成申请人"
COLUMNS = {
    "申请": (
        "办件编号 实施编码 事项名称 办件类型代码 申请者名称 申报来源代码 申请时间 "
        "法定办结时限 法定办结时限单位 承诺办结时限 承诺办结时限单位"
    ),
    "受理": "办件编号 实施编码 办件类型代码 受理单位 受理人员 受理时间 受理文书编号 承诺办结时间",
    "办理": "办件编号 业务动作 环节名称 处理人 环节开始时间 环节结束时间 处理单位 状态",
    "特别程序": (
        "办件编号 特别程序种类代码 特别程序名称 开始时间 启动理由或依据 "
        "特别程序期限 特别程序期限单位 结束时间 结果 办理单位 办理人"
    ),
    "办结": "办件编号 办理人 办结时间 结果描述 办理单位",
}
LATE = "synthetic_late_evidence.csv"
Row = dict[str, str]


def files(bureau: Bureau) -> dict[str, str]:
    """Every table's text by its file name, the late delivery among them."""
    taken = [case for case in bureau.cases if case.accepted is not None]
    rows = {
        "申请": [_application(case) for case in bureau.cases],
        "受理": [_acceptance(case) for case in taken],
        "办理": [row for case in taken for row in _steps(case)],
        "特别程序": [_special(case, one) for case in taken for one in case.specials],
        "办结": [_closing(case) for case in taken if case.decided is not None],
    }
    for table, broken in bureau.broken:
        rows[table].append(broken)
    made = {f"synthetic_{table}.csv": _sheet(table, rows[table]) for table in COLUMNS}
    late = [_special(case, one) for case in taken for one in case.late]
    return made | {LATE: _sheet("特别程序", late)}


def broken_application(number: str, item: Item, *, kind: str, moment: str) -> tuple[str, Row]:
    """An application with a kind and a time as they are given."""
    row = _applied(number, item) | {"办件类型代码": kind, "申请时间": moment}
    return "申请", row


def broken_closing(case: Case, moment: str) -> tuple[str, Row]:
    """A closing row with a time as it is given."""
    return "办结", _closed(case) | {"办结时间": moment}


def _sheet(table: str, rows: list[Row]) -> str:
    """A table as CSV; every row says in its first column that it is synthetic."""
    columns = COLUMNS[table].split()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("数据性质", *columns))
    for row in rows:
        writer.writerow((MARK, *(row[name] for name in columns)))
    return out.getvalue()


def _application(case: Case) -> Row:
    return _applied(case.number, case.item) | {"申请时间": f"{case.submitted:%Y%m%dT%H%M%S}"}


def _applied(number: str, item: Item) -> Row:
    return {
        "办件编号": number,
        "实施编码": item.code,
        "事项名称": item.name,
        "办件类型代码": item.kind,
        "申请者名称": APPLICANT,
        "申报来源代码": "1",
        "法定办结时限": str(item.statutory or ""),
        "法定办结时限单位": "工作日" if item.statutory else "",
        "承诺办结时限": str(item.promised or ""),
        "承诺办结时限单位": "工作日" if item.promised else "",
    }


def _acceptance(case: Case) -> Row:
    return {
        "办件编号": case.number,
        "实施编码": case.item.code,
        "办件类型代码": case.item.kind,
        "受理单位": case.item.department,
        "受理人员": case.item.handler,
        "受理时间": f"{case.accepted:%Y%m%d%H%M%S}",
        "受理文书编号": f"SYN-受-{case.number[-4:]}",
        "承诺办结时间": case.promised,
    }


def _steps(case: Case) -> list[Row]:
    """Three steps of a closed case; of an open one the first, and the second still open.

    A step without end carries its start as its end, with state 1, as the standard's users do.
    """
    if case.item.kind == "1" or case.accepted is None:
        return []
    until = case.decided or datetime.combine(YESTERDAY, time(17))
    begun = case.accepted
    times = [begun, _between(begun, until, 1), _between(begun, until, 2), max(begun, until)]
    steps = [("审查", case.item.handler), ("审核", REVIEWER), ("批准", APPROVER)]
    if case.decided is None:
        times, steps = [times[0], times[1], times[1]], steps[:2]
    rows = []
    for (name, who), (first, last) in zip(steps, pairwise(times), strict=True):
        still_open = case.decided is None and name == "审核"
        rows.append(
            {
                "办件编号": case.number,
                "业务动作": "" if still_open else "通过",
                "环节名称": name,
                "处理人": who,
                "环节开始时间": f"{first:%Y%m%d%H%M%S}",
                "环节结束时间": f"{last:%Y%m%d%H%M%S}",
                "处理单位": case.item.department,
                "状态": "1" if still_open else "2",
            }
        )
    return rows


def _between(begun: datetime, ended: datetime, thirds: int) -> datetime:
    """A time in office hours after so many thirds of the working days between two times."""
    days = [begun.date() + timedelta(days=n) for n in range((ended.date() - begun.date()).days + 1)]
    days = [day for day in days if working(day)] or [begun.date()]
    moment = datetime.combine(days[(len(days) - 1) * thirds // 3], time(11 + 3 * (thirds - 1), 30))
    return max(min(moment, ended), begun)


def _special(case: Case, special: Special) -> Row:
    return {
        "办件编号": case.number,
        "特别程序种类代码": special.kind,
        "特别程序名称": "延长审批" if special.kind == "1" else "现场勘验",
        "开始时间": f"{special.begun:%Y%m%dT%H%M%S}",
        "启动理由或依据": "合成的理由",
        "特别程序期限": str(special.days),
        "特别程序期限单位": "工作日",
        "结束时间": f"{special.ended:%Y%m%dT%H%M%S}" if special.ended else "",
        "结果": "通过" if special.ended else "",
        "办理单位": case.item.department,
        "办理人": case.item.handler,
    }


def _closing(case: Case) -> Row:
    return _closed(case) | {"办结时间": f"{case.decided:%Y%m%d%H:%M:%S}"}


def _closed(case: Case) -> Row:
    return {
        "办件编号": case.number,
        "办理人": case.item.handler,
        "结果描述": "准予",
        "办理单位": case.item.department,
    }
