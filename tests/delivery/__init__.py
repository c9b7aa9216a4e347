"""Delivery: hours, silences, limits, faults, kills."""
