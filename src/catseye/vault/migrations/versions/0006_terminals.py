"""Vehicle terminals: who may report, what they are asked to do, how far the journal was judged, whose pseudonym a driver has."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "terminals",
        sa.Column("identity", TEXT, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("terminals_by_revision", "terminals", ["revision"])
    op.create_table(
        "orders",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("identity", TEXT, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("orders_of_terminal", "orders", ["identity", "created_utc_ns"])
    op.create_index("orders_of_drawer", "orders", ["period"])
    op.create_table(
        "order_states",
        sa.Column("order_id", TEXT, primary_key=True),
        sa.Column("state", TEXT, primary_key=True),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("result", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_marks",
        sa.Column("writer", TEXT, primary_key=True),
        sa.Column("segment_number", sa.BigInteger, nullable=False),
        sa.Column("block_number", sa.BigInteger, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "drivers",
        sa.Column("finder", TEXT, primary_key=True),
        sa.Column("pseudonym", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("pseudonym", name="driver_once"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for name in ("drivers", "journal_marks", "order_states", "orders", "terminals"):
        op.drop_table(name)
