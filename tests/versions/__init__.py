"""Changes of rules and calendars: proposed, approved, on trial, compared."""
