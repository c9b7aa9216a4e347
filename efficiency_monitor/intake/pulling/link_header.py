"""The `Link` header of an answer (RFC 8288): where the next page is."""

import re
from typing import Final

_VALUE: Final = r'"(?:[^"\\]|\\.)*"|[^\s";,]*'
_LINK: Final = re.compile(rf"<([^<>]*)>((?:\s*;\s*[^\s=;,\"]+(?:\s*=\s*(?:{_VALUE}))?)*)")
_PARAMETER: Final = re.compile(rf";\s*([^\s=;,\"]+)\s*=\s*({_VALUE})")


def next_link(header: str) -> str | None:
    """The first link whose relations, in letters of any case, have `next` among them.

    httpx knows a link only by the whole text of its `rel`, and takes a `;` in a URL for its end: a
    next page that is not seen is a feed that ends early without a word.
    """
    for target, parameters in _LINK.findall(header):
        for name, value in _PARAMETER.findall(parameters):
            if name.lower() != "rel":
                continue
            if "next" in value.strip('"').lower().split():
                return str(target)
            break  # of several only the first counts
    return None
