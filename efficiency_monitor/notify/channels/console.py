"""Messages written to a stream that somebody reads: a terminal, a service's journal."""

from typing import TextIO

from .channel import Limit, Message, Result, Retry, Sent, receiver


class Console:
    """Writes each message as a paragraph; a repeat shows the same message id once more."""

    name = "console"
    wakes = False
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def counted_as(self, message: Message) -> str:
        """One receiver for everybody."""
        return receiver(self.name)

    def send(self, message: Message) -> Result:
        """Write the message. A closed or full stream is tried again."""
        message = message.cleaned()
        text = f"== {message.subject}\n-> {message.recipient}  [{message.message_id}]\n\n"
        text += message.text.rstrip("\n") + "\n\n"
        try:
            self._stream.write(_encodable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError) as fault:  # ValueError: the stream is closed
            return Retry(f"cannot write to the console: {fault}")
        return Sent("written to the console")


def _encodable(text: str, encoding: str | None) -> str:
    """The text with `\\uXXXX` for what the stream cannot encode (an ASCII terminal)."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
