"""The scan, the slots of the night and the round over all that time alone makes due."""
