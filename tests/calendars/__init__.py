"""Calendars, and the strict reading of the catalogue's files."""
