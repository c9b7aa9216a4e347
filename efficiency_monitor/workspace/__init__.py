"""What every action is given: settings, context, transaction, locks, the log."""
