"""Events and crossings."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("run", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("camera", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("end_time_ns", sa.BigInteger, nullable=False),
        sa.Column("utc_ns", sa.BigInteger),
        sa.Column("body", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("events_in_time", "events", ["run", "time_ns", "camera", "id"])
    op.create_table(
        "crossings",
        sa.Column("run", TEXT, primary_key=True),
        sa.Column("time_ns", sa.BigInteger, primary_key=True),
        sa.Column("camera", TEXT, primary_key=True),
        sa.Column("line", TEXT, primary_key=True),
        sa.Column("track", TEXT, primary_key=True),
        sa.Column("direction", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("utc_ns", sa.BigInteger),
        sa.Column("speed_kmh", sa.Float),
        sa.Column("speed_doubt_kmh", sa.Float),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("crossings")
    op.drop_table("events")
