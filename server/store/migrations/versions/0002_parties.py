"""Parties: friends with tickets of their own who want to sit together"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("party", sa.String(length=64), server_default="", nullable=False))
