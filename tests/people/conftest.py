"""The same workspace as for authority."""

from ..authority.conftest import desk

__all__ = ["desk"]
