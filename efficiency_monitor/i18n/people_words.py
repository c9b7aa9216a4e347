"""What is wrong with a row of a people file, in the user's language.

`people.model.people` says it in English, with a stable code; the Chinese sentence is made of the
code and of what the English one names: the column and what was written.
"""

import re
from typing import Final

from ..faults import Problem
from ..people.model.people import COLUMN_NAMES
from .messages import language, mark, t

_SENTENCES: Final = {
    "column_twice": mark("column {column} stands twice (in Chinese and in English)"),
    "unprintable": mark("column {column} holds control characters or line breaks"),
    "missing": mark("column {column} is empty"),
    "unknown_role": mark("no role {value}: handler, reviewer, approver, head, leader, supervisor"),
    "unknown_language": mark("no language {value}: zh or en"),
    "bad_date": mark("column {column}: {value} is no date; write 2026-01-31"),
    "bad_hours": mark(
        "column {column}: {value} are no hours; write 09:00-12:00,14:00-17:30, daily 08:00-20:00 "
        "or any"
    ),
    "own_deputy": mark("nobody is their own deputy"),
    "bad_absence": mark("an absence needs a begin, and an end not before it"),
    "repeated": mark("repeats a former row"),
    "contradiction": mark("column {column} differs from this person's former rows"),
    "unknown_deputy": mark("the deputy {value} is nobody's id"),
    "unknown_column": mark("unknown column {value}; one of: {columns}"),
}
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_COLUMN: Final = re.compile(r"^(?:column )?(\w+)")


def in_words(problem: Problem) -> Problem:
    """The problem in the current language; one that is not known here as it is."""
    sentence = _SENTENCES.get(problem.code)
    if language() != "zh" or sentence is None:
        return problem
    value, column = _QUOTED.search(problem.message), _COLUMN.match(problem.message)
    file, _, row = problem.where.rpartition(": row ")
    return Problem(
        t("{file}: row {row}", file=file, row=row) if file else problem.where,
        problem.code,
        t(
            sentence,
            value=value[0] if value else "",
            column=column[1] if column else "",
            columns=t(", ").join(COLUMN_NAMES),
        ),
    )
