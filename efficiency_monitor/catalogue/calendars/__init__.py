"""Calendars: questions to them, and official notices that amend them."""
