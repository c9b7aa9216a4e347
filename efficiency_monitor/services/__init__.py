"""One verb per module: what the command line and the jobs call. No printing, no clock."""
