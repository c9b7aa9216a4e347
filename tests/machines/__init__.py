"""Several machines on one PostgreSQL database, and a network that fails."""
