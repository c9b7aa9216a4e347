"""What an import of people changes for those who supervise and those who hold keys."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .people import Person, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleChange:
    """Ids, sorted: who may now do more, or can no more be reached by what they hold."""

    #: Supervisors who were none before.
    roles_gained: tuple[str, ...] = ()
    roles_lost: tuple[str, ...] = ()
    #: Named as a supervisor's deputy now and not before.
    deputies_gained: tuple[str, ...] = ()
    #: Holders of keys of whom the file says nothing any more.
    holders_gone: tuple[str, ...] = ()
    #: Holders of keys who bear another name now: an id that went to somebody else.
    holders_renamed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        """As it stands in the entry."""
        return {name: list(getattr(self, name)) for name in PeopleChange.__slots__}


def change_of(
    before: Sequence[Person], after: Sequence[Person], holders: Collection[str]
) -> PeopleChange:
    """What changes between two lists; `holders` are the ids of persons with a key in use."""
    was, now = _supervisors(before), _supervisors(after)
    names_before = {row.person_id: row.name for row in before}
    names_after = {row.person_id: row.name for row in after}
    return PeopleChange(
        roles_gained=tuple(sorted(now - was)),
        roles_lost=tuple(sorted(was - now)),
        deputies_gained=tuple(sorted(_deputies(after, now) - _deputies(before, was))),
        holders_gone=tuple(sorted(set(holders) - set(names_after))),
        holders_renamed=tuple(
            sorted(
                holder
                for holder in holders
                if holder in names_after
                and names_before.get(holder, names_after[holder]) != names_after[holder]
            )
        ),
    )


def _supervisors(people: Sequence[Person]) -> set[str]:
    return {row.person_id for row in people if row.role is Role.SUPERVISOR}


def _deputies(people: Sequence[Person], supervisors: Collection[str]) -> set[str]:
    return {row.deputy for row in people if row.deputy and row.person_id in supervisors}


def still_known(
    before: Iterable[Person], taken: Iterable[Person], faulty: frozenset[str]
) -> tuple[Person, ...]:
    """Former rows of people whose new row is faulty, unless a new one has their place.

    A mistyped date must not take a head out of what the department is told of.
    """
    places = {(p.person_id, p.role, p.department, p.region, p.item_code) for p in taken}
    return tuple(
        person
        for person in before
        if person.person_id in faulty
        and (person.person_id, person.role, person.department, person.region, person.item_code)
        not in places
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody whose rows a people file adds, changes or removes, and who is guarded."""

    person_id: str
    #: `added`, `changed` or `removed`.
    kind: str


def guarded(people: Sequence[Person]) -> frozenset[str]:
    """Ids of those who supervise or lead, and of whoever may stand in for them, down the chain."""
    deputies: dict[str, set[str]] = {}
    for row in people:
        if row.deputy:
            deputies.setdefault(row.person_id, set()).add(row.deputy)
    left = [row.person_id for row in people if row.role in (Role.SUPERVISOR, Role.LEADER)]
    found: set[str] = set()
    while left:
        person_id = left.pop()
        if person_id not in found:
            found.add(person_id)
            left += deputies.get(person_id, ())
    return frozenset(found)


def without_guarded(
    before: Sequence[Person], after: Sequence[Person]
) -> tuple[tuple[Person, ...], tuple[Waiting, ...]]:
    """What of a new list changes nobody who is guarded, and whose rows wait.

    Any difference in any row of such a person counts, also an absence (a deputy acts then) and an
    address (what they are told would go elsewhere). Of those who wait the former rows stay.
    """
    was, now = _rows_of(before), _rows_of(after)
    found = []
    for person_id in sorted(guarded(before) | guarded(after)):
        own, new = was.get(person_id), now.get(person_id)
        if own != new:
            kind = "added" if own is None else "removed" if new is None else "changed"
            found.append(Waiting(person_id, kind))
    waits = {one.person_id for one in found}
    rest = [row for row in after if row.person_id not in waits]
    stay = [row for row in before if row.person_id in waits]
    return (*rest, *stay), tuple(found)


def _rows_of(people: Sequence[Person]) -> dict[str, frozenset[Person]]:
    found: dict[str, set[Person]] = {}
    for row in people:
        found.setdefault(row.person_id, set()).add(row)
    return {person_id: frozenset(rows) for person_id, rows in found.items()}
