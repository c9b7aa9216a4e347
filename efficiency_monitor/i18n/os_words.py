"""What the operating system refused, in the user's language."""

import errno
import os
from functools import cache
from typing import Final

from .messages import in_all, mark, t

_OS_FAULTS: Final = {
    errno.ENOENT: mark("No such file or directory"),
    errno.EACCES: mark("Permission denied"),
    errno.EPERM: mark("Operation not permitted"),
    errno.EISDIR: mark("Is a directory"),
    errno.ENOTDIR: mark("Not a directory"),
    errno.EEXIST: mark("File exists"),
    errno.ENOSPC: mark("No space left on device"),
    errno.EROFS: mark("Read-only file system"),
    errno.ENAMETOOLONG: mark("File name too long"),
    errno.ELOOP: mark("Too many levels of symbolic links"),
    errno.EIO: mark("Input/output error"),
    errno.EDQUOT: mark("Disk quota exceeded"),
    errno.ENOTEMPTY: mark("Directory not empty"),
    errno.EMFILE: mark("Too many open files"),
}


@cache
def sayings() -> frozenset[str]:
    """The same in all languages: what may follow the name of a file."""
    ours = (said for text in _OS_FAULTS.values() for said in in_all(text))
    return frozenset({*ours, *(os.strerror(number) for number in _OS_FAULTS)})


def say_os(fault: OSError) -> str:
    """What the system refused, in words; what is not known here as the system says it."""
    said = fault.strerror or str(fault)
    return t(_OS_FAULTS[fault.errno]) if fault.errno in _OS_FAULTS else said
