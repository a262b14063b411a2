"""What refusals mean, and which cancellations were gobot's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("orders", sa.Column("cause", sa.String(16)))
    op.add_column("orders", sa.Column("withdrawn_ms", sa.BigInteger()))


def downgrade() -> None:
    """Remove them."""
    with op.batch_alter_table("orders") as orders:
        orders.drop_column("withdrawn_ms")
        orders.drop_column("cause")
