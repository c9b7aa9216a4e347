"""Where everything comes from that is known of a case: by whom it was said, which file brought it,
when it was received, and what no longer stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..people.model.personal import is_seal
from ..time.instants import rfc3339
from .store import provenance
from .store.import_runs import Who
from .store.provenance import Origin


def origin_json(origin: Origin, zone: str) -> dict[str, Any]:
    """Source, import, file with its digest, when received, and who imported it."""
    return {
        "received_at": rfc3339(origin.received_at, zone),
        "source": origin.source,
        "import": origin.import_id,
        "file": None if origin.file is None else origin.file.name,
        "file_sha256": None if origin.file is None else origin.file.sha256,
        **_by(origin.who),
    }


def _by(who: Who) -> dict[str, str | None]:
    return {"by": who.person or who.os_user or None, "by_key": who.key_id}


def passed(clocks: Sequence[Mapping[str, Any]], received_at: int) -> list[str]:
    """Which limits had passed when something was received: `RULE limit`, in their order.

    At the due instant a limit has not passed.
    """
    return [
        f"{clock['rule']} {name}"
        for clock in clocks
        for name, due in clock["due_at"].items()
        if due is not None and datetime.fromisoformat(due).timestamp() < received_at
    ]


def versions_json(versions: Sequence[provenance.FieldsSaid], zone: str) -> list[dict[str, Any]]:
    """Each version of the case's fields with what it changed: the value before, and since.

    Of a personal field it says that it changed, not to what.
    """
    before: Mapping[str, str] = {}
    found = []
    for version in versions:
        names = sorted(
            name
            for name in before.keys() | version.fields.keys()
            if before.get(name) != version.fields.get(name)
        )
        changed = [
            {"field": name, "before": _shown(before, name), "after": _shown(version.fields, name)}
            for name in names
        ]
        found.append({**origin_json(version.origin, zone), "changed": changed})
        before = version.fields
    return found


def _shown(fields: Mapping[str, str], name: str) -> str | None:
    text = fields.get(name)
    return None if text is None or is_seal(text) else text
