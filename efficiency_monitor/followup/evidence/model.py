"""Attachments of replies, appeals, exemptions and orders, as values: what was handed in."""

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was handed in. Its name may name persons, so the ledger holds only the digest."""

    name: str
    #: 64 hex digits over the file's bytes.
    sha256: str
    #: Size in bytes.
    size: int


def attachments_json(attachments: Iterable[Attachment]) -> str:
    """JSON text for a column: names, digests, sizes."""
    return json.dumps(
        [{"name": a.name, "sha256": a.sha256, "size": a.size} for a in attachments],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def attachments_of(text: str | None) -> tuple[Attachment, ...]:
    """The attachments of a column's JSON text."""
    return tuple(Attachment(**each) for each in json.loads(text or "[]"))


def for_ledger(attachments: Iterable[Attachment]) -> list[dict[str, object]]:
    """What an entry says of attachments: digest and size, no name."""
    return [{"sha256": a.sha256, "size": a.size} for a in attachments]
