"""Entries, trees, proofs and signed notes, as values. Pure."""
