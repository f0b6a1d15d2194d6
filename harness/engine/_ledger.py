"""The ledger as the planner sees it: a frozen view, taken once per run."""

from harness.core.planning import LedgerView, SpentKey
from harness.engine._context import RunContext

__all__ = ["ledger_view"]


def ledger_view(context: RunContext) -> LedgerView:
    """Everything the store's ledger knows, without a single key."""
    return LedgerView(
        tuple(
            SpentKey(e.key_name, e.fingerprint, e.host, e.version, e.state, e.last5)
            for e in context.store.ledger.entries()
        )
    )
