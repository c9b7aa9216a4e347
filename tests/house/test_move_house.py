"""The script that moves the modules into folders by noun: imports, names and paths, in place."""

import importlib.util
import sys
from types import ModuleType

import pytest

from .tree import ROOT

MAP = """\
# a remark
efficiency_monitor/core/orders.py efficiency_monitor/orders/model.py
efficiency_monitor/core/terms.py efficiency_monitor/terms.py
efficiency_monitor/store/orders.py efficiency_monitor/orders/store.py
efficiency_monitor/services/__init__.py -
efficiency_monitor/services/orders.py efficiency_monitor/orders/actions.py
cli/given.py cli/audit.py
+ efficiency_monitor/orders/__init__.py Orders.
~ notes.md ⇥ all of core ⇥ all models
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("move_house", ROOT / "tools/move_house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["move_house"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("path", "before", "text", "after"),
    [
        (
            "efficiency_monitor/orders/actions.py",
            "efficiency_monitor/services/orders.py",
            "from ..core import orders as core\nfrom ..core.terms import Level\n",
            "from . import model as core\nfrom ..terms import Level\n",
        ),
        (
            "efficiency_monitor/orders/actions.py",
            "efficiency_monitor/services/orders.py",
            "def f():\n    from ..core import orders, terms\n",
            "def f():\n    from . import model as orders\n    from .. import terms\n",
        ),
        (
            "efficiency_monitor/orders/actions.py",
            "efficiency_monitor/orders/actions.py",
            "from .store import row\nfrom ..store import orders as store\n",
            "from .store import row\nfrom . import store\n",
        ),
        (
            "tests/a.py",
            "tests/a.py",
            "from efficiency_monitor.core.terms import (  # why\n    Level,\n)\n",
            "from efficiency_monitor.terms import (  # why\n    Level,\n)\n",
        ),
        (
            "tests/a.py",
            "tests/a.py",
            'patch("efficiency_monitor.store.orders.ROWS")  # see `store.orders`\n',
            'patch("efficiency_monitor.orders.store.ROWS")  # see `orders.store`\n',
        ),
        (
            "tests/a.py",
            "tests/a.py",
            'x = "store.orders"; y = "core/terms.py"\n',
            'x = "store.orders"; y = "terms.py"\n',
        ),
        (
            "tests/a.py",
            "tests/a.py",
            'RUN = "from efficiency_monitor.core import orders, terms; print(orders.x)"\n',
            (
                'RUN = "from efficiency_monitor.orders import model as orders; '
                'from efficiency_monitor import terms; print(orders.x)"\n'
            ),
        ),
        ("cli/a.py", "cli/a.py", "from . import given\n", "from . import audit as given\n"),
        (
            "notes.md",
            "notes.md",
            "`core.orders.may` of all of core, store.orders, `efficiency_monitor/core/terms.py`\n",
            "`orders.model.may` of all models, store.orders, `efficiency_monitor/terms.py`\n",
        ),
    ],
)
def test_a_file_is_rewritten_once(
    script: ModuleType, path: str, before: str, text: str, after: str
) -> None:
    house = script.read_map(MAP)
    assert script.rewritten(path, before, text, house) == after
    assert script.rewritten(path, path, after, house) == after


def test_a_long_comment_is_broken_anew(script: ModuleType) -> None:
    house = script.read_map("efficiency_monitor/store/a.py efficiency_monitor/orders/store_of_a.py")
    text = '"""' + "word " * 16 + "of `store.a`\nand on.\n" + '"""\n'
    found = script.rewritten("b.py", "b.py", text, house)
    assert found == '"""' + "word " * 16 + "of\n`orders.store_of_a` and on.\n" + '"""\n'


def test_what_the_map_does_not_name_is_found(script: ModuleType) -> None:
    house = script.read_map(MAP)
    names = ["efficiency_monitor/core/new.py", "efficiency_monitor/orders/new.py", "cli/new.py"]
    assert script.unplaced(house, names) == names[:1]


@pytest.mark.parametrize(
    "line",
    [
        "efficiency_monitor/core/a.py",
        "efficiency_monitor/core/a.py efficiency_monitor/terms.py",
        "efficiency_monitor/core/a.py efficiency_monitor/core/terms.py",
    ],
)
def test_a_map_that_does_not_work_is_refused(script: ModuleType, line: str) -> None:
    with pytest.raises(ValueError, match=r"house_moves|two files|is moved itself"):
        script.read_map(MAP + line)


def test_the_map_of_the_project_works(script: ModuleType) -> None:
    house = script.read_map(script.MAP.read_text(encoding="utf-8"))
    assert script.unplaced(house, script.tracked()) == []
