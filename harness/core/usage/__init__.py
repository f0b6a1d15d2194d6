"""Who was activated when, and by which host: a history out of events 12310 alone. Pure."""

from harness.core.usage._history import LEASE, Entry, GuestUsage, Lapse, Outcome, history_of
from harness.core.usage._owners import Owner, owners_of
from harness.core.usage._records import GuestSeen, HostSeen, Observation

__all__ = [
    "LEASE",
    "Entry",
    "GuestSeen",
    "GuestUsage",
    "HostSeen",
    "Lapse",
    "Observation",
    "Outcome",
    "Owner",
    "history_of",
    "owners_of",
]
