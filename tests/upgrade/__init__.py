"""A workspace of the former release, kept as it left it, under this one."""
