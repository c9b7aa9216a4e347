"""Checkpoints of the ledger: made, compared, sent out; their keys."""
