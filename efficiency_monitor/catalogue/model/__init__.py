"""Which settings decide on cards. Pure."""
