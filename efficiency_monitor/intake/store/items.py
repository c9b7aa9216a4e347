"""Items: what sources say of them, only ever added to, and which statement binds a case."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ...records.tables import CaseRow, ItemFact
from ..model.statements import ItemFacts

ITEM = ItemFact.__table__  # type: ignore[attr-defined]
CASE = CaseRow.__table__  # type: ignore[attr-defined]
_CHUNK = 500
#: What a case has from its item where its own fields do not say; and of a limit, where they do
#: not say when it ends either. The rest is what rules of conduct read: lists, and marks that say
#: that there are any (docs/mappings.md).
_LENT: Mapping[str, tuple[str, ...]] = {
    "item_name": ("item_name",),
    "item_kind": ("item_kind",),
    "department": ("department",),
    "promised_limit": ("promised_limit", "promised_due"),
    "statutory_limit": ("statutory_limit", "statutory_due"),
    **{
        name: (name,)
        for name in (
            "fee_list",
            "stage_list",
            "material_list",
            "fees",
            "stages",
            "hall",
            "item_state",
        )
    },
}


def known_items(connection: Connection, codes: Iterable[str]) -> dict[tuple[str, str], str]:
    """Key of the newest fact of items, by code and version, for `intake.model.decide.decide`."""
    wanted = sorted(set(codes))
    found: dict[tuple[str, str], str] = {}
    for at in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            select(ITEM.c.item_code, ITEM.c.item_version, ITEM.c.fact_key)
            .where(ITEM.c.item_code.in_(wanted[at : at + _CHUNK]))
            .order_by(ITEM.c.id)
        )
        found |= {(row.item_code, row.item_version): row.fact_key for row in rows}
    return found


def append(
    connection: Connection,
    new: Sequence[ItemFacts],
    *,
    import_id: str,
    received_at: int,
    source: str,
) -> None:
    """Append facts of items, and mark the cases of these items for the next scan."""
    if not new:
        return
    connection.execute(
        insert(ITEM),
        [
            {
                "item_code": item.item_code,
                "item_version": item.item_version,
                "fact_key": item.key,
                "fields": json.dumps(dict(item.fields), ensure_ascii=False, sort_keys=True),
                "source": source,
                "received_at": received_at,
                "import_id": import_id,
            }
            for item in new
        ],
    )
    codes = sorted({item.item_code for item in new})
    for at in range(0, len(codes), _CHUNK):
        connection.execute(
            update(CASE)
            .where(CASE.c.item_code.in_(codes[at : at + _CHUNK]))
            .values(changed=1, revision=CASE.c.revision + 1)
        )


@dataclass(frozen=True, slots=True)
class _Fact:
    place: int
    version: str
    fields: Mapping[str, str]
    received_at: int


class Items:
    """The items of some cases, as known by an instant (default: all that was received).

    Rows of the ids `leave_out` are read as if they had not come.
    """

    def __init__(
        self,
        connection: Connection,
        codes: Iterable[str],
        known_by: int | None,
        leave_out: Collection[int] = (),
    ) -> None:
        self._facts: dict[str, list[_Fact]] = {}
        wanted = sorted(set(codes))
        for at in range(0, len(wanted), _CHUNK):
            statement = select(ITEM).where(ITEM.c.item_code.in_(wanted[at : at + _CHUNK]))
            if known_by is not None:
                statement = statement.where(ITEM.c.received_at <= known_by)
            for row in connection.execute(statement.order_by(ITEM.c.id)):
                if row.id in leave_out:
                    continue
                fact = _Fact(row.id, row.item_version, json.loads(row.fields), row.received_at)
                self._facts.setdefault(row.item_code, []).append(fact)

    def lent(
        self, fields: Mapping[str, str], *, by: int | None = None, up_to: int | None = None
    ) -> dict[str, str]:
        """What a case with these fields has from its item.

        `by`: of facts received by an instant; `up_to`: of facts to that number. Which of them
        binds an episode is not said here (`engine.bindings`).
        """
        facts = [
            fact
            for fact in self._facts.get(fields.get("item_code", ""), [])
            if (up_to is None or fact.place <= up_to) and (by is None or fact.received_at <= by)
        ]
        meant = _standing(facts, fields.get("item_version"))
        return {
            name: meant[name]
            for name, owns in _LENT.items()
            if name in meant and not any(own in fields for own in owns)
        }

    def instants(self, code: str | None) -> list[int]:
        """When something was received of an item, in order."""
        return [fact.received_at for fact in self._facts.get(code or "", [])]

    def rows_at(self, code: str | None, at: int) -> tuple[int, ...]:
        """Row ids of what was received of an item at an instant."""
        facts = self._facts.get(code or "", [])
        return tuple(fact.place for fact in facts if fact.received_at == at)


def _standing(facts: Sequence[_Fact], version: str | None) -> Mapping[str, str]:
    """What the facts say together. Of facts about one version that one stands which came last.

    A case that names a version has that one and no other. Else, of several versions, the highest
    is meant if all are numbers, else the one that came last.
    """
    if version is not None and any(fact.version for fact in facts):
        return next((fact.fields for fact in reversed(facts) if fact.version == version), {})
    newest = {fact.version: fact for fact in facts}
    # A version that is gone leaves the place to the others.
    standing = [fact for fact in newest.values() if fact.fields]
    numbered = all(fact.version.isdecimal() for fact in standing)
    standing.sort(key=lambda fact: (int(fact.version) if numbered else 0, fact.place))
    return standing[-1].fields if standing else {}
