"""Rows of the ledger and of its checkpoints."""
