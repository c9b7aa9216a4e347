"""What has to be said of a ledger for ever: keys that nobody vouched for, losses."""

import json
from collections.abc import Sequence

from ..i18n.messages import t
from .model.keys import KeyPeriod
from .tree import Derived


def marks(found: Derived, keys: Sequence[KeyPeriod]) -> list[str]:
    """The marks in words, oldest first."""
    said = [
        t(
            "the key {hex} is in use from entry {from_size} on, without a signature of the key "
            "before",
            hex=key.verifier.key_id.hex(),
            from_size=key.from_size,
        )
        for key in keys
        if not key.vouched
    ]
    for body in found.checkpoints:
        if b'"after_loss":' not in body:
            continue
        try:
            entry = json.loads(body)
            seq = entry["seq"]
            sizes = sorted({int(each["size"]) for each in entry["after_loss"]["lost"]})
        except (ValueError, KeyError, TypeError):
            continue
        up_to = sizes[-1] if sizes else "?"
        said.append(
            t(
                "entry {seq}: begun again after a loss; {up_to} entries had been signed before",
                seq=seq,
                up_to=up_to,
            )
        )
    return said
