"""What proves that a person acts themselves: their own key, from the first enrolled key on.

The one gate of all acting commands. Whether an act needs a key is said by `people.model.authority`.
"""

from sqlalchemy import Connection

from ..faults import NotAllowed
from ..i18n.act_words import say_act
from ..i18n.messages import t
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
                "{person_id} has no enrolled key, and to {act} takes one: --key FILE",
                person_id=person_id,
                act=say_act(act),
            ),
            t(
                "make one: effmon people key new --out FILE; supervisors who hold keys enrol it: "
                "effmon people key enrol {person_id} PUBLICKEY",
                person_id=person_id,
            ),
        )
    if given is None:
        raise NotAllowed(
            t(
                "{person_id} has the key {key_id} and has to sign with it to {act}",
                person_id=person_id,
                key_id=enrolled.key_id,
                act=say_act(act),
            ),
            t(
                "give it with --key FILE or EFFMON_KEY; in place of a lost one: effmon people key "
                "new --out FILE"
            ),
        )
    if given.public != enrolled.public_key:
        raise _another(
            t(
                "the key {key_id} that was given is not {person_id}'s, which is {key_id_2}: to "
                "{act} takes that one",
                key_id=given.key_id,
                person_id=person_id,
                key_id_2=enrolled.key_id,
                act=say_act(act),
            )
        )
    return given


def own_key(context: Context, connection: Connection) -> None:
    """See that a key which nothing takes, but which was given, is the person's own.

    NotAllowed where it is another's: what they sign would pass for signed by nobody.
    """
    person_id, given = context.person, context.key
    enrolled = None if person_id is None else keys.in_use(connection, person_id)
    if given and enrolled and given.public != enrolled.public_key:
        raise _another(
            t(
                "the key {key_id} that was given is not {person_id}'s, which is {key_id_2}",
                key_id=given.key_id,
                person_id=person_id,
                key_id_2=enrolled.key_id,
            )
        )


def _another(said: str) -> NotAllowed:
    return NotAllowed(said, t("give it with --key FILE; see effmon people key list"))
