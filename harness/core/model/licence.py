"""A licence as the Software Licensing Service reports it (class SoftwareLicensingProduct)."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

__all__ = ["WINDOWS_APPLICATION_ID", "LicenceRecord", "LicenseStatus"]

WINDOWS_APPLICATION_ID = "55c92734-d682-4d71-983e-d6ec3f16059f"


class LicenseStatus(IntEnum):
    """SoftwareLicensingProduct.LicenseStatus (slmgr.vbs prints the same seven states)."""

    UNLICENSED = 0
    LICENSED = 1
    OOB_GRACE = 2
    OOT_GRACE = 3
    NON_GENUINE_GRACE = 4
    NOTIFICATION = 5
    EXTENDED_GRACE = 6


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """One SoftwareLicensingProduct with a key, read through CIM.

    ``status`` is LicenseStatus 0-6; ``reason`` an unsigned HRESULT; ``grace_minutes`` GracePeriodRemaining in minutes
    (0 also means "no end" for a permanent licence); ``avma_time`` an aware UTC time or None for "never" (1601).
    """

    activation_id: str | None = None
    name: str | None = None
    description: str | None = None
    application_id: str | None = None
    partial_product_key: str | None = None
    product_key_channel: str | None = None
    license_family: str | None = None
    status: int | None = None
    reason: int | None = None
    grace_minutes: int | None = None
    is_addon: bool = False
    iaid: str | None = None
    avma_host: str | None = None
    avma_time: datetime | None = None
    avma_host_pid2: str | None = None

    @property
    def is_windows(self) -> bool:
        """The operating system's own licence: not Office, not an add-on such as ESU."""
        return (self.application_id or "").casefold() == WINDOWS_APPLICATION_ID and not self.is_addon

    @property
    def is_avma(self) -> bool:
        """The key is an AVMA client key (channel VT:IA, or the token that slmgr.vbs itself tests for)."""
        return self.product_key_channel == "VT:IA" or "VIRTUAL_MACHINE_ACTIVATION" in (self.description or "")
