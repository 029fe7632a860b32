"""The sealed log: entries, tiles of hashes, signed heads, and how far each relay has come."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "log_state",
        sa.Column("log", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size_count", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_entries",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("salt", sa.LargeBinary),
    )
    op.create_index("log_entries_of_subject", "log_entries", ["kind", "subject", "seq"])
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tile", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_heads",
        sa.Column("size_count", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_table("relays", sa.Column("name", TEXT, primary_key=True), sa.Column("next_seq", sa.BigInteger, nullable=False))


def downgrade() -> None:
    for name in ("relays", "log_heads", "log_tiles", "log_entries", "log_state"):
        op.drop_table(name)
