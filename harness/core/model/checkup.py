"""What a diagnosis of one machine found: check by check, in the order in which each builds on the one before."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Check", "CheckState", "Checkup"]


class CheckState(StrEnum):
    """SKIPPED: not tried, since something before it stands in the way, or there is nothing to check here."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was seen, and for a warning or a failure the fix, with the exact command."""

    name: str
    state: CheckState
    seen: str
    fix: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """All checks of one machine. ``role`` is host or guest; a guest's ``host`` is the one that lists it."""

    target: str
    role: str
    address: str
    checks: tuple[Check, ...]
    host: str | None = None
    vm_id: str | None = None

    @property
    def unreachable(self) -> bool:
        """Whether a check on the way to the machine failed, so that nothing inside it was asked."""
        return any(check.state is CheckState.FAILED and check.name in WAY for check in self.checks)

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return any(check.state is CheckState.FAILED for check in self.checks)


WAY = frozenset({"name", "port", "certificate", "winrm", "authentication", "session", "direct"})
"""The checks on the way to a machine."""
