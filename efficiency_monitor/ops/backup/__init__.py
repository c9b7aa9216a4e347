"""Backups: written, read back, restored."""
