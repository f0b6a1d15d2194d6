"""What a guest is: by its own word where we got in, else by KVP, which is hearsay that only a person should weigh."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.core.catalogue import edition_of_sku, release_of_build, sku
from harness.core.model import GuestFacts, OperatingSystem, VirtualMachine

__all__ = ["GuestIdentity", "System", "identity_of"]


class System(StrEnum):
    """What AVMA cares about in an operating system."""

    WINDOWS_SERVER = "windows_server"
    WINDOWS_CLIENT = "windows_client"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GuestIdentity:
    """Release and edition as the catalogue names them; ``shown`` the system's own name; ``hearsay``: only KVP told."""

    system: System
    release: str | None = None
    edition: str | None = None
    evaluation: bool = False
    shown: str = "an unknown system"
    hearsay: bool = False


def identity_of(vm: VirtualMachine, facts: GuestFacts | None) -> GuestIdentity:
    """What runs in that VM; ``facts`` are the guest's own words, where they may be believed."""
    if facts is not None and facts.os is not None and facts.os.build is not None:
        return _told(facts.os)
    return _hearsay(vm.kvp)


def _told(system: OperatingSystem) -> GuestIdentity:
    client = system.product_type == 1
    return GuestIdentity(
        System.WINDOWS_CLIENT if client else System.WINDOWS_SERVER,
        None if client else system.release,
        None if client else system.edition,
        system.evaluation,
        system.caption or f"Windows build {system.build}",
    )


def _hearsay(kvp: Mapping[str, str]) -> GuestIdentity:
    name = kvp.get("OSName", "").strip()
    if not name and not kvp.get("OSVersion", "").strip():
        return GuestIdentity(System.UNKNOWN)
    if not _says_windows(kvp):
        shown = " ".join(text for text in (name, kvp.get("OSVersion", "").strip()) if text)
        return GuestIdentity(System.OTHER, shown=shown, hearsay=True)
    if kvp.get("ProductType") == "1":
        return GuestIdentity(System.WINDOWS_CLIENT, shown=name or "client Windows", hearsay=True)
    number = _number(kvp.get("OSEditionId"))
    info = sku(number) if number is not None else None
    return GuestIdentity(
        System.WINDOWS_SERVER,
        _release(kvp),
        edition_of_sku(number) if number is not None else None,
        evaluation=info.evaluation if info else False,
        shown=name or "Windows",
        hearsay=True,
    )


def _says_windows(kvp: Mapping[str, str]) -> bool:
    """OSPlatformId 2 is Windows NT (OSVERSIONINFOEX); Linux and BSD daemons send no such item."""
    return kvp.get("OSPlatformId") == "2" or "windows" in kvp.get("OSName", "").casefold()


def _release(kvp: Mapping[str, str]) -> str | None:
    build = _number(kvp.get("OSBuildNumber")) or _number(kvp.get("OSVersion", "").split(".")[-1])
    return release_of_build(build) if build is not None else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else None
