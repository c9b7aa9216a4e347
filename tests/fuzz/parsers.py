"""Every parser of text or bytes from outside, by name."""

from pathlib import Path

from .file_parsers import FILES
from .parser import Parser
from .program_parsers import PROGRAMS
from .text_parsers import TEXTS

PARSERS = {**FILES, **TEXTS, **PROGRAMS}


def made(name: str, folder: Path) -> Parser:
    """A parser that keeps its files in the folder."""
    return PARSERS[name](folder)
