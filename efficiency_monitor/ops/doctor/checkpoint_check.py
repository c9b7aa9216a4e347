"""What the doctor says of checkpoints: signed lately, and what has to be known for ever."""

from collections.abc import Iterator, Sequence

from ...faults import EffmonError
from ...i18n.messages import t
from ...ledger import signer_state
from ...ledger.checkpoint_checks import lost_memory
from ...ledger.checkpoints import pending_since
from ...ledger.keys import check_current, known
from ...ledger.signer import open_signer, signs_here
from ...ledger.store import checkpoints as store
from ...time.instants import rfc3339
from ...workspace.context import Context

GOOD, LOOK, BAD = "ok", "look", "bad"
#: Seconds for which entries may wait to be signed.
LONGEST = 24 * 3600


def check_checkpoints(context: Context) -> Iterator[tuple[str, str, str]]:
    """Is there a key, is it the ledger's, has anything waited for more than a day."""
    with context.store.reading() as connection:
        newest, stored = store.newest(connection), store.every(connection)
        since = pending_since(connection, context.zone)
        keys = known(connection)
    try:
        signer = open_signer(context.folder, context.settings)
        if keys:
            check_current(keys, signer)
    except EffmonError as fault:
        yield "checkpoint", LOOK, f"{fault.message} ({fault.hint})"
    yield from _memory(context, stored)
    late = since is not None and context.now() - since > LONGEST
    if newest:
        at = rfc3339(newest[0].made_at, context.zone)
        said = t("last {at}, {size} entries", at=at, size=newest[0].size)
    else:
        said = t("none was signed yet")
    if late and since is not None:
        at = rfc3339(since, context.zone)
        said += t("; entries since {at} are not signed: effmon ledger checkpoint", at=at)
    # Of a ledger that nobody has ever meant to sign it has been said that it has no key.
    meant = bool(keys or newest)
    yield "checkpoint", (BAD if meant else LOOK) if late else GOOD, said


def _memory(
    context: Context, stored: Sequence[store.StoredCheckpoint]
) -> Iterator[tuple[str, str, str]]:
    """Whether the signer remembers what the database has: without it nothing more is signed."""
    if context.store.masked or not signs_here(context.folder, context.settings):
        return
    try:
        state = signer_state.read(context.folder / context.settings.ledger.state)
    except EffmonError as fault:
        yield "signer's memory", BAD, f"{fault.message} ({fault.hint})"
        return
    for said, gone in lost_memory(stored, state):
        yield (
            "signer's memory",
            BAD if gone else LOOK,
            t(
                "{said}. Put back the newest checkpoint that was sent out, or see docs/ledger.md",
                said=said,
            ),
        )
