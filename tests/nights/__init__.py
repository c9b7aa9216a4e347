"""Years of nights on a set clock."""
