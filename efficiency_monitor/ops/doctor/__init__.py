"""`effmon doctor`: one concern a module."""
