"""From findings to cards: rows, notices, accountability, entries; rules on trial; the report."""
