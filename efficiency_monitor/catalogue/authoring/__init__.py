"""Working on rules, ladders and mappings: checked, tried, drawn, filled in, compared."""
