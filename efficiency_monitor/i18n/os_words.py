"""What the operating system refused, in the user's language."""

import errno
import os
from typing import Final

from .language import t

_OS_FAULTS: Final = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许",
    errno.EISDIR: "是目录，不是文件",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "已存在",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "文件系统只读",
    errno.ENAMETOOLONG: "文件名太长",
    errno.ELOOP: "符号链接循环",
    errno.EIO: "读写出错",
    errno.EDQUOT: "超出磁盘配额",
    errno.ENOTEMPTY: "目录不是空的",
    errno.EMFILE: "打开的文件太多",
}


#: The same in all languages: what may follow the name of a file.
SAYINGS: Final = frozenset({*_OS_FAULTS.values(), *(os.strerror(number) for number in _OS_FAULTS)})


def say_os(fault: OSError) -> str:
    """What the system refused, in words; what is not known here as the system says it."""
    said = fault.strerror or str(fault)
    return t(_OS_FAULTS.get(fault.errno or 0, said), said)
