"""How sources are pulled: HTTP, SQL, folders, into a spool."""
