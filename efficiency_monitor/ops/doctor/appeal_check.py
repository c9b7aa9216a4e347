"""What the doctor says of appeals: how many wait, are overdue, or can be decided by nobody."""

from collections.abc import Iterator

from ...cards.store import cards
from ...followup.appeals import store
from ...followup.appeals.model import WAITING
from ...i18n.messages import t
from ...notify.notices import people
from ...people.acting import approvals
from ...people.recusal import act_of, deciders, who_withdraws
from ...workspace.context import Context


def check_appeals(context: Context) -> Iterator[tuple[str, str, str]]:
    """The doctor's findings: name, status, sentence."""
    now = context.now()
    with context.store.reading() as connection:
        everybody = people(connection)
        waiting = store.listed(
            connection,
            states=[str(state) for state in WAITING],
            card_no=None,
            department=None,
            overdue_at=None,
        )
        stuck = []
        for appeal in waiting:
            card = cards.find(connection, appeal.card_no)
            act = act_of(appeal.round)
            withdraw = {*who_withdraws(connection, card, everybody, appeal)}
            for given in approvals(
                connection, subject=f"appeal:{appeal.appeal_no}", act=act, round=appeal.round
            ):
                withdraw |= given.voices
            if not deciders(context, everybody, card, act, withdraw):
                stuck.append(appeal.appeal_no)
    late = sum(appeal.decide_by is not None and appeal.decide_by < now for appeal in waiting)
    yield (
        "appeals",
        "look" if waiting else "ok",
        t(
            "{n_waiting} appeals wait to be decided, {late} of them overdue",
            n_waiting=len(waiting),
            late=late,
        ),
    )
    if stuck:
        names = t(", ").join(stuck[:5])
        yield (
            "appeals nobody may decide",
            "bad",
            t(
                "{names}: whoever might decide withdraws, or is not known; import a supervisor or "
                "a leader (effmon people import)",
                names=names,
            ),
        )
