"""Tallies: the model, the evaluation held against an oracle, scans, and what follows."""
