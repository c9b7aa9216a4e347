"""What a source row says and what it adds to what is known. Pure."""
