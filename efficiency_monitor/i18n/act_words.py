"""What persons do, in which role, and what comes of it, in the user's language."""

from collections.abc import Mapping
from typing import Final

from ..people.model.authority import Act
from ..people.model.people import Role
from ..terms import AccountStatus, ExemptionGround
from .messages import mark, t

_ACTS: Final[Mapping[Act, str]] = {
    Act.ACKNOWLEDGE: mark("acknowledge a card"),
    Act.REPLY: mark("reply to a card"),
    Act.CONFIRM: mark("confirm a card"),
    Act.ISSUE: mark("issue a card"),
    Act.LIFT: mark("lift a card", ctx="acts"),
    Act.CLOSE: mark("close a card"),
    Act.OPEN_ORDER: mark("open an order"),
    Act.REPLY_ORDER: mark("reply to an order"),
    Act.RETURN_ORDER: mark("return an order"),
    Act.CLOSE_ORDER: mark("close an order"),
    Act.FILE_APPEAL: mark("file an appeal"),
    Act.DECIDE_APPEAL: mark("decide an appeal"),
    Act.DECIDE_REFERRED: mark("decide an appeal that was referred"),
    Act.VERIFY: mark("verify an accountability record"),
    Act.RECORD_MEASURE: mark("record a measure"),
    Act.ASK_EXEMPTION: mark("ask for an exemption"),
    Act.EXEMPT: mark("approve an exemption"),
    Act.ADD_SILENCE: mark("add a silence"),
    Act.SILENCE_SUPERVISORS: mark("silence what supervisors are told"),
    Act.END_SILENCE: mark("end a silence"),
    Act.DISMISS_NOTICE: mark("dismiss an undelivered notice"),
    Act.ENROL_KEY: mark("enrol a key"),
    Act.REVOKE_KEY: mark("revoke a key"),
    Act.UNMASK: mark("see personal data unmasked"),
    Act.ERASE: mark("erase personal data"),
    Act.CHANGE_SUPERVISION: mark("change who supervises"),
    Act.IMPORT_AS_PULLED: mark("import files as rows of a source that is pulled"),
    Act.DECIDE_EVIDENCE: mark("decide on evidence"),
    Act.SEE_EVIDENCE: mark("note that a card fell by evidence"),
    Act.REPAIR_CLOCK: mark("repair a clock that ran ahead"),
    Act.REPAIR_INPUT: mark("set input aside that no import holds"),
    Act.HAND_OVER: mark("hand over the cases of a source"),
    Act.PROPOSE_CHANGE: mark("propose a change of rules or calendars"),
    Act.APPROVE_CHANGE: mark("approve a change of rules or calendars"),
}
_ROLES: Final[Mapping[Role, str]] = {
    Role.HANDLER: mark("handler"),
    Role.REVIEWER: mark("reviewer"),
    Role.APPROVER: mark("approver"),
    Role.HEAD: mark("head"),
    Role.LEADER: mark("leader"),
    Role.SUPERVISOR: mark("supervisor"),
}


def say_act(act: Act) -> str:
    """What is done, as it stands after "may"."""
    return t(_ACTS[act])


def say_role(role: Role | str) -> str:
    """A role; a word that is none is shown as it is."""
    try:
        return t(_ROLES[Role(role)])
    except ValueError:
        return str(role)


_ACCOUNTS: Final[Mapping[AccountStatus, str]] = {
    AccountStatus.TO_VERIFY: mark("to verify"),
    AccountStatus.VERIFIED: mark("verified", ctx="accounts"),
    AccountStatus.MEASURE_RECORDED: mark("measure recorded", ctx="accounts"),
    AccountStatus.EXEMPTED: mark("exempted", ctx="accounts"),
}
_GROUNDS: Final[Mapping[ExemptionGround, str]] = {
    ExemptionGround.FALSE_MATERIAL: mark("false material"),
    ExemptionGround.FORCE_MAJEURE: mark("force majeure"),
    ExemptionGround.SELF_CORRECTED: mark("corrected by themselves"),
    ExemptionGround.APPEAL_UPHELD: mark("appeal upheld"),
    ExemptionGround.CARD_FELL: mark("the card fell by evidence"),
}


def say_account_status(status: AccountStatus | str) -> str:
    """Status of an accountability record; a word that is none is shown as it is."""
    try:
        return t(_ACCOUNTS[AccountStatus(status)])
    except ValueError:
        return str(status)


def say_ground(ground: ExemptionGround | str) -> str:
    """Why a record is exempted; a word that is none is shown as it is."""
    try:
        return t(_GROUNDS[ExemptionGround(ground)])
    except ValueError:
        return str(ground)
