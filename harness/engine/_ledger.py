"""The ledger as the planner sees it: a frozen view, taken once per run."""

from harness.core.errors import HarnessError
from harness.core.planning import LedgerView, SpentKey
from harness.engine._context import RunContext
from harness.store import last5

__all__ = ["ledger_view"]


def ledger_view(context: RunContext, *, read_keys: bool) -> LedgerView:
    """Everything the store's ledger knows, without a single key.

    Args:
        context: the run.
        read_keys: whether the playbook spends keys; then each key's tail is read, as far as its reference resolves
            here, so that a node which already shows it is left alone.
    """
    entries = tuple(
        SpentKey(e.key_name, e.fingerprint, e.host, e.version, e.state, e.last5) for e in context.store.ledger.entries()
    )
    return LedgerView(entries, _tails(context) if read_keys else {})


def _tails(context: RunContext) -> dict[str, str]:
    found = {}
    for name, entry in context.inventory.keys.items():
        try:
            found[name] = last5(context.sessions.secret(entry.key).get_secret_value())
        except HarnessError:
            continue  # the plan then does without this tail; applying the key tells why it cannot be read
    return found
