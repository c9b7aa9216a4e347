"""Instants, amounts, calendars and official notices of days off, as values. Pure."""
