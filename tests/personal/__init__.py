"""Personal data: sealed beside what is kept for ever, masked, unmasked on record, erased."""
