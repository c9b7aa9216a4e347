"""Backup, restore, logs, metrics, what failed, and the doctor."""
