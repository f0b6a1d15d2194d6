"""First contact: what hosts and their guests show of the open questions, under stand-ins for names. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.aliases import Aliases
from harness.core.errors import HarnessError
from harness.core.masking import masked
from harness.core.model import GuestAccess, GuestLane, HostFacts, LaneFailure, RetryClass, VirtualMachine, VmState
from harness.engine import events
from harness.engine._access import access_of
from harness.engine._context import RunContext
from harness.engine._lanes import side_by_side
from harness.windows import gather_guest
from harness.windows.capture import GuestMaterial, HostMaterial, Material, Sighting, answer_all, read_host_material

__all__ = ["Capture", "CapturedHost", "capture"]


@dataclass(frozen=True, slots=True)
class CapturedHost:
    """One host of a capture, under its stand-in."""

    name: str
    flavour: str
    release: str | None
    edition: str | None
    build: int | None
    modules: tuple[str, ...]
    vms: int
    guests_reached: int


@dataclass(frozen=True, slots=True)
class Capture:
    """The sightings by question, every name in them a stand-in; ``failures`` are hosts that did not answer."""

    hosts: tuple[CapturedHost, ...]
    sightings: Mapping[str, Sighting]
    failures: tuple[LaneFailure, ...]


def capture(context: RunContext, hosts: Sequence[str]) -> Capture:
    """Ask these hosts, and every running guest of theirs with access, for all that can be seen without a change."""
    context.publish(events.PhaseStarted, phase="capture_hosts", lanes=len(hosts))
    found = side_by_side(lambda name: _host(context, name), hosts, forks=context.forks)
    reached = tuple(material for material in found if isinstance(material, HostMaterial))
    lanes = _lanes(context, [material.facts for material in reached])
    context.publish(events.PhaseStarted, phase="capture_guests", lanes=len(lanes))
    guests = side_by_side(lambda lane: _guest(context, lane), lanes, forks=context.forks)
    material = Material(reached, tuple(guest for guest in guests if guest is not None))
    aliases = _aliases(context, material)

    def safe(text: str) -> str:
        return aliases.apply(context.redact(text))

    return Capture(
        tuple(masked(_about(material, host), safe) for host in reached),
        {name: masked(sighting, safe) for name, sighting in answer_all(material).items()},
        tuple(failure for failure in found if isinstance(failure, LaneFailure)),
    )


def _host(context: RunContext, name: str) -> HostMaterial | LaneFailure:
    context.publish(events.LaneStarted, target=name, phase="capture_hosts")
    try:
        found = context.attempt(
            lambda: read_host_material(
                context.sessions.host(name), name, clock=context.clock.now, seconds=context.seconds(name)
            ),
            RetryClass.READ,
            target=name,
        )
    except HarnessError as error:
        return context.lane_failed(name, "capture_hosts", error)
    context.publish(
        events.LaneFinished, target=name, phase="capture_hosts", summary=f"{len(found.facts.events)} events 12310"
    )
    return found


def _lanes(context: RunContext, hosts: Sequence[HostFacts]) -> list[GuestLane]:
    found: dict[str, VirtualMachine] = {}
    for facts in hosts:
        for vm in facts.vms:
            if vm.vm_id not in found or found[vm.vm_id].state is not VmState.RUNNING:
                found[vm.vm_id] = vm
    lanes = [GuestLane(vm, vm.host, access_of(context.inventory, vm)) for vm in found.values()]
    return [lane for lane in lanes if lane.access is not GuestAccess.NONE]


def _guest(context: RunContext, lane: GuestLane) -> GuestMaterial | None:
    context.publish(events.LaneStarted, target=lane.vm.name, phase="capture_guests")
    kept: dict[str, object] = {}

    def ask() -> GuestLane:
        channel = context.sessions.guest(lane)
        facts = gather_guest(
            channel.session,
            channel.shell,
            lane.vm,
            lane.access,
            clock=context.clock.now,
            seconds=context.seconds(lane.host),
            keep=lambda told: kept.update(told()),
        )
        return replace(lane, facts=facts)

    try:
        answered = context.attempt(ask, RetryClass.READ, target=lane.vm.name)
    except HarnessError as error:
        context.lane_failed(lane.vm.name, "capture_guests", error)
        return None
    context.publish(events.LaneFinished, target=lane.vm.name, phase="capture_guests", summary="answered")
    return GuestMaterial(answered, kept)


def _aliases(context: RunContext, material: Material) -> Aliases:
    """Stand-ins for all that names this fabric."""
    aliases = Aliases()
    for host in material.hosts:
        facts, role = host.facts, host.raw.get("hyperv")
        rows = role.get("rows") if isinstance(role, Mapping) else None
        fqdn = str(rows[0].get("fullyqualifieddomainname") or "") if rows else ""
        aliases.add("host", facts.name, facts.os.computer_name, fqdn)
        if facts.cluster is not None:
            aliases.add("cluster", facts.cluster.name)
            for node in facts.cluster.nodes:
                aliases.add("host", node.name)
    guests = {guest.lane.vm.vm_id: guest.lane.facts for guest in material.guests}
    vms = [vm for host in material.hosts for vm in host.facts.vms]
    for vm in vms:
        inside = guests.get(vm.vm_id)
        computer = inside.os.computer_name if inside and inside.os else None
        aliases.add("vm", vm.name, vm.kvp.get("FullyQualifiedDomainName"), computer)
    aliases.add_ids(vm.vm_id for vm in vms)
    for entry in context.inventory.credentials.values():
        domain, _, user = (entry.username or "").rpartition("\\")
        aliases.add("user", user)
        aliases.add("realm", domain)
    return aliases


def _about(material: Material, host: HostMaterial) -> CapturedHost:
    facts = host.facts
    return CapturedHost(
        name=facts.name,
        flavour=str(facts.flavour),
        release=facts.os.release,
        edition=facts.os.edition,
        build=facts.os.build,
        modules=tuple(f"{module.name} {'.'.join(map(str, module.version))}" for module in facts.modules),
        vms=len(facts.vms),
        guests_reached=len(material.on(host)),
    )
