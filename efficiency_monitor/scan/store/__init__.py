"""Rows of slots, of rules on trial, and what an export asks."""
