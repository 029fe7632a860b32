"""What is kept under a key, who looked at it, and what was forgotten."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table("runs", sa.Column("run", TEXT, primary_key=True), sa.Column("begun_utc_ns", sa.BigInteger, nullable=False))
    op.create_table(
        "drawers",
        sa.Column("retention", TEXT, primary_key=True),
        sa.Column("period", TEXT, primary_key=True),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("confirmed_utc_ns", sa.BigInteger),
        sa.Column("ended_utc_ns", sa.BigInteger),
        sa.Column("forgotten_utc_ns", sa.BigInteger),
        sa.Column("why", TEXT),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "confirmed_events",
        sa.Column("run", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("subject", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "media",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("sha256", TEXT),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("original_sha256", TEXT),
        sa.Column("original_bytes", sa.BigInteger),
        sa.Column("recipients", TEXT, nullable=False),
        sa.Column("retention", TEXT, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("kept_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("forgotten_utc_ns", sa.BigInteger),
        sa.Column("why", TEXT),
        sqlite_with_rowid=False,
    )
    op.create_index("media_of_drawer", "media", ["retention", "period"])
    op.create_table(
        "looks",
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("looks_in_time", "looks", ["utc_ns"])
    op.create_table(
        "forgettings",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("proven_utc_ns", sa.BigInteger),
    )


def downgrade() -> None:
    for name in ("forgettings", "looks", "media", "confirmed_events", "drawers", "runs"):
        op.drop_table(name)
