"""The outbox: what leaves when by which channel, and what keeps it back."""
