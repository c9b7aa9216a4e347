"""Whether rows are as the ledger's entries say: one concern a module."""
