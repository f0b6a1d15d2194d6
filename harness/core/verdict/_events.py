"""Which event of a host's log belongs to which VM.

The layout of %2 in 12309 and 12310 is unrecorded, so an event is given to a VM by the VM's id wherever it stands in
the data, else by a name that only one VM has; what fits neither rule belongs to nobody and proves nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from harness.core.model import ActivationEvent, FabricFacts, GuestLane, HostFacts

__all__ = ["GUEST_EVENT", "HOST_EVENT", "events_of", "latest", "of_another_vm"]

GUEST_EVENT = 12309
HOST_EVENT = 12310
_NEVER = datetime.min.replace(tzinfo=UTC)


def events_of(fabric: FabricFacts) -> dict[str, tuple[ActivationEvent, ...]]:
    """Events 12310 of all hosts by VM id. A guest that moved has its events on several hosts."""
    vm_ids = frozenset(lane.vm.vm_id for lane in fabric.guests)
    names = _unique_names(fabric)
    found: dict[str, list[ActivationEvent]] = {}
    for host in fabric.hosts:
        for event in host.facts.events if host.facts else ():
            owner = _owner(event, vm_ids, names) if event.event_id == HOST_EVENT else None
            if owner is not None:
                found.setdefault(owner, []).append(event)
    return {vm_id: tuple(events) for vm_id, events in found.items()}


def _owner(event: ActivationEvent, vm_ids: frozenset[str], names: Mapping[str, str]) -> str | None:
    by_id = {guid.casefold() for guid in event.guids} & vm_ids
    if by_id:
        return next(iter(by_id)) if len(by_id) == 1 else None
    by_name = {names[name.casefold()] for name in event.names if name.casefold() in names}
    return next(iter(by_name)) if len(by_name) == 1 else None


def _unique_names(fabric: FabricFacts) -> dict[str, str]:
    """Names that exactly one VM has and no host, to its id: VM name, computer name, FQDN."""
    owners: dict[str, set[str]] = {}
    for lane in fabric.guests:
        for name in _names(lane):
            owners.setdefault(name.casefold(), set()).add(lane.vm.vm_id)
    taken = {name.casefold() for host in fabric.hosts for name in _host_names(host.name, host.facts)}
    return {
        name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1 and name.partition(".")[0] not in taken
    }


def _names(lane: GuestLane) -> Iterable[str]:
    computer = lane.facts.os.computer_name if lane.facts and lane.facts.os else None
    return {name for name in (lane.vm.name, computer, lane.vm.kvp.get("FullyQualifiedDomainName")) if name}


def _host_names(name: str, facts: HostFacts | None) -> Iterable[str]:
    computer = facts.os.computer_name if facts else None
    return {text.partition(".")[0] for text in (name, computer) if text}


def latest(events: Iterable[ActivationEvent], event_id: int) -> ActivationEvent | None:
    """The newest event of that id; one without a date counts as the oldest."""
    found = [event for event in events if event.event_id == event_id]
    return max(found, key=lambda e: (e.time or _NEVER, e.record_id or 0), default=None)


def of_another_vm(event: ActivationEvent, vm_id: str, others: frozenset[str]) -> bool:
    """Whether a guest's own log holds the event of another known VM: the log came with a copied disk."""
    guids = {guid.casefold() for guid in event.guids}
    return vm_id not in guids and bool(guids & others)
