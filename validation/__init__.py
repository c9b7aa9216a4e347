"""Validation: what other parties say of their own cases, held against what the engine says."""
