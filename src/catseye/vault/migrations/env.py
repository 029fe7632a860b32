"""Alembic's entry: runs on the connection that `Database` hands over, inside its transaction."""

from alembic import context

from catseye.vault.tables import METADATA


def migrate() -> None:
    """Run the migrations; SQLite cannot alter in place, so tables are rebuilt in batches."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
    context.run_migrations()


if __name__ == "env_py":  # alembic's own name for this file; whoever else imports it runs nothing
    migrate()
