"""The back-test: against scanning twice, over a lake, as a page."""
