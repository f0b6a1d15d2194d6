"""What each guest tells its host of itself through Data Exchange: tracking data in real time, and hearsay.

The guest writes it and its administrator can write anything, so nothing here is ever proof. Names of the items:
Microsoft Learn hyperv_v2 Msvm_KvpExchangeComponent (read 2026-11); architectures: SYSTEM_INFO of sysinfoapi.h.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.model import FabricFacts, GuestLane

__all__ = ["Tracking", "tracking"]

_ARCHITECTURES = {"0": "x86", "5": "ARM", "6": "Itanium", "9": "x64", "12": "ARM64"}


@dataclass(frozen=True, slots=True)
class Tracking:
    """One VM's word. ``told`` is False where the host holds no items: Data Exchange is off, or the VM does not run.

    ``contradicted`` names the fields of which the guest itself, asked inside, says otherwise; None where nobody asked.
    """

    name: str
    vm_id: str
    host: str
    told: bool
    fqdn: str | None
    os_name: str | None
    os_version: str | None
    service_pack: str | None
    architecture: str | None
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    rdp_ipv4: tuple[str, ...]
    rdp_ipv6: tuple[str, ...]
    contradicted: tuple[str, ...] | None
    verified: bool = False


def tracking(facts: FabricFacts) -> tuple[Tracking, ...]:
    """The tracking data of every VM, in the facts' order."""
    return tuple(_of(lane) for lane in facts.guests)


def _of(lane: GuestLane) -> Tracking:
    items = lane.vm.kvp
    code = items.get("ProcessorArchitecture", "").strip()
    return Tracking(
        name=lane.vm.name,
        vm_id=lane.vm.vm_id,
        host=lane.host,
        told=bool(items),
        fqdn=items.get("FullyQualifiedDomainName") or None,
        os_name=items.get("OSName") or None,
        os_version=items.get("OSVersion") or None,
        service_pack=_service_pack(lane),
        architecture=_ARCHITECTURES.get(code, code) or None,
        ipv4=_addresses(items.get("NetworkAddressIPv4")),
        ipv6=_addresses(items.get("NetworkAddressIPv6")),
        rdp_ipv4=_addresses(items.get("RDPAddressIPv4")),
        rdp_ipv6=_addresses(items.get("RDPAddressIPv6")),
        contradicted=_contradicted(lane),
    )


def _service_pack(lane: GuestLane) -> str | None:
    """CSDVersion ("Service Pack 1"), else the numbers; 0.0 and nothing both mean that there is none."""
    items = lane.vm.kvp
    numbers = items.get("ServicePackMajor", "").strip(), items.get("ServicePackMinor", "").strip()
    named = items.get("CSDVersion", "").strip()
    return named or (".".join(numbers) if numbers[0] not in {"", "0"} else None)


def _addresses(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(";") if part.strip())


def _contradicted(lane: GuestLane) -> tuple[str, ...] | None:
    inside = lane.facts.os if lane.facts is not None and lane.facts.reachable else None
    if inside is None:
        return None
    items = lane.vm.kvp
    told: Iterable[tuple[str, str | None, str | None]] = (
        ("fqdn", items.get("FullyQualifiedDomainName", "").partition(".")[0], inside.computer_name),
        ("os_version", items.get("OSVersion"), inside.version),
    )
    return tuple(name for name, says, truth in told if says and truth and says.casefold() != truth.casefold())
