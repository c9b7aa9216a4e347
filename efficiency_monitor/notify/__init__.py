"""Channels that carry notices to people, and the pure arithmetic of grouping and repeating them."""
