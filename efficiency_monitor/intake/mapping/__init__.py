"""Mappings: from the columns of a file to facts of a case."""
