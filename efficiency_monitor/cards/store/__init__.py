"""Rows of cards, and rows of a case that came after one was given."""
