"""What would be done, why, and what cannot be done: a pure function of facts, playbook, inventory and ledger."""

from harness.core.planning._plan import make_plan
from harness.core.planning.coverage import coverage, proof_of
from harness.core.planning.ledger import (
    LedgerView,
    SpentKey,
    host_identity,
    is_older,
    ledger_refusal,
    unsettled,
    version_refusal,
)
from harness.core.planning.settlement import KeySight, Proof, prove

__all__ = [
    "KeySight",
    "LedgerView",
    "Proof",
    "SpentKey",
    "coverage",
    "host_identity",
    "is_older",
    "ledger_refusal",
    "make_plan",
    "proof_of",
    "prove",
    "unsettled",
    "version_refusal",
]
