"""Public keys of persons: enrolled by two others who hold keys, revoked by one or two.

The first two keys cannot be approved by key holders: there are none. They are trusted as they
come, the entry says so (`bootstrap`), and every supervisor is told. From then on for ever, also
when keys are revoked, one identity gets no second key (see docs/who.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from ..faults import ConfigurationError, NotAllowed
from ..i18n.messages import t
from ..ledger import row_commitments as binding
from ..ledger.model.entries import EntryType
from ..ledger.store import ledger
from ..notify.notices import notices_to, people
from ..notify.store import outbox
from ..workspace.context import Context, meta, set_meta
from ..workspace.required_texts import refuse_id_numbers, text_commitment
from .acting import Approval, acting, approvals, approve, claimed, claimed_standing
from .first_signatures import before, enough
from .model.authority import FIRST_KEYS, Act, Standing, alone
from .model.people import Person, Role
from .model.signatures import key_id as id_of
from .revocations import ended_alone, revokers
from .signing import sign
from .store import keys

#: Approvals by key holders that a key takes, and keys after which the beginning is over.
ENOUGH = FIRST_KEYS
#: Fact about the workspace that only the owner of its database can write: the id of the one key
#: that is enrolled without approvals, because those who could give them have lost their keys.
RECOVERY = "key_recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """What became of a key."""

    key_id: str
    person_id: str
    #: `asked`, `enrolled`, `revoking` (a second signature is needed) or `revoked`.
    state: str
    bootstrap: bool = False
    recovery: bool = False
    #: Persons who approved it, in order.
    approved_by: tuple[str, ...] = ()
    #: Key of the same person that it replaces.
    replaces: str | None = None
    #: True: the same person had done so before, nothing was written.
    repeated: bool = False
    #: Earlier signatures that count no more, one line each.
    lapsed: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """Approvals that are still needed."""
        waits = self.state in ("asked", "revoking")
        return max(0, ENOUGH - len(self.approved_by)) if waits else 0


def enrol(context: Context, person_id: str, public: bytes) -> KeyReport:
    """Approve a person's key (32 bytes), which is enrolled with the last approval it takes.

    Given again by who has approved it, nothing is written. ConfigurationError where there is no
    such person or the key was enrolled otherwise before; NotAllowed where who acts may not, or an
    earlier approval does not hold.
    """
    key_id = id_of(public)
    with context.store.writing() as connection:
        everybody = people(connection)
        if all(row.person_id != person_id for row in everybody):
            raise _no_person(person_id)
        known = keys.find(connection, key_id)
        if known is not None and _did(context, connection, known, person_id):
            by = tuple(one.person_id for one in _given(connection, person_id, public))
            return KeyReport(
                key_id=key_id,
                person_id=person_id,
                state="enrolled",
                bootstrap=_as_it_came(connection, key_id),
                approved_by=by,
                repeated=True,
            )
        if known is not None:
            raise ConfigurationError(
                t(
                    "the key {key_id} was enrolled before, for {person_id}",
                    key_id=key_id,
                    person_id=known.person_id,
                ),
                t("a key is enrolled once only: make another"),
            )
        if len(keys.every_key(connection)) < ENOUGH:
            return _begin(context, connection, everybody, person_id, public)
        if meta(connection).get(RECOVERY) == key_id:
            return _recover(context, connection, everybody, person_id, public)
        return _approve(context, connection, everybody, person_id, public)


def _begin(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    person_id: str,
    public: bytes,
) -> KeyReport:
    """One of the first two keys: a supervisor's, the first of that person.

    Where one person alone supervises, the second may be a leader's.
    """
    if not _is_supervisor(everybody, person_id) and not _leader_beside(
        connection, everybody, person_id
    ):
        raise NotAllowed(
            t(
                "{person_id} is no supervisor: two supervisors' keys come first",
                person_id=person_id,
            ),
            t("enrol supervisors' keys first"),
        )
    if keys.had_one(connection, person_id):
        raise NotAllowed(
            t("{person_id} has had a key: nobody can approve another one yet", person_id=person_id),
            t("enrol another supervisor's key first; see docs/who.md"),
        )
    if context.key is not None and context.key.public == public:
        # Who enrols their own key may hold it in their hand; it cannot vouch for itself yet.
        context = replace(context, key=None)
    by = _approval(context, connection, person_id, public, must_sign=False).person_id
    return _complete(
        context,
        connection,
        everybody,
        public,
        KeyReport(
            key_id=id_of(public),
            person_id=person_id,
            state="enrolled",
            bootstrap=True,
            approved_by=(by,),
        ),
    )


def _recover(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    person_id: str,
    public: bytes,
) -> KeyReport:
    """The key that the owner of the database has named. It stays visible for ever."""
    # Nobody's key can prove anything here: that the owner of the database has named it, does.
    claimed_standing(context, connection, Act.ENROL_KEY, None)
    set_meta(connection, RECOVERY, "")
    report = KeyReport(key_id=id_of(public), person_id=person_id, state="enrolled", recovery=True)
    return _complete(context, connection, everybody, public, report)


def _approve(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    person_id: str,
    public: bytes,
) -> KeyReport:
    known = before(
        context,
        connection,
        act=Act.ENROL_KEY,
        subject=f"key:{person_id}",
        round=_round(connection, person_id, id_of(public)),
        scope=None,
    )
    repeated = known.by(claimed(context), "enrol", public.hex()) is not None
    if repeated:
        acting(context, connection, Act.ENROL_KEY, None, second=True)
    else:
        known.given.append(_approval(context, connection, person_id, public, must_sign=True))
    # The whole public key is approved, not its short id: two keys can be made to share one.
    given = [
        one for one in known.given if one.ground == public.hex() and one.person_id != person_id
    ]
    report = KeyReport(
        key_id=id_of(public),
        person_id=person_id,
        state="enrolled" if enough(given, ENOUGH) else "asked",
        approved_by=tuple(one.person_id for one in given),
        repeated=repeated,
        lapsed=tuple(known.lapsed),
    )
    if repeated:
        return report
    if report.missing:
        keys.note(
            connection,
            key_id=report.key_id,
            person_id=person_id,
            kind="asked",
            at=context.now(),
            actor=context.actor,
        )
        return report
    return _complete(context, connection, everybody, public, report)


def _approval(
    context: Context, connection: Connection, person_id: str, public: bytes, *, must_sign: bool
) -> Approval:
    barred = {}
    if must_sign:
        barred[person_id] = t("nobody approves a key of their own")
    return approve(
        context,
        connection,
        act=Act.ENROL_KEY,
        subject=f"key:{person_id}",
        round=_round(connection, person_id, id_of(public)),
        decision="enrol",
        ground=public.hex(),
        must_sign=must_sign,
        barred=barred,
        second=True,
    )


def _given(connection: Connection, person_id: str, public: bytes) -> list[Approval]:
    """Who has approved this very key of the person, of whatever round."""
    turn = _round(connection, person_id, id_of(public))
    found = approvals(connection, subject=f"key:{person_id}", act=Act.ENROL_KEY, round=turn)
    return [one for one in found if one.ground == public.hex()]


def _did(context: Context, connection: Connection, known: keys.StoredKey, person_id: str) -> bool:
    """Whether the same person has enrolled this key for its holder, and it is in use."""
    if known.person_id != person_id or known.revoked_at is not None:
        return False
    by = {one.person_id for one in _given(connection, person_id, known.public_key)}
    if claimed(context) not in by:
        return False
    if not _as_it_came(connection, known.key_id):
        acting(context, connection, Act.ENROL_KEY, None, second=True)
    return True


def _as_it_came(connection: Connection, key_id: str) -> bool:
    """Whether a key is one of the first two, which nobody approved."""
    rows = keys.entries(connection, key_id)
    return any((row.kind, row.text) == ("enrolled", "bootstrap") for row in rows)


def _round(connection: Connection, person_id: str, key_id: str) -> int:
    """Which of the person's keys this is, counted from 0 in the order in which they were named."""
    named = dict.fromkeys(
        row.key_id for row in keys.entries(connection) if row.person_id == person_id
    )
    return list(named).index(key_id) if key_id in named else len(named)


def _complete(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    public: bytes,
    report: KeyReport,
) -> KeyReport:
    """Take the key into use; a former key of the person ends."""
    now = context.now()
    former = keys.in_use(connection, report.person_id)
    if former is not None:
        _end(context, connection, former, None, replaced_by=report.key_id)
    keys.enrol(
        connection,
        keys.StoredKey(
            key_id=report.key_id,
            person_id=report.person_id,
            public_key=public,
            enrolled_at=now,
            revoked_at=None,
        ),
    )
    keys.note(
        connection,
        key_id=report.key_id,
        person_id=report.person_id,
        kind="enrolled",
        at=now,
        actor=context.actor,
        text="bootstrap" if report.bootstrap else "recovery" if report.recovery else None,
    )
    replaces = None if former is None else former.key_id
    content = {
        "key": report.key_id,
        "person": report.person_id,
        "public_key": public.hex(),
        "bootstrap": report.bootstrap,
        "recovery": report.recovery,
        "approved_by": list(report.approved_by),
        "replaces": replaces,
    }
    _record(context, connection, EntryType.KEY_ENROLLED, report.key_id, content)
    _tell(context, connection, everybody, "key_enrolled", report)
    return KeyReport(
        key_id=report.key_id,
        person_id=report.person_id,
        state="enrolled",
        bootstrap=report.bootstrap,
        recovery=report.recovery,
        approved_by=report.approved_by,
        replaces=replaces,
        lapsed=report.lapsed,
    )


def revoke(context: Context, which: str, text: str | None = None) -> KeyReport:
    """Revoke a key, named by its id or its holder: by the holder's signature or a supervisor's.

    A supervisor who has ended another's key alone since a key was enrolled last needs a second one,
    who gives the same command; until then the key stays in use (`revocations`).
    What was signed before stays signed. The text stays in the database.
    """
    refuse_id_numbers(text or "")
    with context.store.writing() as connection:
        key = keys.find(connection, which) or keys.in_use(connection, which)
        if key is not None and key.revoked_at is not None and _revoked_by(context, connection, key):
            return KeyReport(
                key_id=key.key_id, person_id=key.person_id, state="revoked", repeated=True
            )
        if key is None or key.revoked_at is not None:
            raise ConfigurationError(
                t("{which} names no key in use", which=which),
                t("see effmon people key list"),
            )
        everybody = people(connection)
        report = _revoking(context, connection, everybody, key, text)
        if report.repeated:
            return report
        if report.missing:
            _tell(context, connection, everybody, "key_revoke_asked", report)
        else:
            by = report.approved_by
            _end(context, connection, key, text, replaced_by=None, approved_by=by)
            _tell(context, connection, everybody, "key_revoked", report)
    return report


def _revoking(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    key: keys.StoredKey,
    text: str | None,
) -> KeyReport:
    """Sign that a key be revoked; the report says whether that is enough."""
    said: dict[str, Any] = {
        "act": Act.REVOKE_KEY,
        "subject": f"key:{key.person_id}",
        "round": _round(connection, key.person_id, key.key_id),
        "decision": "revoke",
        "ground": key.public_key.hex(),
        "text": text,
        "evidence": (),
        "must_sign": True,
    }
    report = KeyReport(key_id=key.key_id, person_id=key.person_id, state="revoked")
    own = [row for row in everybody if row.person_id == context.person == key.person_id]
    if own:
        standing = Standing(key.person_id, own[0].role)
        by: tuple[str, ...] = (sign(context, connection, standing, **said).person_id,)
        return replace(report, approved_by=by)
    who = {name: said[name] for name in ("act", "subject", "round")}
    known = before(context, connection, **who, scope=None)
    mine = known.by(claimed(context), "revoke", said["ground"])
    if mine is not None:
        acting(context, connection, Act.REVOKE_KEY, None, second=True)
    else:
        given = approve(context, connection, **said, second=True)
        known.given.append(given)
    agreed = [one for one in known.given if one.ground == said["ground"]]
    signer = claimed(context)
    once = ended_alone(connection, signer) is None and not all(one.second for one in agreed)
    waits = not enough(agreed, ENOUGH) and not once
    return replace(
        report,
        state="revoking" if waits else "revoked",
        approved_by=tuple(one.person_id for one in agreed),
        repeated=mine is not None,
        lapsed=tuple(known.lapsed),
    )


def _revoked_by(context: Context, connection: Connection, key: keys.StoredKey) -> bool:
    """Whether the same person has signed that this key be revoked."""
    turn = _round(connection, key.person_id, key.key_id)
    who = claimed(context)
    if who not in revokers(connection, key.person_id, turn, key.public_key.hex()):
        return False
    if who != key.person_id:
        acting(context, connection, Act.REVOKE_KEY, None, second=True)
    return True


def _end(
    context: Context,
    connection: Connection,
    key: keys.StoredKey,
    text: str | None,
    *,
    replaced_by: str | None,
    approved_by: tuple[str, ...] = (),
) -> None:
    now = context.now()
    keys.revoke(connection, key.key_id, now)
    keys.note(
        connection,
        key_id=key.key_id,
        person_id=key.person_id,
        kind="revoked",
        at=now,
        actor=context.actor,
        text=text,
    )
    content = {
        "key": key.key_id,
        "person": key.person_id,
        "by": context.person,
        "replaced_by": replaced_by,
        "approved_by": list(approved_by),
        "text": None if text is None else text_commitment(context, connection, text),
    }
    _record(context, connection, EntryType.KEY_REVOKED, key.key_id, content)


def _record(
    context: Context,
    connection: Connection,
    kind: EntryType,
    key_id: str,
    content: Mapping[str, object],
) -> None:
    more = binding.row_commitment(context, connection, "person_key", key_id)
    ledger.append(connection, [context.entry(kind, f"{kind}/{key_id}", {**content, **more})])


def _tell(
    context: Context,
    connection: Connection,
    everybody: Sequence[Person],
    kind: str,
    report: KeyReport,
) -> None:
    """The holder and every supervisor: a key that somebody else slipped in is noticed by them."""
    told = [
        row for row in everybody if row.person_id == report.person_id or row.role is Role.SUPERVISOR
    ]
    new = notices_to(
        told,
        subject=f"key:{report.key_id}",
        kind=kind,
        card_no=None,
        about={"key": report.key_id},
    )
    outbox.add(connection, new, context.now())


def _is_supervisor(everybody: Sequence[Person], person_id: str) -> bool:
    return any(row.person_id == person_id and row.role is Role.SUPERVISOR for row in everybody)


def _leader_beside(connection: Connection, everybody: Sequence[Person], person_id: str) -> bool:
    """Whether a leader may hold the second key: beside the first, of who alone supervises."""
    only = alone(everybody)
    leads = any(row.person_id == person_id and row.role is Role.LEADER for row in everybody)
    return leads and only is not None and keys.had_one(connection, only)


def _no_person(person_id: str) -> ConfigurationError:
    return ConfigurationError(
        t("there is no person {person_id}", person_id=person_id),
        t("see effmon people list; persons come with effmon people import"),
    )
