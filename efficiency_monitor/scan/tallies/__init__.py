"""Tallies: what is counted, which windows can say something else, their cards."""
