"""Connections to other machines: where they may go, and for how long."""
