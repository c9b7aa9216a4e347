"""A workspace in operation: made, examined, measured, backed up, restored, audited."""
