"""The ledger as the planner sees it: a frozen view, taken once per run."""

from harness.core.errors import HarnessError
from harness.core.planning import LedgerView
from harness.engine._context import RunContext
from harness.store import last5

__all__ = ["ledger_view"]


def ledger_view(context: RunContext, *, read_keys: bool) -> LedgerView:
    """Everything the store's ledger knows, without a single key.

    Args:
        context: the run.
        read_keys: whether the playbook spends keys; then each key's tail and fingerprint are read, as far as its
            reference resolves here, so that a node which already shows it is left alone, and a key is known under any
            name.
    """
    entries = tuple(entry.spent for entry in context.store.ledger.entries())
    tails, fingerprints = _read(context) if read_keys else ({}, {})
    return LedgerView(entries, tails, fingerprints)


def _read(context: RunContext) -> tuple[dict[str, str], dict[str, str]]:
    """Tail and fingerprint of each key of the inventory that can be read here."""
    tails, fingerprints = {}, {}
    for name, entry in context.inventory.keys.items():
        try:
            key = context.sessions.secret(entry.key).get_secret_value()
        except HarnessError:
            continue  # the plan then does without; applying the key tells why it cannot be read
        tails[name], fingerprints[name] = last5(key), context.store.ledger.fingerprint(key)
    return tails, fingerprints
