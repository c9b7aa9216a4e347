"""What may be done to the files that only an export has: its proofs and the keys that it names."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

from tests.ledger import hand_made

from .ledger_state import State, Trial

Forgery = Callable[[random.Random, Trial], State]


def _bytes(dice: random.Random, content: bytes) -> bytes:
    """A bit, a byte, some bytes more or fewer."""
    text, at, how = bytearray(content), dice.randrange(len(content)), dice.randrange(4)
    if how == 0:
        text[at] ^= 1 << dice.randrange(8)
    elif how == 1:
        text[at] = dice.choice(b'0123456789abcdef",:[]{} \n')
    elif how == 2:
        del text[at : at + dice.randint(1, 40)]
    else:
        text[at:at] = dice.choice([b" ", b"\n", b"0", b"[]", b'"', b'"x":1,'])
    return bytes(text)


def consistency_bytes(dice: random.Random, trial: Trial) -> State:
    """consistency.json damaged."""
    return replace(trial.honest, consistency=_bytes(dice, trial.honest.consistency))


def consistency_values(dice: random.Random, trial: Trial) -> State:
    """consistency.json well formed, with other proofs, sizes or fewer of them."""
    said = json.loads(trial.honest.consistency)
    part, how = dice.choice(said), dice.randrange(5)
    if how == 0:
        said.remove(part)
    elif how == 1:
        said.append(part)
    elif how == 2:
        dice.shuffle(said)
    elif how == 3:
        part[dice.choice(["first", "second"])] = dice.randrange(200)
    elif part["proof"]:
        part["proof"][dice.randrange(len(part["proof"]))] = dice.randbytes(32).hex()
    return replace(trial.honest, consistency=hand_made.line(said))


def trust_bytes(dice: random.Random, trial: Trial) -> State:
    """trust.json damaged."""
    return replace(trial.honest, trust=_bytes(dice, trial.honest.trust))


def trust_values(dice: random.Random, trial: Trial) -> State:
    """trust.json well formed, with other keys, terms, origin."""
    said = json.loads(trial.honest.trust)
    part, how = dice.choice(said["keys"]), dice.randrange(5)
    if how == 0:
        said["keys"].remove(part)
    elif how == 1:
        part["vkey"] = hand_made.Signer(f"{dice.random()}", said["origin"]).vkey
    elif how == 2:
        part[dice.choice(["from_size", "until_size"])] = dice.randrange(200)
    elif how == 3:
        said["origin"] += "x"
    else:
        said["keys"].append({**part, "vkey": hand_made.Signer("x", said["origin"]).vkey})
    return replace(trial.honest, trust=hand_made.line(said))


#: Of what is in an export alone.
EXPORT: list[Forgery] = [consistency_bytes, consistency_values, trust_bytes, trust_values]
