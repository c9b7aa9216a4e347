"""Accountability records: shown, brought up to date, decided on."""
