"""The prepared workspaces of the command line's tests."""

from tests.cli.conftest import _warm_server, empty, office, own, unscanned

__all__ = ["_warm_server", "empty", "office", "own", "unscanned"]
