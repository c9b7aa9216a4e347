"""What persons do, in which role, and what comes of it, in the user's language."""

from collections.abc import Mapping
from typing import Final

from ..people.model.authority import Act
from ..people.model.people import Role
from ..terms import AccountStatus, ExemptionGround
from .language import t

_ACTS: Final[Mapping[Act, tuple[str, str]]] = {
    Act.ACKNOWLEDGE: ("签收", "acknowledge a card"),
    Act.REPLY: ("反馈", "reply to a card"),
    Act.CONFIRM: ("确认发牌", "confirm a card"),
    Act.ISSUE: ("发牌", "issue a card"),
    Act.LIFT: ("撤牌", "lift a card"),
    Act.CLOSE: ("关闭牌", "close a card"),
    Act.OPEN_ORDER: ("开具督办单", "open an order"),
    Act.REPLY_ORDER: ("反馈督办单", "reply to an order"),
    Act.RETURN_ORDER: ("退回督办单", "return an order"),
    Act.CLOSE_ORDER: ("办结督办单", "close an order"),
    Act.FILE_APPEAL: ("申诉", "file an appeal"),
    Act.DECIDE_APPEAL: ("裁决申诉", "decide an appeal"),
    Act.DECIDE_REFERRED: ("裁决上报的申诉", "decide an appeal that was referred"),
    Act.VERIFY: ("核实追责记录", "verify an accountability record"),
    Act.RECORD_MEASURE: ("记录处理措施", "record a measure"),
    Act.ASK_EXEMPTION: ("申请免责", "ask for an exemption"),
    Act.EXEMPT: ("批准免责", "approve an exemption"),
    Act.ADD_SILENCE: ("设置静默", "add a silence"),
    Act.SILENCE_SUPERVISORS: ("对监察机关的通知设置静默", "silence what supervisors are told"),
    Act.END_SILENCE: ("结束静默", "end a silence"),
    Act.DISMISS_NOTICE: ("撤下未能送达的通知", "dismiss an undelivered notice"),
    Act.ENROL_KEY: ("登记密钥", "enrol a key"),
    Act.REVOKE_KEY: ("吊销密钥", "revoke a key"),
    Act.UNMASK: ("查看未遮盖的个人信息", "see personal data unmasked"),
    Act.ERASE: ("删除个人信息", "erase personal data"),
    Act.CHANGE_SUPERVISION: ("变更监察人员", "change who supervises"),
    Act.IMPORT_AS_PULLED: (
        "以自动取数的数据源名义手工导入",
        "import files as rows of a source that is pulled",
    ),
    Act.PROPOSE_CHANGE: ("提出规则或日历变更", "propose a change of rules or calendars"),
    Act.APPROVE_CHANGE: ("批准规则或日历变更", "approve a change of rules or calendars"),
}
_ROLES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.HANDLER: ("承办人", "handler"),
    Role.REVIEWER: ("审核人", "reviewer"),
    Role.APPROVER: ("批准人", "approver"),
    Role.HEAD: ("部门负责人", "head"),
    Role.LEADER: ("分管领导", "leader"),
    Role.SUPERVISOR: ("监察机关", "supervisor"),
}


def say_act(act: Act) -> str:
    """What is done, as it stands after "may"."""
    return t(*_ACTS[act])


def say_role(role: Role | str) -> str:
    """A role; a word that is none is shown as it is."""
    try:
        return t(*_ROLES[Role(role)])
    except ValueError:
        return str(role)


_ACCOUNTS: Final[Mapping[AccountStatus, tuple[str, str]]] = {
    AccountStatus.TO_VERIFY: ("待核实", "to verify"),
    AccountStatus.VERIFIED: ("已核实", "verified"),
    AccountStatus.MEASURE_RECORDED: ("已记录措施", "measure recorded"),
    AccountStatus.EXEMPTED: ("已免责", "exempted"),
}
_GROUNDS: Final[Mapping[ExemptionGround, tuple[str, str]]] = {
    ExemptionGround.FALSE_MATERIAL: ("申请材料虚假", "false material"),
    ExemptionGround.FORCE_MAJEURE: ("不可抗力", "force majeure"),
    ExemptionGround.SELF_CORRECTED: ("自行纠正", "corrected by themselves"),
    ExemptionGround.APPEAL_UPHELD: ("申诉成立", "appeal upheld"),
}


def say_account_status(status: AccountStatus | str) -> str:
    """Status of an accountability record; a word that is none is shown as it is."""
    try:
        return t(*_ACCOUNTS[AccountStatus(status)])
    except ValueError:
        return str(status)


def say_ground(ground: ExemptionGround | str) -> str:
    """Why a record is exempted; a word that is none is shown as it is."""
    try:
        return t(*_GROUNDS[ExemptionGround(ground)])
    except ValueError:
        return str(ground)
