"""Who may do what, keys, and approvals."""
