"""A channel that is configured and cannot work yet, because a secret or a file is missing."""

from .channel import Limit, Message, Result, Retry, receiver


class NotReady:
    """Stands in for the channel: its notices wait and say why, those of the others go out.

    They are tried again like those of a receiver that is down, so that nothing is lost while
    somebody mends it, and become dead letters if nobody does.
    """

    wakes = False
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def counted_as(self, message: Message) -> str:
        """One receiver for everybody: none."""
        return receiver(self.name)

    def send(self, message: Message) -> Result:
        """Sends nothing."""
        return Retry(self._reason)
