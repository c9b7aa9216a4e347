"""The files of the catalogue are plain data: what a person reads is what is loaded."""

from pathlib import Path

import pytest
import yaml

from .tree import files, read

CATALOGUE = tuple(n for n in files() if n.parts[0] == "rules" and n.suffix in (".yaml", ".yml"))


def tricks(text: str) -> list[str]:
    """YAML means that hide something: anchors, aliases, explicit tags, several documents."""
    found = []
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            found.append(f"{line}: anchor or alias")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            found.append(f"{line}: tag {event.tag}")
    return found if documents == 1 else [*found, f"{documents} documents"]


@pytest.mark.parametrize("name", CATALOGUE, ids=str)
def test_catalogue_files_are_plain(name: Path) -> None:
    assert tricks(read(name)) == []


def test_tricks_would_be_found() -> None:
    assert tricks("a: &x 1\nb: *x\n") == ["1: anchor or alias", "2: anchor or alias"]
    assert tricks("a: !!python/name:os.system 1\n") == [
        "1: tag tag:yaml.org,2002:python/name:os.system"
    ]
    assert tricks("a: 1\n---\nb: 2\n") == ["2 documents"]


def test_catalogue_files_have_one_extension() -> None:
    """The loader and the wheel take `.yaml`; a `.yml` would be left behind without a word."""
    assert [name for name in CATALOGUE if name.suffix != ".yaml"] == []
