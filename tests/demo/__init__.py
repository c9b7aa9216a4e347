"""The demonstration shows what it says it shows."""
