"""Rows of cases, events and items, of imports and pulls."""
