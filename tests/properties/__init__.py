"""Kernel and oracle on dirty timelines, and the laws of time. `make test` runs some thousand
cases, `make test-all` many more."""
