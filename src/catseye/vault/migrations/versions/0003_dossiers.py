"""Dossiers: cases and reports, step by step."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "dossier_steps",
        sa.Column("dossier", TEXT, primary_key=True),
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("dossier_steps")
