"""A version of a rule is one text: what has judged under a number stays what the number means."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from ..faults import CatalogueError
from ..i18n.messages import t
from . import kept_texts
from . import store as changes
from .kept_texts import KeptText

#: Rules that judge nothing, or nothing that counts, are still being written.
FREE = ("preview", "trial")


def check_versions(connection: Connection, texts: Iterable[KeptText]) -> None:
    """CatalogueError where a rule's text was changed under a number that has judged.

    Its end (`in_force.to`) and whether it is `retired` may be set, its examples changed.
    """
    lines = list(_changed(connection, texts))
    if lines:
        raise CatalogueError(
            "\n".join(lines[:20]),
            t(
                "write the change as a new version (version + 1, a file of its own, in_force "
                "apart), or restore the text: effmon rules diff ID@VERSION FILE"
            ),
        )


def _changed(connection: Connection, texts: Iterable[KeptText]) -> Iterator[str]:
    uses: dict[tuple[str, int], set[str]] = {}
    for row in changes.used(connection):
        uses.setdefault((row.name, row.version), set()).add(row.sha256)
    for text in texts:
        if text.key.kind != kept_texts.RULE:
            continue
        known = uses.get((text.key.name, text.key.version), set())
        if not known or text.sha256 in known:
            continue
        if kept_texts.rule_of(text.content).status in FREE:
            yield _line(text, t("has judged and cannot go back"))
            continue
        contents: Mapping[str, str] = changes.contents(connection, sorted(known))
        said = kept_texts.substance(text.content)
        if all(kept_texts.substance(content) != said for content in contents.values()):
            yield _line(
                text,
                t("its text was changed under the same number, which has judged"),
            )


def _line(text: KeptText, what: str) -> str:
    where = f"{text.path}: " if text.path else ""
    return f"{where}{text.key.words()}{t(': ')}{what}"
