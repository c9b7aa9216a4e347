"""What is wrong with a row of a people file, in the user's language.

`people.model.people` says it in English, with a stable code; the Chinese sentence is made of the
code and of what the English one names: the column and what was written.
"""

import re
from typing import Final

from ..faults import Problem
from ..people.model.people import COLUMN_NAMES
from .language import language

_CHINESE: Final = {
    "column_twice": "列 {column} 出现两次（中文和英文）",
    "unprintable": "列 {column} 含有控制字符或换行",
    "missing": "列 {column} 是空的",
    "unknown_role": "没有角色 {value}；可写 承办人、审核人、批准人、部门负责人、分管领导、监察机关",
    "unknown_language": "没有语言 {value}；可写 zh 或 en",
    "bad_date": "列 {column}：{value} 不是日期，请写成 2026-01-31",
    "bad_hours": "列 {column}：{value} 写法有误；"
    "可写 09:00-12:00,14:00-17:30、每天 08:00-20:00 或 随时",
    "own_deputy": "代理人不能是本人",
    "bad_absence": "缺勤的起止有误：须有起，且止不早于起",
    "repeated": "与前面某行重复",
    "contradiction": "列 {column} 与此人前面的行不同",
    "unknown_deputy": "代理人 {value} 不是任何人的编号",
    "unknown_column": "不认识的列 {value}；可用：" + "、".join(COLUMN_NAMES),
}
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_COLUMN: Final = re.compile(r"^(?:column )?(\w+)")


def in_words(problem: Problem) -> Problem:
    """The problem in the current language; one that is not known here as it is."""
    sentence = _CHINESE.get(problem.code)
    if language() != "zh" or sentence is None:
        return problem
    value, column = _QUOTED.search(problem.message), _COLUMN.match(problem.message)
    file, _, row = problem.where.rpartition(": row ")
    return Problem(
        f"{file}：第 {row} 行" if file else problem.where,
        problem.code,
        sentence.format(value=value[0] if value else "", column=column[1] if column else ""),
    )
