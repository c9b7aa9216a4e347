"""The lake: cases and events as Parquet, written and back-tested."""
