"""The words of GLOSSARY.md as enums. One word for one thing."""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """Level of a card, ordered: a higher one supersedes a lower one."""

    WARNING = 1
    YELLOW = 2
    RED = 3

    @property
    def word(self) -> str:
        """The word used in files and JSON."""
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> "Level":
        """Read `warning`, `yellow` or `red`; ValueError otherwise."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"unknown level {word!r}: warning, yellow or red") from None


class CardState(StrEnum):
    """Life of a card (docs/contract.md 4)."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    REPLIED = "replied"
    CLOSED = "closed"
    SUPERSEDED = "superseded"
    LIFTED = "lifted"
    HISTORICAL = "historical"


#: "--state open" means every state before closed (docs/contract.md 4).
STANDING_STATES = (
    CardState.PENDING,
    CardState.OPEN,
    CardState.ACKNOWLEDGED,
    CardState.REPLIED,
)


#: Stands for a rule and its pack on cards that people give by hand: no scan decides on them.
MANUAL_RULE = "MANUAL"
MANUAL_PACK = "manual"


class Outcome(StrEnum):
    """What a scan says of a case: exactly one of three (docs/contract.md 3)."""

    JUDGED = "judged"
    NOT_JUDGEABLE = "not_judgeable"
    EXCLUDED = "excluded"


class Reason(StrEnum):
    """Why a case, or one rule of it, could not be judged."""

    NO_LIMIT = "no_limit"
    BAD_LIMIT = "bad_limit"
    NO_CALENDAR = "no_calendar"
    CALENDAR_NOT_COVERED = "calendar_not_covered"
    CALENDAR_PROVISIONAL = "calendar_provisional"
    DATE_ONLY = "date_only"
    FAULTY_DATA = "faulty_data"
    STALE_FEED = "stale_feed"
    HALF_IMPORT = "half_import"
    #: Events of it have come whose times are read in the zone of the case's calendar, and the row
    #: that names the calendar has not.
    NO_CASE_ROW = "no_case_row"
    #: Rows of the case are not those that the entries of their imports hold.
    INPUT_NOT_HELD = "input_not_held"
    #: The data do not hold what a rule of conduct measures.
    LACKING_DATA = "lacking_data"
    #: An extension did not count, or not whole. The case is judged all the same.
    EXTENSION_REFUSED = "extension_refused"
    #: A tally is compared with a window of which not everything, or nothing, is known.
    NO_FORMER_WINDOW = "no_former_window"


class LiftReason(StrEnum):
    """Why a card was lifted. Only the first four let it be issued again (docs/contract.md 4)."""

    LATE_EVIDENCE = "late_evidence"
    #: The case's own fields were told otherwise, and persons or the rules of binding took that.
    CORRECTION = "correction"
    CALENDAR_AMENDED = "calendar_amended"
    #: It was judged as of an instant that had not come: a clock ran ahead.
    CLOCK_ERROR = "clock_error"
    APPEAL = "appeal"
    EXEMPTION = "exemption"
    #: Persons decided that it should never have been given: a manual card, a faulty rule.
    ISSUED_IN_ERROR = "issued_in_error"
    #: It waited to be confirmed and was refused.
    NOT_CONFIRMED = "not_confirmed"


#: What was received or set later: a card that fell by it is shown until a supervisor has seen it.
EVIDENCE = (LiftReason.LATE_EVIDENCE, LiftReason.CORRECTION, LiftReason.CALENDAR_AMENDED)


class OrderState(StrEnum):
    """Life of a supervision order 督办单."""

    OPEN = "open"
    REPLIED = "replied"
    #: The reply was not accepted: the department does it again, by a new deadline.
    RETURNED = "returned"
    CLOSED = "closed"


class AppealState(StrEnum):
    """Life of an appeal 申诉. `lift`, `return` and `refer` are what may be decided."""

    FILED = "filed"
    #: Referred upwards: somebody else than the one who referred it decides.
    REFERRED = "referred"
    #: Decided: the card is lifted.
    UPHELD = "upheld"
    #: Decided: the card stands.
    RETURNED = "returned"
    #: Its card was lifted for another reason before it was decided.
    SETTLED = "settled"


class AccountStatus(StrEnum):
    """Status of an accountability record (docs/contract.md 8)."""

    TO_VERIFY = "to_verify"
    VERIFIED = "verified"
    MEASURE_RECORDED = "measure_recorded"
    EXEMPTED = "exempted"


class ExemptionGround(StrEnum):
    """Why somebody is exempt from accountability (domain: M-C articles 11 and 12)."""

    FALSE_MATERIAL = "false_material"
    FORCE_MAJEURE = "force_majeure"
    SELF_CORRECTED = "self_corrected"
    #: The card was lifted by an appeal.
    APPEAL_UPHELD = "appeal_upheld"
    #: The card fell by evidence, a correction or an amended calendar.
    CARD_FELL = "card_fell"


class NoticeState(StrEnum):
    """State of a notice in the outbox."""

    PENDING = "pending"
    SENT = "sent"
    #: It was tried for 72 hours: somebody has to look at it.
    DEAD = "dead"
    #: What it was about no longer holds; it was never sent.
    VOID = "void"


class AlarmKind(StrEnum):
    """What supervisors are alarmed about: themselves (domain: J-B001, J-B002)."""

    NOT_FOLLOWED_UP = "not_followed_up"
    ORDER_OPEN = "order_open"


class ItemKind(StrEnum):
    """Kind of item: 即办件, 承诺件, 上报件, 联办件."""

    INSTANT = "instant"
    PROMISED = "promised"
    FORWARDED = "forwarded"
    JOINT = "joint"


class Precision(StrEnum):
    """How exactly a time is known."""

    SECOND = "second"
    DAY = "day"
