"""Messages as files in a folder, for another program or a courier to fetch."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from .channel import Limit, Message, Result, Retry, Sent, as_json, receiver


class FileDrop:
    """Writes `<message_id>.json` and `<message_id>.txt`, readable by the owner alone (0600).

    Each file appears whole or not at all, the text last: where it stands, the message is complete.
    """

    name = "file"
    wakes = False
    limits: tuple[Limit, ...] = ()
    longest_bytes = None
    group = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def counted_as(self, message: Message) -> str:
        """One receiver for everybody."""
        return receiver(self.name)

    def send(self, message: Message) -> Result:
        """Write both files; an id whose text is already there is left as it is."""
        message = message.cleaned()
        text_file = self._folder / f"{message.message_id}.txt"
        json_file = self._folder / f"{message.message_id}.json"
        data = {**as_json(message), "address": message.address}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if text_file.is_file():
                return Sent(f"{text_file.name} was already there")
            self._write(json_file, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
            self._write(text_file, _page(message))
            self._make_lasting()
        except OSError as fault:
            return Retry(f"cannot write to {self._folder}: {fault.strerror or fault}")
        return Sent(text_file.name)

    def _write(self, path: Path, text: str) -> None:
        # mkstemp creates the file 0600 and never follows a link that somebody laid in its way.
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _make_lasting(self) -> None:
        """Bring the folder's entries to the disk, so that a power cut leaves the files there."""
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _page(message: Message) -> str:
    return f"{message.subject}\n{message.recipient}\n{message.message_id}\n\n{message.text}\n"
