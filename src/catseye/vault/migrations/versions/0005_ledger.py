"""The ledger: transactions and their postings, which the database itself keeps balanced and unchanged."""

import sqlalchemy as sa
from alembic import op

from catseye.vault.tables import TEXT

revision = "0005"
down_revision = "0004"

TABLES = ("ledger_transactions", "ledger_postings")

# What must hold, as a condition on the new row (`NEW`) that breaks it, and what the database says then. The transaction's row comes last and closes it.
_BROKEN = {
    "ledger_postings": (
        (
            "closed",
            "EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.number = NEW.number)",
            "a posting for a transaction that is closed",
        ),
        (
            # SQLite's REPLACE deletes without asking the triggers of DELETE
            "there",
            "EXISTS (SELECT 1 FROM ledger_postings p WHERE p.number = NEW.number AND p.account = NEW.account)",
            "a posting is never replaced",
        ),
        (
            "balance",
            "NEW.balance_minor <> NEW.amount_minor + COALESCE((SELECT p.balance_minor FROM ledger_postings p WHERE p.account = NEW.account"
            " AND p.currency = NEW.currency ORDER BY p.number DESC LIMIT 1), 0)",
            "a balance that does not follow from the postings",
        ),
    ),
    "ledger_transactions": (
        (
            "there",
            "EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.number = NEW.number OR t.key = NEW.key OR t.reverses = NEW.reverses)",
            "a transaction is never replaced",
        ),
        (
            "sum",
            "2 > (SELECT COUNT(*) FROM ledger_postings p WHERE p.number = NEW.number)"
            " OR 0 <> (SELECT SUM(p.amount_minor) FROM ledger_postings p WHERE p.number = NEW.number)"
            " OR EXISTS (SELECT 1 FROM ledger_postings p WHERE p.number = NEW.number AND p.currency <> NEW.currency)",
            "the postings of a transaction that do not come to zero",
        ),
    ),
}


def upgrade() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("reverses", sa.BigInteger),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.UniqueConstraint("key", name="ledger_key_once"),
        sa.UniqueConstraint("reverses", name="ledger_reversed_once"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_postings",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("account", TEXT, primary_key=True),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name="ledger_amount"),
        sa.CheckConstraint("balance_minor >= 0 OR account LIKE 'outside/%'", name="ledger_floor"),
        sqlite_with_rowid=False,
    )
    op.create_index("ledger_postings_of_account", "ledger_postings", ["account", "currency", "number"])
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    if op.get_bind().dialect.name != "sqlite":
        for name in ("ledger_unchanged", *(f"{table}_kept" for table in TABLES)):
            op.execute(f"DROP FUNCTION {name}()")


def _sqlite() -> list[str]:
    refused = [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'ledger: nothing booked is ever changed or deleted'); END"
        for table in TABLES
        for verb in ("UPDATE", "DELETE")
    ]
    kept = [
        f"CREATE TRIGGER {table}_{name} BEFORE INSERT ON {table} WHEN {broken} BEGIN SELECT RAISE(ABORT, 'ledger: {said}'); END"
        for table, conditions in _BROKEN.items()
        for name, broken, said in conditions
    ]
    return refused + kept


def _postgresql() -> list[str]:
    unchanged = (
        "CREATE FUNCTION ledger_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'ledger: nothing booked is ever changed or deleted'; END $$"
    )
    refused = [f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION ledger_unchanged()" for table in TABLES]
    kept = []
    for table, conditions in _BROKEN.items():
        body = " ".join(f"IF {broken} THEN RAISE EXCEPTION 'ledger: {said}'; END IF;" for _, broken, said in conditions)
        kept.append(f"CREATE FUNCTION {table}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$")
        kept.append(f"CREATE TRIGGER {table}_kept BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_kept()")
    return [unchanged, *refused, *kept]
