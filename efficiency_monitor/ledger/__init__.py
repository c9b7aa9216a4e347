"""The ledger as a whole: verified, exported, signed, compared; the keys that sign it."""
