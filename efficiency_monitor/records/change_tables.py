"""The tables of rule changes: texts that were kept, what was proposed, how it ended; trials.

`kept_text`, `text_use`, `settings_in_force`, `change_proposal` and `change_end` are append-only, by
triggers (see migrations). `trial_finding` is known anew by each scan.
"""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .tables import _instant, _long, metadata

__all__ = [
    "ChangeEndRow",
    "ChangeProposalRow",
    "KeptTextRow",
    "SettingsInForceRow",
    "TextUseRow",
    "TrialFindingRow",
    "metadata",
]


class KeptTextRow(SQLModel, table=True):
    """The text of a rule, a calendar or the vocabulary as canonical JSON, kept for ever."""

    __tablename__ = "kept_text"
    id: int | None = Field(default=None, primary_key=True)
    #: Of the content, in hex.
    sha256: str = Field(unique=True)
    #: `rule`, `calendar` or `vocabulary`.
    kind: str
    #: Id of the rule or calendar; `vocabulary`.
    name: str = Field(index=True)
    #: Of a rule.
    version: int | None = None
    content: str = _long()
    kept_at: int = _instant()


class TextUseRow(SQLModel, table=True):
    """A text of a version of a rule by which a scan has judged, or that was approved for it."""

    __tablename__ = "text_use"
    __table_args__ = (UniqueConstraint("name", "version", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    version: int
    pack: str
    sha256: str
    since: int = _instant()


class ChangeProposalRow(SQLModel, table=True):
    """A change of what is judged by, proposed by one person for another to approve."""

    __tablename__ = "change_proposal"
    id: int | None = Field(default=None, primary_key=True)
    #: `C-0001`, …
    change_no: str = Field(unique=True)
    at: int = _instant()
    person: str
    #: The absent person for whom they proposed it; None: in their own right.
    on_behalf_of: str | None = None
    os_user: str
    host: str | None = None
    tty: str | None = None
    reason: str = _long()
    #: SHA-256 of `parts`: what an approval is of.
    sha256: str
    #: Canonical JSON: kind, pack, name, version, path, digests before and after of each text.
    parts: str = _long()


class ChangeEndRow(SQLModel, table=True):
    """How a proposal ended: one end for each."""

    __tablename__ = "change_end"
    change_no: str = Field(primary_key=True, foreign_key="change_proposal.change_no")
    #: `approved` or `withdrawn`.
    kind: str
    at: int = _instant()
    person: str
    os_user: str
    host: str | None = None
    tty: str | None = None
    text: str | None = _long(default=None)
    #: `second_person`, or `none` where one person was enough: the setting at that time.
    mode: str
    #: Number of its ledger entry: the order in which changes took effect.
    seq: int = Field(unique=True)


class SettingsInForceRow(SQLModel, table=True):
    """The settings that decide, each time that others came into force; the newest row holds."""

    __tablename__ = "settings_in_force"
    id: int | None = Field(default=None, primary_key=True)
    at: int = _instant()
    #: Canonical JSON, kept as a `kept_text` under this digest.
    sha256: str
    #: The change by which they were approved; None: they were taken from the file.
    change_no: str | None = None
    os_user: str
    person: str | None = None


class TrialFindingRow(SQLModel, table=True):
    """A card that a rule on trial would have given, as of the last scan of the case."""

    __tablename__ = "trial_finding"
    __table_args__ = (UniqueConstraint("case_id", "rule_id", "episode", "level"),)
    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    rule_id: str = Field(index=True)
    rule_version: int
    pack: str
    #: Key of the event that it rests on.
    episode: str
    level: int
    limit_name: str
    limit_at: str
    fell_due_at: int | None = _instant(default=None)
    as_of: int = _instant()
