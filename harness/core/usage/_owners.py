"""Which VM an event of a host's log speaks of: by id wherever it stands, else by a name that only one VM has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.core.usage._records import GuestSeen, Observation

__all__ = ["Owner", "owners_of"]


@dataclass(frozen=True, slots=True)
class Owner:
    """``by`` is vm_id, name, or unlisted_id for an id that no host ever listed as a VM's."""

    vm_id: str
    by: str


def owners_of(
    observations: Iterable[Observation], guests: Iterable[GuestSeen], hosts: Iterable[str]
) -> list[Owner | None]:
    """For each observation the VM it belongs to, or None where the event does not tell.

    An id that stands beside those of known VMs is a product's or a host's, not an unlisted VM's.

    Args:
        observations: events.
        guests: every VM that was ever listed.
        hosts: names of hosts, which stand in events as well and so name no guest.
    """
    listed = tuple(observations)
    known = {guest.vm_id for guest in guests}
    names = _unique_names(guests, {name.partition(".")[0].casefold() for name in hosts})
    shared = {guid for event in listed for guid in _ids(event) - known if _ids(event) & known}
    return [_owner(event, known, names, shared) for event in listed]


def _owner(event: Observation, known: set[str], names: Mapping[str, str], shared: set[str]) -> Owner | None:
    ids = _ids(event)
    if ids & known:
        return Owner(next(iter(ids & known)), "vm_id") if len(ids & known) == 1 else None
    named = {names[name.casefold()] for name in event.names if name.casefold() in names}
    if named:
        return Owner(next(iter(named)), "name") if len(named) == 1 else None
    strange = ids - shared
    return Owner(next(iter(strange)), "unlisted_id") if len(strange) == 1 else None


def _ids(event: Observation) -> set[str]:
    return {guid.casefold() for guid in event.guids}


def _unique_names(guests: Iterable[GuestSeen], hosts: set[str]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for guest in guests:
        for name in filter(None, (guest.name, guest.fqdn, (guest.fqdn or "").partition(".")[0])):
            owners.setdefault(name.casefold(), set()).add(guest.vm_id)
    return {
        name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1 and name.partition(".")[0] not in hosts
    }
