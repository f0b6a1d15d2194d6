"""The tables. One schema for SQLite and PostgreSQL; times are ISO 8601 UTC texts, documents are JSON texts.

A column that was added later is nullable: ``open_engine`` adds it to a store that was made before.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

__all__ = ["capabilities", "journal", "leases", "ledger", "metadata", "runs", "settings"]

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("command", Text, nullable=False),
    Column("inventory", Text, nullable=False),
    Column("playbook", Text),
    Column("person", Text, nullable=False),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),
    Column("exit_code", Integer),
    Column("record", Text),
    Column("request", Text),
    Column("plan", Text),
    Column("resumed_by", String(40)),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(40), ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("action_id", String(40), nullable=False),
    Column("target", Text, nullable=False),
    Column("step", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("time", String(40), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default="[]"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key_name", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("last5", String(5), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("version", String(10), nullable=False),
    Column("host", Text, nullable=False),
    Column("run_id", String(40), nullable=False),
    Column("person", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("intended", String(40), nullable=False),
    Column("settled", String(40)),
    Column("message", Text, nullable=False, default=""),
    Column("sight", Text),
    Column("activations", Integer),
)

# The database itself refuses a second intent for one key on one host, whatever process asks: only an application
# that was proven to have failed leaves the pair free again.
Index(
    "one_intent_per_key_and_host",
    ledger.c.fingerprint,
    ledger.c.host,
    unique=True,
    sqlite_where=text("state <> 'failed'"),
    postgresql_where=text("state <> 'failed'"),
)

capabilities = Table(
    "capabilities",
    metadata,
    Column("host", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("learned", String(40), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("resource", String(300), primary_key=True),
    Column("host", Text, nullable=False),
    Column("holder", String(80), nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("taken", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
)
