"""The catalogue: data only. This file makes the folder findable inside the wheel."""
