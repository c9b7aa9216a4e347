"""Who did it: what the operating system says of a person at work, and for whom they say they act.

`claimed` is a claim: whoever may open the database may claim anything. What proves a person is a
signature with their own key (`signatures`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The one who acts: system user, machine, terminal, and the person they claim to be."""

    os_user: str
    #: User who became `os_user` through sudo, if the system says so.
    sudo_user: str | None = None
    host: str = "unknown"
    #: Name of the terminal; None for a job or a pipe.
    tty: str | None = None
    #: The person of `--as`; None where nobody is named.
    claimed: str | None = None

    def as_json(self) -> dict[str, object]:
        """As it stands in every ledger entry."""
        return {
            "os_user": self.os_user,
            "sudo_user": self.sudo_user,
            "host": self.host,
            "tty": self.tty,
            "claimed": self.claimed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine from one start of its kernel to the next: names alone are given twice."""

    name: str
    #: Id of this start; of a machine that has none, of this process alone.
    boot: str
    #: Which processes are numbered together: a container has numbers of its own. May be empty.
    numbering: str = ""

    @property
    def kernel(self) -> str:
        """Who shares this is under the same kernel: a lock on a file that is free is free."""
        return f"{self.name}/{self.boot}"

    @property
    def processes(self) -> str:
        """Who shares this means the same process by the same number."""
        return f"{self.kernel}/{self.numbering}"
