"""Every personal key: as `people key list` shows it, and what `doctor` has to say of them."""

from collections.abc import Iterator
from typing import Any

from ..i18n.language import t
from ..notify.notices import people
from ..time.instants import rfc3339
from ..workspace.context import Context
from .model.authority import alone
from .model.people import Role
from .model.signatures import public_text
from .store import keys


def list_keys(context: Context) -> list[dict[str, Any]]:
    """Every key that was enrolled or asked for, oldest first; `state` as in `keys.KeyReport`."""
    with context.store.reading() as connection:
        stored = keys.every_key(connection)
        entries = keys.entries(connection)
    how = {row.key_id: row.text for row in entries if row.kind == "enrolled"}
    by = {row.key_id: row for row in entries if row.kind == "enrolled"}
    known = {key.key_id for key in stored}
    places = {row.key_id: place for place, row in enumerate(entries) if row.kind == "enrolled"}
    found = [
        {
            "key_id": key.key_id,
            "person_id": key.person_id,
            "state": "enrolled" if key.revoked_at is None else "revoked",
            "enrolled_at": rfc3339(key.enrolled_at, context.zone),
            "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at, context.zone),
            "trusted_by": how.get(key.key_id) or "approvals",
            "enrolled_by": by[key.key_id].person if key.key_id in by else None,
            "os_user": by[key.key_id].os_user if key.key_id in by else None,
            "public_key": public_text(key.public_key),
        }
        for key in sorted(stored, key=lambda key: places.get(key.key_id, len(places)))
    ]
    asked = {row.key_id: row for row in entries if row.kind == "asked"}
    return found + [
        {
            "key_id": row.key_id,
            "person_id": row.person_id,
            "state": "asked",
            "enrolled_at": None,
            "revoked_at": None,
            "trusted_by": None,
            "enrolled_by": None,
            "os_user": None,
            "public_key": None,
        }
        for row in asked.values()
        if row.key_id not in known
    ]


def alone_words(context: Context) -> str | None:
    """Where one person alone supervises: what they can do by themselves; None: several do."""
    with context.store.reading() as connection:
        everybody = people(connection)
        holders = keys.holders(connection)
    only = alone(everybody)
    if only is None:
        return None
    leaders = {row.person_id for row in everybody if row.role is Role.LEADER} - {only}
    beside = sorted(leaders & holders)
    who = t("、", ", ").join(beside)
    rest = (
        t(
            f"红牌撤销和免责、密钥、监察人员变更须有密钥的分管领导（{who}）作第二人",
            f"red cards, keys and who supervises take a leader's key as the second ({who})",
        )
        if beside
        else t(
            "没有分管领导持有密钥，须两人的事项办不成",
            "no leader holds a key, so that nothing is done that takes two",
        )
    )
    return t(
        f"只有 {only} 一名监察人员：此人一人即可撤销预警和黄牌、销号、裁决维持；{rest}",
        f"{only} alone supervises: they lift warnings and yellow cards, close cards and let cards "
        f"stand without anybody else; {rest}",
    )


#: Supervisors with keys who are enough even when one of them has lost theirs.
ENOUGH_HOLDERS = 3


def without_keys(context: Context) -> list[str]:
    """Ids of supervisors who hold no key, sorted."""
    with context.store.reading() as connection:
        everybody = people(connection)
        holders = keys.holders(connection)
    return sorted(
        {row.person_id for row in everybody if row.role is Role.SUPERVISOR} - set(holders)
    )


def key_findings(context: Context) -> Iterator[tuple[str, bool, str]]:
    """What the doctor says of keys: the check, whether all is well, a sentence."""
    with context.store.reading() as connection:
        everybody = people(connection)
        stored = keys.every_key(connection)
        entries = keys.entries(connection)
    holders = {key.person_id for key in stored if key.revoked_at is None}
    supervisors = {row.person_id for row in everybody if row.role is Role.SUPERVISOR}
    number = len(holders & supervisors)
    without = t("、", ", ").join(sorted(supervisors - holders)) or t("无", "none")
    yield (
        "keys",
        number >= ENOUGH_HOLDERS or not supervisors,
        t(
            f"{number} 名监察人员有密钥，无密钥：{without}；换密钥须有 {ENOUGH_HOLDERS} 人",
            f"{number} supervisors hold keys, without: {without}; "
            f"{ENOUGH_HOLDERS} are needed to replace a lost one",
        ),
    )
    gone = sorted(holders - {row.person_id for row in everybody})
    if gone:
        names = t("、", ", ").join(gone)
        yield (
            "keys",
            False,
            t(
                f"密钥持有人已不在人员表中：{names}，请吊销",
                f"holders who are not among the people any more: {names}; revoke their keys",
            ),
        )
    words = alone_words(context)
    if words is not None:
        yield "keys", False, words
    first = [row for row in entries if row.kind == "enrolled" and row.text == "bootstrap"]
    if first:
        each = t("；", "; ").join(_as_it_came(row, context.zone) for row in first)
        yield (
            "keys",
            True,
            t(
                f"首批密钥未经他人批准，照收：{each}；请当面核对",
                f"the first keys were taken as they come, nobody approved them: {each}; compare "
                "them in person",
            ),
        )
    for row in entries:
        if row.kind == "enrolled" and row.text == "recovery":
            at = rfc3339(row.at, context.zone)
            yield (
                "keys",
                False,
                t(
                    f"{row.person_id} 的密钥 {row.key_id} 于 {at} 由数据库所有者恢复，未经批准",
                    f"the key {row.key_id} of {row.person_id} was enrolled without approvals "
                    f"at {at}, by the owner of the database",
                ),
            )


def _as_it_came(row: Any, zone: str) -> str:
    """One of the first keys: whose, which, when, and by which operating user."""
    at = rfc3339(row.at, zone)
    return t(
        f"{row.person_id} 的 {row.key_id}（{at}，系统用户 {row.os_user}）",
        f"{row.key_id} of {row.person_id} (at {at}, by the operating user {row.os_user})",
    )
