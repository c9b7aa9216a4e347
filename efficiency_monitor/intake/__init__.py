"""What comes in: imports, pulls, quarantine, which sources are stale."""
