"""The demonstration: synthetic cases of a fictitious city bureau, and what makes them."""
