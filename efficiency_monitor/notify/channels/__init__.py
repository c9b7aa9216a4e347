"""Channels: one file each, what they share, and which of them are configured."""
