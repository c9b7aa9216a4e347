"""Alembic's entry: runs on the connection that `records.schema` hands over, in one transaction."""

from alembic import context

from efficiency_monitor.records.every_table import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
