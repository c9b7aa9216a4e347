"""What docs/validation.md says, held against plain readings of the same files."""
