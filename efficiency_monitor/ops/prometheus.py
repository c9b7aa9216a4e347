"""Figures as Prometheus reads them from a file (text format 0.0.4, node_exporter's textfile)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z][a-z0-9_]*")
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its name without prefix, what it is, and its values by labels."""

    name: str
    help: str
    values: Mapping[Labels, int] = field(default_factory=dict)


def text(figures: Iterable[Figure]) -> str:
    """The figures as text; those without a value are left out. ValueError for a bad name."""
    lines: list[str] = []
    for figure in figures:
        if not _NAME.fullmatch(figure.name):
            raise ValueError(figure.name)
        if not figure.values:
            continue
        name = f"effmon_{figure.name}"
        lines.append(f"# HELP {name} {_escaped(figure.help)}")
        lines.append(f"# TYPE {name} gauge")
        for labels, value in sorted(figure.values.items()):
            given = ",".join(f'{key}="{_quoted(said)}"' for key, said in labels)
            lines.append(f"{name}{{{given}}} {value}" if given else f"{name} {value}")
    return "\n".join(lines) + "\n"


def _escaped(said: str) -> str:
    return said.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(said: str) -> str:
    return _escaped(said).replace('"', '\\"')
