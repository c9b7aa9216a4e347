"""Notices as they are written: who is told, what becomes of those that wait."""
