"""What proves that a person acts themselves: their own key, from the first enrolled key on.

The one gate of all acting commands. Whether an act needs a key is said by `people.model.authority`.
"""

from sqlalchemy import Connection

from ..faults import NotAllowed
from ..i18n.act_words import say_act
from ..i18n.language import t
from ..workspace.context import Context
from .model.authority import Act, needs_key
from .model.signatures import PersonalKey
from .store import keys


def proof_of(
    context: Context, connection: Connection, act: Act, person_id: str, *, must_sign: bool = False
) -> PersonalKey | None:
    """The key by which the person proves this act; None where a claim is enough for it.

    NotAllowed where a key is needed and none was given, none is enrolled, or another one was given.
    Whoever ever had a key goes on signing what is signed at all (`must_sign`, or any act that takes
    a key): taking it away must not make them easier to imitate.
    """
    enrolled = keys.in_use(connection, person_id)
    needed = must_sign or needs_key(act, keys.number(connection))
    if act is Act.ENROL_KEY and keys.had_one(connection, person_id):
        needed = True
    given = context.key
    if not needed:
        return None
    if enrolled is None:
        raise NotAllowed(
            t(
                f"{person_id} 没有登记密钥，不能{say_act(act)}：须以 --key 文件 签名",
                f"{person_id} has no enrolled key, and to {say_act(act)} takes one: --key FILE",
            ),
            t(
                f"先造一把：effmon people key new --out 文件；再由持有密钥的监察人员登记："
                f"effmon people key enrol {person_id} 公钥",
                "make one: effmon people key new --out FILE; supervisors who hold keys enrol it: "
                f"effmon people key enrol {person_id} PUBLICKEY",
            ),
        )
    if given is None:
        raise NotAllowed(
            t(
                f"{person_id} 已登记密钥 {enrolled.key_id}，{say_act(act)}须用它签名",
                f"{person_id} has the key {enrolled.key_id} and has to sign with it to "
                f"{say_act(act)}",
            ),
            t(
                "用 --key 文件 或 EFFMON_KEY 给出；遗失的另造：effmon people key new --out 文件",
                "give it with --key FILE or EFFMON_KEY; in place of a lost one: "
                "effmon people key new --out FILE",
            ),
        )
    if given.public != enrolled.public_key:
        raise NotAllowed(
            t(
                f"给出的密钥 {given.key_id} 不是 {person_id} 的密钥 {enrolled.key_id}，"
                f"不能{say_act(act)}",
                f"the key {given.key_id} that was given is not {person_id}'s, which is "
                f"{enrolled.key_id}: to {say_act(act)} takes that one",
            ),
            t(
                "用 --key 给出本人的密钥；见 effmon people key list",
                "give it with --key FILE; see effmon people key list",
            ),
        )
    return given
