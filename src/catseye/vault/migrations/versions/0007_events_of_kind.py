"""Events by kind: a fleet's alarms are counted, and the newest found, without reading all events."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("events_of_kind", "events", ["run", "kind", "time_ns", "camera", "id"])


def downgrade() -> None:
    op.drop_index("events_of_kind", "events")
