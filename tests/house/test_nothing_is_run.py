"""No text from outside becomes code: nothing evaluates, calls a shell or takes a pattern."""

import ast
from collections.abc import Iterator

import pytest

from .tree import python_files, read

PRODUCT = ("efficiency_monitor", "cli", "rules", "demo", "validation", "tools", "benchmarks")
#: Calls that make code of a text, or a shell's command.
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execl", "os.execv",
    "os.spawnl", "os.spawnv", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.run",
    "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all", "yaml.full_load",
    "yaml.full_load_all", "pickle.load", "pickle.loads", "marshal.load", "marshal.loads",
    "jsonpickle.decode", "builtins.eval", "builtins.exec", "types.FunctionType",
}  # fmt: skip
REGEX = {
    "re.compile", "re.match", "re.search", "re.fullmatch", "re.sub", "re.subn", "re.split",
    "re.findall", "re.finditer",
}  # fmt: skip
#: Patterns that are put together from constants of the module in a way that is not seen here.
PUT_TOGETHER = {
    # Letters of a time format each stand for a fixed part; every other sign is escaped.
    "efficiency_monitor/intake/mapping/times.py",
    # What the system says of a file, a table of its own, each escaped.
    "efficiency_monitor/workspace/logbook.py",
    # The table of the parser's own sentences.
    "cli/usage.py",
}


def called(node: ast.Call) -> str:
    """`os.system` of `os.system(…)`; empty for what is no plain name."""
    parts: list[str] = []
    at: ast.expr = node.func
    while isinstance(at, ast.Attribute):
        parts.append(at.attr)
        at = at.value
    return ".".join(reversed([*parts, at.id])) if isinstance(at, ast.Name) else ""


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a source by its name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield called(node), node


def running(source: str) -> list[str]:
    """Calls that make code of a text."""
    found = []
    for name, node in calls(source):
        shell = any(
            word.arg == "shell"
            and not (isinstance(word.value, ast.Constant) and not word.value.value)
            for word in node.keywords
        )
        if name in FORBIDDEN or shell:
            found.append(f"{node.lineno}: {name or 'shell='}")
    return found


def fixed(node: ast.expr) -> bool:
    """Whether a pattern is made of constants: literals and names in capitals."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return name.strip("_").isupper()
    if isinstance(node, ast.JoinedStr):
        return all(fixed(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return fixed(node.value)
    if isinstance(node, ast.BinOp):
        return fixed(node.left) and fixed(node.right)
    if isinstance(node, ast.Call) and called(node) == "re.escape":
        return fixed(node.args[0])
    # "|".join((…)) and such, of constants alone.
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return fixed(node.func.value) and all(fixed(each) for each in node.args)
    return isinstance(node, ast.Tuple | ast.List) and all(fixed(each) for each in node.elts)


def regexes(source: str) -> list[str]:
    """Patterns that may hold what is no constant."""
    return [
        f"{node.lineno}: {name}"
        for name, node in calls(source)
        if name in REGEX and node.args and not fixed(node.args[0])
    ]


def test_no_text_becomes_code() -> None:
    found = {str(name): bad for name in python_files(*PRODUCT) if (bad := running(read(name)))}
    assert found == {}


def test_no_pattern_comes_from_outside() -> None:
    found = {
        name.as_posix(): bad
        for name in python_files("efficiency_monitor", "cli", "rules", "demo")
        if (bad := regexes(read(name)))
    }
    assert set(found) <= PUT_TOGETHER, found


@pytest.mark.parametrize(
    "line",
    [
        "eval(x)", "exec(x)", "compile(x, 'a', 'exec')", "os.system(x)", "yaml.load(x, y)",
        "subprocess.run(x, shell=True)", "subprocess.run(x, shell=y)", "__import__(x)",
    ],
)  # fmt: skip
def test_it_would_be_found(line: str) -> None:
    assert running(line)


@pytest.mark.parametrize("line", ["re.compile(x)", "re.match(f'{x}', y)", "re.sub(a.b, c, d)"])
def test_a_pattern_would_be_found(line: str) -> None:
    assert regexes(line)
    assert not regexes("re.compile(rf'a{_B}'); re.compile(A.B); re.match('a' + B, x)")
    assert not running("subprocess.run(x, shell=False); ast.literal_eval(x); re.compile('a')")
