"""What a guest is: by its own word where we got in, else by KVP, which is hearsay that only a person should weigh."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.core.catalogue import edition_of_sku, release_of_build, release_rank, sku
from harness.core.model import GuestAccess, GuestFacts, GuestLane, OperatingSystem, VirtualMachine

__all__ = ["GuestIdentity", "System", "identity_of", "says_no_windows", "unproven_guests"]


class System(StrEnum):
    """What AVMA cares about in an operating system."""

    WINDOWS_SERVER = "windows_server"
    WINDOWS_CLIENT = "windows_client"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GuestIdentity:
    """Release and edition as the catalogue names them; ``shown`` the system's own name; ``hearsay``: only KVP told.

    ``contradiction`` says how hearsay contradicts itself, as items do that somebody rewrote; then nothing is believed.
    """

    system: System
    release: str | None = None
    edition: str | None = None
    evaluation: bool = False
    shown: str = "an unknown system"
    hearsay: bool = False
    contradiction: str = ""


def identity_of(vm: VirtualMachine, facts: GuestFacts | None) -> GuestIdentity:
    """What runs in that VM; ``facts`` are the guest's own words, where they may be believed."""
    if facts is not None and facts.os is not None and facts.os.build is not None:
        return _told(facts.os)
    return _hearsay(vm.kvp)


def says_no_windows(kvp: Mapping[str, str]) -> bool:
    """Whether a guest tells its host, without contradicting itself, that it runs something else than Windows."""
    return _hearsay(kvp).system is System.OTHER


def unproven_guests(lanes: Iterable[GuestLane]) -> dict[str, str]:
    """VMs for which something answered that told no VM id and may be another machine, with what speaks against it.

    Without Data Exchange no id is written into a guest, and an address in the inventory goes by a name that several VMs
    can bear. Then a computer that answered for more than one VM, or that calls itself otherwise than the VM tells its
    host, is nobody's. PowerShell Direct goes by the VM's id and needs no proof.
    """
    answered = [lane for lane in lanes if lane.facts is not None and lane.facts.reachable and _computer(lane)]
    times = Counter(_computer(lane) for lane in answered)
    found = {}
    for lane in answered:
        if lane.access is GuestAccess.DIRECT or lane.facts is None or (lane.facts.reported_vm_id or "").strip("{} "):
            continue
        computer, told = _computer(lane), _short(lane.vm.kvp.get("FullyQualifiedDomainName"))
        if times[computer] > 1:
            found[lane.vm.vm_id] = f"the computer {computer} answered for {times[computer]} VMs"
        elif told and told[:_NETBIOS] != computer[:_NETBIOS]:
            found[lane.vm.vm_id] = f"it calls itself {computer}, and the VM tells its host to be {told}"
    return found


_NETBIOS = 15
"""Letters of a computer's name that CIM tells; its DNS name may go on."""


def _computer(lane: GuestLane) -> str:
    return _short(lane.facts.os.computer_name) if lane.facts is not None and lane.facts.os is not None else ""


def _short(name: str | None) -> str:
    return (name or "").partition(".")[0].casefold()


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
    contradiction = _contradiction(name, kvp)
    if contradiction:
        return GuestIdentity(System.UNKNOWN, shown=name or "Windows", hearsay=True, contradiction=contradiction)
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


_WINDOWS_ONLY = ("ProductType", "SuiteMask", "OSEditionId", "ServicePackMajor")
"""Items that no Linux or BSD daemon sends (hv_kvp_daemon.c of Linux 6.8)."""


def _contradiction(name: str, kvp: Mapping[str, str]) -> str:
    """Which items cannot all be true of one system; empty where they can. Names alone prove nothing: they are text."""
    windows = next((item for item in _WINDOWS_ONLY if kvp.get(item, "").strip()), None)
    if not _says_windows(kvp) and windows is not None:
        return f"{name or 'a system that is no Windows'} sends no {windows}, and this one sends {kvp[windows]}"
    number = _number(kvp.get("OSEditionId"))
    edition = edition_of_sku(number) if number is not None else None
    if kvp.get("ProductType") == "1" and edition is not None:
        return f"ProductType 1 is a client's, and OSEditionId {number} is Windows Server {edition}"
    release = _release(kvp)
    if edition is not None and release is not None and not _existed(release, edition):
        return f"there is no Windows Server {release} {edition} (OSEditionId {number})"
    return ""


def _existed(release: str, edition: str) -> bool:
    """Azure Edition began with 2022 (Microsoft Learn, Windows Server Azure Edition); the others are older than AVMA."""
    began, this = release_rank("2022"), release_rank(release)
    return "Azure" not in edition or this is None or began is None or this >= began


def _says_windows(kvp: Mapping[str, str]) -> bool:
    """OSPlatformId 2 is Windows NT (OSVERSIONINFOEX); Linux and BSD daemons send no such item."""
    return kvp.get("OSPlatformId") == "2" or "windows" in kvp.get("OSName", "").casefold()


def _release(kvp: Mapping[str, str]) -> str | None:
    build = _number(kvp.get("OSBuildNumber")) or _number(kvp.get("OSVersion", "").split(".")[-1])
    return release_of_build(build) if build is not None else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isascii() and text.strip().isdigit() else None
