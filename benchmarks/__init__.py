"""Measured ratios against other ways to do it: `make bench`, or `python -m benchmarks --quick`."""
