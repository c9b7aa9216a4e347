"""The first schema: every table that the code declares, and the triggers that protect them.

No release has frozen it yet: until one does, what the classes of the tables say is what it makes.
"""

from alembic import op

from efficiency_monitor.records.every_table import APPEND_ONLY, metadata
from efficiency_monitor.records.migrations.append_only import number_without_gaps, protect

revision = "0012"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    metadata.create_all(op.get_bind())
    protect(APPEND_ONLY)
    number_without_gaps()


def downgrade() -> None:
    """Take back."""
    metadata.drop_all(op.get_bind())
