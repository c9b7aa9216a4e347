"""The people file, and personal data: disclosed on record, erased."""
