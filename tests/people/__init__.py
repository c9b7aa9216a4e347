"""People and who is told."""
