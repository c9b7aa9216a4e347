"""What the doctor says of rules: who approves them, what waits, trials that never end."""

from collections.abc import Iterator

from ...catalogue import catalogue_files, settings_in_force
from ...catalogue.authoring.pack_overlap import overlap_lines
from ...catalogue.rule_files import own_calendars
from ...catalogue.rule_versions import APPROVED, SECOND_PERSON, WAITING, Change, listed
from ...catalogue.rule_waiting import waiting
from ...faults import EffmonError
from ...i18n.messages import t
from ...scan.trials import endless
from ...workspace.context import Context

Finding = tuple[str, str, str]
GOOD, LOOK, BAD = "ok", "look", "bad"
#: Days for which a change of settings is shown.
CHANGED_DAYS = 30


def check_rules(context: Context) -> Iterator[Finding]:
    """The rules that judge, whether somebody approves them, and what waits for that."""
    approval = context.settings.rules.approval == SECOND_PERSON
    rules = context.catalogue.rules
    packs = ", ".join(context.catalogue.packs)
    yield "rules", GOOD, t("{n_rules} rules ({packs})", n_rules=len(rules), packs=packs)
    for line in overlap_lines([(bound.pack, bound.rule) for bound in rules]):
        yield "packs", LOOK, line
    yield (
        "approval",
        GOOD if approval else LOOK,
        t("rules and calendars take a second person; scans judge by what was approved")
        if approval
        else t(
            "nobody approves rules and calendars: whoever may write the files changes the cards"
        ),
    )
    since = context.now() - CHANGED_DAYS * 86_400
    for line in settings_in_force.recent(context, since):
        yield "settings changed", LOOK, line
    for line in settings_in_force.untold(context):
        yield "historical cards", LOOK, line
    for each in waiting(context):
        yield "waits for approval", LOOK, each.words()
    with context.store.reading() as connection:
        changes = list(listed(connection))
    alone = [each.change_no for each in changes if approval and _alone(each)]
    if alone:
        yield (
            "approved alone",
            LOOK,
            t(
                "{alone}: approved by who proposed it, while no second person was asked for",
                alone=", ".join(alone),
                alone_2="、".join(alone),
            ),
        )
    for change in [each for each in changes if each.state == WAITING]:
        number = change.change_no
        yield (
            "proposed",
            LOOK,
            t(
                "{number}, proposed by {person}, waits: effmon rules approve {number} --dry-run",
                number=number,
                person=change.person,
            ),
        )
    for rule_id, within, said in endless(context):
        yield f"trial {rule_id}", GOOD if within else LOOK, said


def _alone(change: Change) -> bool:
    """Whether nobody but its own author approved a change, as `approval = "none"` lets them."""
    return change.state == APPROVED and change.mode == "none" and change.ended_by == change.person


def check_own_calendars(context: Context) -> Iterator[Finding]:
    """Own calendars that stand in the place of installed ones which know later notices."""

    own = own_calendars(context)
    if not own.is_dir():
        return
    try:
        shipped = catalogue_files.read_calendars(context.catalogue.folder)
    except EffmonError:
        return
    for path in catalogue_files.calendar_paths(context.catalogue.folder, own):
        name = path.stem
        if not path.is_relative_to(own) or name not in shipped:
            continue
        mine = context.catalogue.calendars.get(name)
        numbers = set() if mine is None else {notice.number for notice in mine.notices.values()}
        missing = [n.number for n in shipped[name].notices.values() if n.number not in numbers]
        later = [number for number in missing if mine is not None]
        yield (
            f"own calendar {name}",
            LOOK if later else GOOD,
            t("{path} replaces the installed one", path=path)
            + (
                t(" and lacks notices: {later}", later=", ".join(later), later_2="、".join(later))
                if later
                else ""
            ),
        )
