"""What slmgr.vbs said, as records."""

from dataclasses import dataclass
from typing import Literal

from harness.core.catalogue import channel_of_token

__all__ = ["AvmaClient", "SlmgrKind", "SlmgrProduct", "SlmgrReport"]

SlmgrKind = Literal["dlv", "dli", "ipk", "ato", "xpr", "unknown"]


@dataclass(frozen=True, slots=True)
class AvmaClient:
    """The Automatic VM Activation lines of one product; each None where the script said "Not Available" or nothing.

    ``activation_time`` is the script's own text: its format follows the machine's locale.
    """

    guest_iaid: str | None = None
    host_machine_name: str | None = None
    activation_time: str | None = None
    host_pid2: str | None = None


@dataclass(frozen=True, slots=True)
class SlmgrProduct:
    """One product of /dlv, /dli or /xpr.

    ``edition`` is the licence family as printed ("ServerStandard"); ``channel`` the word of Description
    ("VIRTUAL_MACHINE_ACTIVATION"), ``product_key_channel`` the token of its own line ("VT:IA"); ``license_status`` 0
    to 6, None where the text does not settle it; ``expires_minutes`` minutes left as printed; ``is_windows`` the
    operating system's own licence, not Office and not an add-on.
    """

    name: str | None = None
    description: str | None = None
    edition: str | None = None
    channel: str | None = None
    application_id: str | None = None
    activation_id: str | None = None
    extended_pid: str | None = None
    partial_product_key: str | None = None
    product_key_channel: str | None = None
    installation_id: str | None = None
    license_status: int | None = None
    expires_minutes: int | None = None
    expiration: str | None = None
    notification_reason: str | None = None
    windows_rearm_count: int | None = None
    sku_rearm_count: int | None = None
    evaluation_end: str | None = None
    trusted_time: str | None = None
    kms_machine: str | None = None
    is_windows: bool = False
    is_addon: bool = False
    not_in_use: bool = False
    avma: AvmaClient | None = None

    @property
    def is_avma(self) -> bool:
        """The key is an AVMA client key."""
        return self.product_key_channel == "VT:IA" or self.channel == "VIRTUAL_MACHINE_ACTIVATION"

    @property
    def method(self) -> str | None:
        """How the product is licensed, in the catalogue's words (avma, kms, mak, ...); None when nothing tells."""
        for token in (self.product_key_channel, self.channel):
            row = channel_of_token(token) if token else None
            if row is not None:
                return row.method
        return None


@dataclass(frozen=True, slots=True)
class SlmgrReport:
    """One pasted or captured output of slmgr.vbs, of one command or of a session.

    ``kind`` is what the last telling command printed; ``verbs`` the commands seen, in order ("ipk", "ato", "upk", ...);
    ``success`` True or False for the last /ipk or /ato, None when it does not apply or the text does not tell;
    ``installed_key_tail`` the last five characters of an installed key; ``language`` None when nothing tells;
    ``superseded`` True where the session changed the licence after the listing that ``products`` come from.
    """

    kind: SlmgrKind = "unknown"
    language: str | None = None
    service_version: str | None = None
    products: tuple[SlmgrProduct, ...] = ()
    codes: tuple[str, ...] = ()
    success: bool | None = None
    verbs: tuple[str, ...] = ()
    installed_key_tail: str | None = None
    superseded: bool = False

    @property
    def windows(self) -> SlmgrProduct | None:
        """The operating system's own product: one with a key if there is one, else the first."""
        own = [product for product in self.products if product.is_windows]
        used = [product for product in own if not product.not_in_use]
        return next(iter(used or own), None)
