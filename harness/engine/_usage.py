"""Looking at the hosts' activation logs and adding what is new to what the store remembers. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from harness.core.errors import HarnessError
from harness.core.model import RetryClass, VirtualMachine, VmState
from harness.core.usage import GuestSeen, HostSeen, Observation
from harness.engine import events
from harness.engine._access import entry_of
from harness.engine._context import RunContext
from harness.engine._lanes import side_by_side
from harness.windows.hostlog import HostLog, read_host_log

__all__ = ["Look", "observe"]

_OVERLAP = timedelta(days=1)
"""How far behind the newest known event reading begins again: clocks are set back, and what was read shows no gap."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at all hosts brought. ``now`` is the hosts' present; ``new`` counts events not known before."""

    now: datetime
    hosts: tuple[HostSeen, ...]
    new: int
    unreachable: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class _Lane:
    """One host's answer, or the reason why there is none."""

    name: str
    seen: HostSeen
    log: HostLog | None
    now: datetime | None
    unreachable: bool = False


def observe(context: RunContext, hosts: Sequence[str]) -> Look:
    """Read what these hosts have logged since the last look, and keep it.

    A VM is gone when every host of the inventory listed all its VMs and none listed it.
    """
    context.publish(events.PhaseStarted, phase="usage", lanes=len(hosts))
    known = {seen.host: seen for seen in context.store.observations.hosts()}
    lanes = side_by_side(lambda name: _lane(context, name, known.get(name)), hosts, forks=context.forks)
    now = max((lane.now for lane in lanes if lane.now is not None), default=context.clock.now())
    observed = [event for lane in lanes if lane.log for event in _observations(lane.log, lane.seen.computer)]
    new = context.store.observations.add(observed)
    whole = set(context.inventory.hosts) <= {lane.name for lane in lanes if lane.log and lane.log.lists_every_vm}
    guests = _guests(context, [lane.log for lane in lanes if lane.log], now, whole=whole)
    context.store.observations.saw(guests, [lane.seen for lane in lanes])
    return Look(
        now,
        tuple(lane.seen for lane in lanes),
        new,
        unreachable=any(lane.unreachable for lane in lanes),
        failed=any(not lane.seen.ok and not lane.unreachable for lane in lanes),
    )


def _lane(context: RunContext, name: str, before: HostSeen | None) -> _Lane:
    context.publish(events.LaneStarted, target=name, phase="usage")
    newest = context.store.observations.newest(before.computer) if before else None
    since = newest.time - _OVERLAP if newest else None
    try:
        log = context.attempt(
            lambda: read_host_log(
                context.sessions.host(name),
                name,
                since=since,
                clock=context.clock.now,
                seconds=context.seconds(name),
            ),
            RetryClass.READ,
            target=name,
        )
    except HarnessError as error:
        return _failed(context, name, before, error)
    now = log.os.clock or context.clock.now()
    computer = _computer(log)
    state = log.parts["events"]
    gap = _gap(newest, log, computer) if state.ok else None
    seen = HostSeen(name, computer, now, state.ok, "" if state.ok else f"{state.code}: {state.message}", gap)
    context.publish(events.LaneFinished, target=name, phase="usage", summary=f"{len(log.events)} events 12310")
    return _Lane(name, seen, log, now)


def _failed(context: RunContext, name: str, before: HostSeen | None, error: HarnessError) -> _Lane:
    failure = context.lane_failed(name, "usage", error)
    computer = before.computer if before else name.casefold()
    seen = HostSeen(name, computer, context.clock.now(), ok=False, message=f"{failure.code}: {failure.message}")
    return _Lane(name, seen, None, None, unreachable=failure.unreachable)


def _computer(log: HostLog) -> str:
    """Who logs this host's events: as the events say, else as the system says."""
    told = next((event.computer for event in reversed(log.events) if event.computer), None)
    return (told or log.os.computer_name or log.name).partition(".")[0].casefold()


def _observations(log: HostLog, computer: str) -> list[Observation]:
    return [
        Observation(
            host=computer,
            record_id=event.record_id,
            time=_milliseconds(event.time),
            hresult=event.hresult,
            payload=event.payload,
            guids=event.guids,
            names=event.names,
        )
        for event in log.events
        if event.record_id is not None and event.time is not None
    ]


def _milliseconds(moment: datetime) -> datetime:
    """What every way in which an event travels keeps of its time, so that it is the same event each time."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _gap(newest: Observation | None, log: HostLog, computer: str) -> str | None:
    if newest is None or newest in _observations(log, computer):
        return None
    first = min((event.time for event in log.events if event.time is not None), default=None)
    until = f"{first:%Y-%m-%d %H:%M}" if first else "now"
    return (
        f"The log of {computer} no longer holds the event of {newest.time:%Y-%m-%d %H:%M} that was read before: it was "
        f"cleared or overwritten, and activations between then and {until} UTC may be missing here."
    )


def _guests(context: RunContext, logs: Sequence[HostLog], now: datetime, *, whole: bool) -> list[GuestSeen]:
    """Every VM listed now, and those that are gone. During a move two nodes list a VM; where it runs is right."""
    before = {guest.vm_id: guest for guest in context.store.observations.guests()}
    listed: dict[str, VirtualMachine] = {}
    for log in logs:
        for vm in log.vms:
            if vm.vm_id not in listed or listed[vm.vm_id].state is not VmState.RUNNING:
                listed[vm.vm_id] = vm
    found = [_seen(context, vm, before.get(vm.vm_id), now) for vm in listed.values()]
    if whole:
        missing = [guest for guest in before.values() if guest.vm_id not in listed and guest.gone is None]
        found += [replace(guest, state="gone", gone=now) for guest in missing]
    return found


def _seen(context: RunContext, vm: VirtualMachine, before: GuestSeen | None, now: datetime) -> GuestSeen:
    entry = entry_of(context.inventory, vm)
    told = vm.kvp  # empty while the VM is off or Data Exchange silent: then what it told before still names it
    return GuestSeen(
        vm_id=vm.vm_id,
        name=vm.name,
        host=vm.host,
        fqdn=told.get("FullyQualifiedDomainName") or (before.fqdn if before else None),
        system=told.get("OSName") or (before.system if before else None),
        state=str(vm.state),
        tags=entry.tags if entry else (),
        first_seen=before.first_seen if before else now,
        last_seen=now,
    )
