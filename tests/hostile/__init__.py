"""Hostile input: a row of the threat table (docs/threats.md) each, with what it must not do."""
