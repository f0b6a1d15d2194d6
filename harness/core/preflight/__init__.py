"""Validation before an upgrade of hosts or guests: what stays activated at every step, and what stands in the way.

Pure: facts in, forecasts and ranked findings out. Read-only by nature: nothing here could send anything.
"""

from harness.core.preflight._records import (
    Finding,
    GuestForecast,
    HostForecast,
    PoolForecast,
    Preflight,
    Rank,
    Span,
    SwapStep,
    UpgradeStep,
    UpgradeWish,
)
from harness.core.preflight._validate import validate

__all__ = [
    "Finding",
    "GuestForecast",
    "HostForecast",
    "PoolForecast",
    "Preflight",
    "Rank",
    "Span",
    "SwapStep",
    "UpgradeStep",
    "UpgradeWish",
    "validate",
]
