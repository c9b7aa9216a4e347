"""The packs together: what the catalogue of real rules says of them, and which watch the same."""
