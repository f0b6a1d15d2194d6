"""Facts: all hosts side by side, then all guests they listed. Sends nothing that changes state."""

from collections.abc import Container, Iterable
from datetime import timedelta

from harness.core.errors import HarnessError
from harness.core.model import (
    GuestAccess,
    GuestFacts,
    GuestLane,
    HostFacts,
    HostLane,
    RetryClass,
    VirtualMachine,
    VmState,
)
from harness.engine import events
from harness.engine._access import access_of
from harness.engine._context import RunContext
from harness.engine._lanes import side_by_side
from harness.windows import gather_guest, gather_host, read_capabilities, write_capabilities

__all__ = ["gather_guests", "gather_hosts"]


MEMORY = timedelta(hours=12)
"""How long a host's commands are taken for granted: an update that brings a module is noticed by the next day."""


def gather_hosts(context: RunContext, hosts: Iterable[str]) -> tuple[HostLane, ...]:
    """One lane per inventory host."""
    names = tuple(hosts)
    context.publish(events.PhaseStarted, phase="gather_hosts", lanes=len(names))
    return tuple(side_by_side(lambda name: _host_lane(context, name), names, forks=context.forks))


def gather_guests(
    context: RunContext, hosts: Iterable[HostLane], *, only: Container[str] | None = None
) -> tuple[GuestLane, ...]:
    """One lane per VM, each VM once: during a move two nodes may list it, and the one where it runs is right.

    Args:
        context: the run.
        hosts: the lanes that listed the VMs.
        only: the ids of the VMs to ask; the others are left out.
    """
    found: dict[str, VirtualMachine] = {}
    for lane in hosts:
        for vm in lane.facts.vms if lane.facts else ():
            if only is not None and vm.vm_id not in only:
                continue
            if vm.vm_id not in found or found[vm.vm_id].state is not VmState.RUNNING:
                found[vm.vm_id] = vm
    lanes = [GuestLane(vm, vm.host, access_of(context.inventory, vm)) for vm in found.values()]
    context.publish(events.PhaseStarted, phase="gather_guests", lanes=len(lanes))
    return tuple(side_by_side(lambda lane: _guest_lane(context, lane), lanes, forks=context.forks))


def _host_lane(context: RunContext, name: str) -> HostLane:
    cluster = context.inventory.hosts[name].cluster
    context.publish(events.LaneStarted, target=name, phase="gather_hosts")
    try:
        facts = context.attempt(lambda: _host_facts(context, name), RetryClass.READ, target=name)
    except HarnessError as error:
        return HostLane(name, None, context.lane_failed(name, "gather_hosts", error), cluster)
    context.publish(
        events.LaneFinished,
        target=name,
        phase="gather_hosts",
        summary=f"{facts.os.caption or 'unknown system'}, {len(facts.vms)} VMs",
    )
    return HostLane(name, facts, None, cluster)


def _host_facts(context: RunContext, name: str) -> HostFacts:
    connection = context.inventory.hosts[name].connection
    identity = f"{connection.address}:{connection.port}/{connection.configuration}"
    remembered = context.store.capabilities.recall(identity)
    known = read_capabilities(remembered) if remembered else None
    if known is not None and known.age(context.clock.now()) > MEMORY:
        known = None
    facts, learned = gather_host(
        context.sessions.host(name),
        name,
        known=known,
        clock=context.clock.now,
        seconds=context.seconds(name),
        keep=context.evidence.of_host(name),
    )
    if learned != known:
        context.store.capabilities.learn(identity, write_capabilities(learned), time=context.time())
    return facts


def _guest_lane(context: RunContext, lane: GuestLane) -> GuestLane:
    name = lane.vm.name
    if lane.access is GuestAccess.NONE:
        context.publish(events.LaneFinished, target=name, phase="gather_guests", summary="not entered")
        return lane
    context.publish(events.LaneStarted, target=name, phase="gather_guests")
    try:
        facts = context.attempt(lambda: _guest_facts(context, lane), RetryClass.READ, target=name)
    except HarnessError as error:
        return GuestLane(lane.vm, lane.host, lane.access, None, context.lane_failed(name, "gather_guests", error))
    context.publish(events.LaneFinished, target=name, phase="gather_guests", summary=_licence_line(facts))
    return GuestLane(lane.vm, lane.host, lane.access, facts)


def _guest_facts(context: RunContext, lane: GuestLane) -> GuestFacts:
    channel = context.sessions.guest(lane)
    return gather_guest(
        channel.session,
        channel.shell,
        lane.vm,
        lane.access,
        clock=context.clock.now,
        seconds=context.seconds(lane.host),
        keep=context.evidence.of_guest(lane.vm.vm_id),
    )


def _licence_line(facts: GuestFacts) -> str:
    licence = next((record for record in facts.licences if record.is_windows), None)
    if licence is None:
        return "no Windows licence with a key"
    return f"{licence.product_key_channel or 'unknown channel'}, status {licence.status}"
