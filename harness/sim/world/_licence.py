"""The licence of one Windows installation, as the Software Licensing Service keeps it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from harness.sim.world._keys import KeyChannel, ProductKey

__all__ = [
    "AVMA_LEASE",
    "KMS_LEASE",
    "Grant",
    "KmsSettings",
    "Licence",
    "LicensingError",
    "Status",
    "minutes_left",
]

AVMA_LEASE = timedelta(days=7)
KMS_LEASE = timedelta(days=180)


class Status(IntEnum):
    """SoftwareLicensingProduct.LicenseStatus."""

    UNLICENSED = 0
    LICENSED = 1
    OOB_GRACE = 2
    OOT_GRACE = 3
    NON_GENUINE_GRACE = 4
    NOTIFICATION = 5
    EXTENDED_GRACE = 6


class LicensingError(Exception):
    """The Software Licensing Service refused; ``hresult`` is the unsigned SL_E code."""

    def __init__(self, hresult: int) -> None:
        super().__init__(f"0x{hresult:08X}")
        self.hresult = hresult


@dataclass(frozen=True, slots=True)
class Grant:
    """One AVMA activation: which host answered and when."""

    host: str
    time: datetime
    pid2: str


@dataclass(slots=True)
class KmsSettings:
    """Where a KMS client looks for its server. ``reachable`` is the network's answer, not the client's."""

    machine: str = ""
    port: int = 1688
    reachable: bool = False
    client_id: str = ""


@dataclass(slots=True, eq=False)
class Licence:
    """State of the primary Windows licence. ``expires`` None means no end (a permanent licence)."""

    key: ProductKey | None = None
    status: Status = Status.UNLICENSED
    reason: int = 0
    expires: datetime | None = None
    grant: Grant | None = None
    iaid: str = ""
    rearm_windows: int = 1000
    rearm_sku: int = 1000
    key_in_registry: bool = True
    internet: bool = True
    """Whether a MAK or retail key can reach Microsoft's activation service."""
    kms: KmsSettings = field(default_factory=KmsSettings)
    next_attempt: datetime | None = None
    """When the guest will ask its parent again by itself."""

    @property
    def channel(self) -> KeyChannel | None:
        return self.key.channel if self.key else None

    @property
    def is_avma(self) -> bool:
        return self.channel is KeyChannel.AVMA

    @property
    def licensed(self) -> bool:
        return self.status is Status.LICENSED

    def set(self, status: Status, reason: int = 0, expires: datetime | None = None) -> None:
        """Enter a state; the end of the old one is forgotten."""
        self.status, self.reason, self.expires = status, reason, expires


def minutes_left(licence: Licence, now: datetime) -> int:
    """GracePeriodRemaining: whole minutes to the end, rounded up; 0 for a permanent or ended licence."""
    if licence.expires is None or licence.expires <= now:
        return 0
    return -((now - licence.expires) // timedelta(minutes=1))
