"""Trials of the channels and of the arithmetic around them, against real servers on loopback."""
