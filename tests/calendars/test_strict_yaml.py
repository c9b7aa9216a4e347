"""Strict YAML: what is written is what is read, or a fault with its place."""

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator

from efficiency_monitor.catalogue import strict_yaml
from efficiency_monitor.catalogue.strict_yaml import Node, load, parse_model, place, plain
from efficiency_monitor.faults import CatalogueError
from efficiency_monitor.rules.rules import Rule


def fault(text: str) -> str:
    """The message of the fault that reading the text raises."""
    with pytest.raises(CatalogueError) as caught:
        load(text, "f.yaml")
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value.message


def outcome(text: str) -> Node | str:
    """What a text is read as, or the message of the fault."""
    try:
        return load(text, "f.yaml")
    except CatalogueError as caught:
        return caught.message


def test_texts_stay_texts() -> None:
    node = load(
        "{a: 2026-10-01, b: '12:30', c: 1.50, d: true, e: null, f: 0, g: -7, h: v1.0, i: 0731-55}",
        "f.yaml",
    )
    assert plain(node) == {
        "a": "2026-10-01",
        "b": "12:30",
        "c": "1.50",
        "d": True,
        "e": None,
        "f": 0,
        "g": -7,
        "h": "v1.0",
        "i": "0731-55",
    }


@pytest.mark.parametrize(
    "word",
    [
        *("12:30", "09:00", "1:30:00", "190:20:30.15", "+12:30"),
        *("on", "On", "OFF", "yes", "Yes", "no", "NO", "y", "Y", "n", "N", "True", "FALSE", "Null"),
        *("010", "-010", "08", "0x1F", "0o17", "0b11", "1_000", "0_1", "1_0.5"),
        *(".inf", "-.inf", ".NaN", "~", "<<", "=", "1234567890123456789"),
    ],
)
def test_what_yaml_reads_otherwise_is_refused(word: str) -> None:
    assert fault(f"a:\n  - x\n  - {word}\n").startswith("f.yaml:3:5: ")
    assert fault(f"ok: 1\n{word}: x\n").startswith("f.yaml:2:1: ")
    assert plain(load(f"a: '{word}'", "f.yaml")) == {"a": word}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key 'a' stands here a second time, first on line 1"),
        ("a: {b: 1, 'b': 2}", "f.yaml:1:11: key 'b' stands here a second time"),
        ("a: &x 1\n", "f.yaml:1:4: anchor &x is not allowed"),
        ("a: 1\nb: *x\n", "f.yaml:2:4: alias *x is not allowed"),
        ("a: !!int '1'\n", "f.yaml:1:4: tag tag:yaml.org,2002:int is not allowed"),
        ("a: ! 1\n", "f.yaml:1:4: tag ! is not allowed"),
        ("--- 1\n--- 2\n", "f.yaml:2:1: a second document"),
        ("%YAML 1.2\n---\na: 1\n", "f.yaml:1:1: directives are not allowed"),
        ("? [a]\n: 1\n", "f.yaml:1:3: a key must be a word"),
        ("true: 1\n", "f.yaml:1:1: true is no text"),
        ("'': 1\n", "f.yaml:1:1: an empty key"),
        ("", "f.yaml:1:1: the file is empty"),
        ("# nothing\n", "f.yaml:1:1: the file is empty"),
        ("a: [1,\n", "f.yaml:2:1: did not find expected node content"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: found character that cannot start any token"),
        ("国庆: 'x\x01'\n", "f.yaml:1:7: invisible or control character U+0001"),
        ('a: 1\nb: "\\0"\n', "f.yaml:2:4: invisible or control character U+0000"),
        ("a: x\u202ey\n", "f.yaml:1:5: invisible or control character U+202E"),
        ("a: \ud800\n", "f.yaml:1:4: invisible or control character U+D800"),
        ("a: 1\r\nb: \x85\n", "f.yaml:2:4: invisible or control character U+0085"),
        ("- " * 32 + "x", "f.yaml:1:63: nested deeper than 30 levels"),
        ("[" * 100_000, "f.yaml:1:32: nested deeper than 30 levels"),
        ("# " + "字" * 400_000, "f.yaml:1:1: larger than 1,000,000 bytes"),
    ],
)
def test_faults_have_their_place(text: str, said: str) -> None:
    assert fault(text).startswith(said)


def test_limits_themselves_are_allowed() -> None:
    assert load("[" * 31 + "]" * 31, "f.yaml").col == 1
    assert plain(load("#" + "x" * 999_994 + "\na: 1", "f.yaml")) == {"a": 1}


def test_a_byte_order_mark_does_not_shift_places() -> None:
    assert load("\ufeffa: 1", "f.yaml").at == "f.yaml:1:1"


def test_both_parsers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libyaml the same texts are read, and refused at the same place."""
    texts = ["a: [1, {b: '2'}]\nc: |\n  x\n", "a: 1\na: 2", "a: on", "a: *x", "--- 1\n--- 2", ""]
    fast = [outcome(text) for text in texts]
    monkeypatch.setattr(strict_yaml, "_LOADER", yaml.SafeLoader)
    assert [outcome(text) for text in texts] == fast


NASTY = st.text(
    alphabet=st.sampled_from([*"abyn01:_.-+~<>=[]{},'\"|&*!%#?@\n \t\r\\x国\ufeff"]),
    max_size=60,
)


@given(st.one_of(NASTY, st.text(max_size=200)))
@example("a: \ud800")
@example("? - ? -")
@example("9" * 5000)
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    said = outcome(text)
    assert isinstance(said, Node) or said.startswith("f.yaml:")


@given(st.one_of(NASTY, st.text(max_size=200)))
@example("limits: {a: {fixed: " + "9" * 40 + " working_days}}")
def test_any_text_is_a_rule_or_a_fault(text: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_model(text, "f.yaml", Rule)
    assert all(line.startswith("f.yaml:") for line in caught.value.message.splitlines())


SCALARS = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(10**17) + 1, 10**17 - 1),
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8),
)
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def quoted(value: object) -> str:
    """A tree in flow style with every text in quotes."""
    if isinstance(value, dict):
        inner = ", ".join(f"{quoted(key)}: {quoted(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(quoted(item) for item in value)}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


@given(TREES)
def test_what_is_written_in_quotes_is_read_back(tree: object) -> None:
    assert repr(plain(load(quoted(tree), "f.yaml"))) == repr(tree)


@given(TREES)
def test_the_place_of_every_node_is_found(tree: object) -> None:
    root = load(quoted(tree), "f.yaml")

    def walk(node: Node, loc: tuple[str | int, ...]) -> None:
        assert place(root, loc) == node.at
        if isinstance(node.value, dict):
            for key, item in node.value.items():
                walk(item, (*loc, key))
                assert place(root, (*loc, key), at_key=True) != item.at
        elif isinstance(node.value, list):
            for index, item in enumerate(node.value):
                walk(item, (*loc, index))

    walk(root, ())


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: int = 0

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError("a name has three letters at most")
        return name


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    parts: tuple[Inner, ...] = ()
    named: dict[str, Inner] | None = None
    flag: bool = False


def test_every_fault_of_a_model_is_named_in_one_go() -> None:
    text = (
        "titel: x\n"
        "parts:\n"
        "  - {name: abcd}\n"
        "  - {name: 5, coumt: 1}\n"
        "  - {count: x}\n"
        "named:\n"
        "  one: {name: a, size: 2}\n"
        "flag: 'maybe'\n"
    )
    with pytest.raises(CatalogueError) as caught:
        parse_model(text, "f.yaml", Outer)
    assert caught.value.message.splitlines() == [
        "f.yaml:1:1: missing field 'title'",
        "f.yaml:1:1: unknown field 'titel'; did you mean 'title'?",
        "f.yaml:3:12: parts.0.name: a name has three letters at most",
        "f.yaml:4:12: parts.1.name: should be a text: write it in quotes",
        "f.yaml:4:15: parts.1: unknown field 'coumt'; did you mean 'count'?",
        "f.yaml:5:5: parts.2: missing field 'name'",
        "f.yaml:5:13: parts.2.count: should be a whole number",
        "f.yaml:7:18: named.one: unknown field 'size'; one of name, count",
        "f.yaml:8:7: flag: should be true or false",
    ]


def test_a_document_of_the_wrong_shape() -> None:
    with pytest.raises(CatalogueError, match=r"^f\.yaml:1:1: should be a mapping"):
        parse_model("[1]", "f.yaml", Outer)
    assert parse_model("{title: a, parts: [{name: b}]}", "f.yaml", Outer).parts[0].name == "b"
