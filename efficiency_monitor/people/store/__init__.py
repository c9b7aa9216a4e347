"""Rows of keys, approvals and personal data."""
