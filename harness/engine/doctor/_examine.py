"""All machines side by side: hosts first, then the guests that they list and that can be reached."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.errors import HarnessError
from harness.core.model import GuestAccess, GuestLane, HostFacts, HostLane, VirtualMachine, VmState
from harness.core.model.checkup import Check, CheckState, Checkup
from harness.engine import events
from harness.engine._access import access_of
from harness.engine._context import RunContext
from harness.engine._lanes import side_by_side
from harness.engine._nodes import with_discovered_nodes
from harness.engine.doctor._guest import examine_guest
from harness.engine.doctor._host import examine_host

__all__ = ["examine"]


def examine(context: RunContext, hosts: Sequence[str]) -> tuple[Checkup, ...]:
    """Check these hosts, the nodes their clusters' seeds tell of, and every running guest with access.

    Sends nothing that changes state. A machine's own trouble is a finding, never an exception.
    """
    found = _hosts(context, hosts)
    lanes = [HostLane(checkup.target, facts, cluster=_cluster(context, checkup)) for checkup, facts in found]
    inventory, more = with_discovered_nodes(context.inventory, lanes)
    if more:
        context = replace(context, inventory=inventory)
        context.sessions.learn(inventory)
        found += _hosts(context, more)
    guests = _guests(context, [facts for _, facts in found if facts is not None])
    return (*(checkup for checkup, _ in found), *guests)


def _cluster(context: RunContext, checkup: Checkup) -> str | None:
    return context.inventory.hosts[checkup.target].cluster


def _hosts(context: RunContext, names: Sequence[str]) -> list[tuple[Checkup, HostFacts | None]]:
    context.publish(events.PhaseStarted, phase="doctor_hosts", lanes=len(names))
    return side_by_side(lambda name: _host(context, name), names, forks=context.forks)


def _host(context: RunContext, name: str) -> tuple[Checkup, HostFacts | None]:
    context.publish(events.LaneStarted, target=name, phase="doctor_hosts")
    try:
        checkup, facts = examine_host(context, name)
    except HarnessError as error:
        checkup, facts = Checkup(name, "host", "", (_gave_up(error),)), None
    _tell(context, checkup, "doctor_hosts")
    return checkup, facts


def _guests(context: RunContext, hosts: Sequence[HostFacts]) -> list[Checkup]:
    found: dict[str, VirtualMachine] = {}
    for facts in hosts:
        for vm in facts.vms:
            if vm.vm_id not in found or found[vm.vm_id].state is not VmState.RUNNING:
                found[vm.vm_id] = vm
    lanes = [GuestLane(vm, vm.host, access_of(context.inventory, vm)) for vm in found.values()]
    lanes = [lane for lane in lanes if lane.access is not GuestAccess.NONE]
    context.publish(events.PhaseStarted, phase="doctor_guests", lanes=len(lanes))
    return side_by_side(lambda lane: _guest(context, lane), lanes, forks=context.forks)


def _guest(context: RunContext, lane: GuestLane) -> Checkup:
    context.publish(events.LaneStarted, target=lane.vm.name, phase="doctor_guests")
    try:
        checkup = examine_guest(context, lane)
    except HarnessError as error:
        checkup = Checkup(lane.vm.name, "guest", "", (_gave_up(error),), host=lane.host, vm_id=lane.vm.vm_id)
    _tell(context, checkup, "doctor_guests")
    return checkup


def _gave_up(error: HarnessError) -> Check:
    return Check("session", CheckState.FAILED, error.message, error.hint or "Run `avma doctor` again.", error.code)


def _tell(context: RunContext, checkup: Checkup, phase: str) -> None:
    first = next((check for check in checkup.checks if check.state is CheckState.FAILED), None)
    if first is None:
        warnings = sum(check.state is CheckState.WARNING for check in checkup.checks)
        summary = f"{warnings} warning(s)" if warnings else "all well"
        context.publish(events.LaneFinished, target=checkup.target, phase=phase, summary=summary)
        return
    context.publish(
        events.LaneFailed,
        target=checkup.target,
        phase=phase,
        code=first.code or first.name,
        message=f"{first.name}: {first.seen}",
        next_step=first.fix,
    )
