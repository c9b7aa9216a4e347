"""Supervision orders: opened, replied to, returned for redo, closed."""
