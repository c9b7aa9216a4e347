"""What has to be said of a ledger for ever: keys that nobody vouched for, losses."""

import json
from collections.abc import Sequence

from ..i18n.language import t
from .model.keys import KeyPeriod
from .tree import Derived


def marks(found: Derived, keys: Sequence[KeyPeriod]) -> list[str]:
    """The marks in words, oldest first."""
    said = [
        t(
            f"密钥 {key.verifier.key_id.hex()} 自第 {key.from_size} 条起使用，原密钥未为它签名",
            f"the key {key.verifier.key_id.hex()} is in use from entry {key.from_size} on, "
            "without a signature of the key before",
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
                f"第 {seq} 条：丢失之后重新开始；此前签过 {up_to} 条",
                f"entry {seq}: begun again after a loss; {up_to} entries had been signed before",
            )
        )
    return said
