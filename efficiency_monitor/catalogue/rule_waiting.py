"""Which files say otherwise than what is judged by: what waits for approval, and what is broken."""

from dataclasses import dataclass
from typing import Any

from ..i18n.messages import t
from ..workspace.context import Context
from .approved_catalogue import state_with_settings, texts_of
from .rule_files import differences, wanted
from .rule_versions import SECOND_PERSON, WAITING, listed


@dataclass(frozen=True, slots=True)
class Waits:
    """A text by which is not judged: its file was changed or is broken; what was proposed."""

    path: str
    what: str
    #: `added`, `changed`, `removed` or `broken`.
    kind: str
    detail: str
    change_no: str | None

    def words(self) -> str:
        """In the user's language."""
        kinds = {
            "added": t("added"),
            "changed": t("changed"),
            "removed": t("removed"),
            "broken": t("broken"),
        }
        line = f"{self.path}: {kinds[self.kind]}" + (f" ({self.detail})" if self.detail else "")
        if self.kind == "broken":
            return line + t("; the approved text judges")
        if self.change_no:
            return line + t("; {change_no} waits for approval", change_no=self.change_no)
        return line + t("; not proposed yet")

    def as_json(self) -> dict[str, Any]:
        """For the command line."""
        return {
            "file": self.path,
            "what": self.what,
            "change": self.kind,
            "detail": self.detail or None,
            "change_no": self.change_no,
        }


def waiting(context: Context) -> list[Waits]:
    """Which files say otherwise than what is judged by; nothing where no approval is asked for."""
    if context.settings.rules.approval != SECOND_PERSON:
        return []
    found = wanted(context)
    with context.store.reading() as connection:
        approved, contents = texts_of(connection, state_with_settings(connection))
        proposed = {
            (part.key, part.after): change.change_no
            for change in listed(connection)
            if change.state == WAITING
            for part in change.parts
        }
    rows = [Waits(path, "", "broken", fault, None) for path, fault in sorted(found.broken.items())]
    for part in differences(approved, found, contents):
        number = proposed.get((part.key, part.after))
        rows.append(Waits(part.path, part.key.words(), part.kind, "", number))
    return rows
