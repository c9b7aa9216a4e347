"""Files as models: rules, conditions, tallies, ladders, measures, vocabulary. Pure."""
