"""Slots and the bell."""
