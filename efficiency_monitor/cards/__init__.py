"""A card as a row and as JSON, its keys, and who held its case how long."""
