"""The store as one object: what the engine and the reports are handed."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from harness.store._database import open_engine
from harness.store._evidence import Evidence
from harness.store._leases import Leases
from harness.store._ledger import KeyLedger
from harness.store._memory import CapabilityMemory
from harness.store._observations import Observations
from harness.store._runs import Runs

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """Runs, ledger, capabilities and leases of one database."""

    engine: Engine
    runs: Runs
    ledger: KeyLedger
    capabilities: CapabilityMemory
    leases: Leases
    evidence: Evidence
    observations: Observations

    def close(self) -> None:
        """Give the database back."""
        self.engine.dispose()


def open_store(url: str, redact: Callable[[str], str] = str) -> Store:
    """Open the store at a SQLite path or an SQLAlchemy URL, creating it when it is not there.

    Args:
        url: where it is.
        redact: masks secrets in every text that says what happened; what identifies a thing is left as it is.

    Raises:
        InputError: it cannot be opened.
    """
    engine = open_engine(url)
    return Store(
        engine,
        Runs(engine, redact),
        KeyLedger(engine, redact),
        CapabilityMemory(engine),
        Leases(engine),
        Evidence(engine),
        Observations(engine, redact),
    )
