"""Rows of the outbox, of attempts to send, of silences."""
