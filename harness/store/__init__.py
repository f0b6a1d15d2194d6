"""Runs, journal, key ledger and what is remembered of hosts: SQLAlchemy Core on SQLite (WAL) or PostgreSQL."""

from harness.store._budgets import Budget, budgets
from harness.store._database import open_engine
from harness.store._evidence import Evidence, digest
from harness.store._leases import Holder, Lease, Leases
from harness.store._ledger import KeyLedger, LedgerEntry, LedgerRefusalError, last5
from harness.store._memory import CapabilityMemory
from harness.store._observations import Observations
from harness.store._runs import AskedRun, JournalEntry, RunRow, Runs
from harness.store._store import Store, open_store

__all__ = [
    "AskedRun",
    "Budget",
    "CapabilityMemory",
    "Evidence",
    "Holder",
    "JournalEntry",
    "KeyLedger",
    "Lease",
    "Leases",
    "LedgerEntry",
    "LedgerRefusalError",
    "Observations",
    "RunRow",
    "Runs",
    "Store",
    "budgets",
    "digest",
    "last5",
    "open_engine",
    "open_store",
]
