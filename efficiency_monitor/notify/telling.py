"""Telling people: who bears a role, their notices, and the record that nobody was found."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from ..followup.ladders import store
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..people.model.people import Person, Role, recipients
from ..time.instants import local_date
from ..workspace.context import Context
from .notices import notices_to, people
from .store import outbox
from .voiding import told_of

#: Roles of those who have a case in hand.
_HANDS: Final = (Role.HANDLER, Role.REVIEWER, Role.APPROVER)


class Telling:
    """Collects what is told in one transaction, so that each table is written once."""

    def __init__(self, context: Context, connection: Connection) -> None:
        self._context = context
        self._connection = connection
        self._everybody: list[Person] | None = None
        self._on = date.fromisoformat(local_date(context.now(), context.zone))
        #: Many cards of a night are of the same few people.
        self._known: dict[tuple[object, ...], list[Person]] = {}
        self.new: list[outbox.NewNotice] = []
        self.entries: list[ledger.NewEntry] = []

    def find(
        self, matter: Mapping[str, Any], roles: Sequence[Role], *, without: str = ""
    ) -> list[Person]:
        """Who bears the roles for a matter today: its department, region, item and handler.

        As if the person `without` were not there.
        """
        scope = [matter.get(name) or "" for name in ("department", "region", "item_code")]
        asked = (*roles, *scope, matter.get("handler") or "", without)
        if asked not in self._known:
            if self._everybody is None:
                self._everybody = people(self._connection)
            self._known[asked] = list(
                recipients(
                    [person for person in self._everybody if person.person_id != without],
                    department=scope[0],
                    region=scope[1],
                    item_code=scope[2],
                    roles=roles,
                    on=self._on,
                    handler=matter.get("handler") or "",
                )
            )
        return self._known[asked]

    def of_card(
        self, card: Mapping[str, Any], roles: Sequence[Role], *, first: bool = False
    ) -> list[Person]:
        """Who is told of a card by these roles; `first`: when it is given.

        A card that is on no case is about an organ, a person, an item: nobody handles that. Its
        head, leader and supervisors are told first, and the person whom it is about beside them,
        never alone.
        """
        subject = str(card["subject"])
        if subject.startswith("case:"):
            return self.find(card, roles)
        above = [role for role in roles if role not in _HANDS]
        if first or not above:
            above = list(dict.fromkeys([*above, Role.HEAD, Role.LEADER, Role.SUPERVISOR]))
        found = self.find(card, above)
        kind, _, person_id = subject.partition(":")
        if kind == "person":
            if all(person.person_id == person_id for person in found):
                return []
            own = self.find(card, (Role.HANDLER,))
            found = [*found, *(each for each in own if each.person_id == person_id)]
        return list({(each.person_id, each.channel, each.address): each for each in found}.values())

    def tell(
        self,
        persons: Sequence[Person],
        *,
        subject: str,
        kind: str,
        card_no: str | None,
        about: Mapping[str, object] | None = None,
    ) -> int:
        """Write notices to these persons; how many. Nobody is recorded as such."""
        made = notices_to(persons, subject=subject, kind=kind, card_no=card_no, about=about)
        self.new += made
        if not made:
            self.nobody(subject, kind)
        return len(made)

    def nobody(self, subject: str, kind: str) -> None:
        """Record that nobody was found to be told; once for each subject and kind."""
        self.record(EntryType.NOBODY_TOLD, f"{subject}/{kind}", {"about": subject, "kind": kind})

    def record(self, kind: EntryType, fact: str, content: Mapping[str, object]) -> None:
        """An entry of the ledger under its natural key."""
        self.entries.append(self._context.entry(kind, f"{kind}/{fact}", content))

    def make_void(self, notices: Sequence[Any], reason: str) -> list[str]:
        """Make those notices void that still are pending, and record it; their ids."""
        wanted = {row.notice_id: row for row in notices if row.state == "pending"}
        done = store.make_void(self._connection, list(wanted))
        for notice_id in done:
            self.record(
                EntryType.NOTICE_VOID,
                notice_id,
                {**told_of(wanted[notice_id]), "reason": reason},
            )
        return done

    def finish(self) -> None:
        """Write all of it. A notice that was void and never sent is delivered after all."""
        now = self._context.now()
        fresh = {*outbox.add(self._connection, self.new, now)}
        known = [notice for notice in self.new if notice.notice_id not in fresh]
        store.wanted_again(self._connection, known, now)
        ledger.append(self._connection, self.entries)
        self.new, self.entries = [], []
