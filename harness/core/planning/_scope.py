"""What a playbook and a step are meant for: target patterns, conditions, tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.core.model import FabricFacts, GuestLane, HostLane, Inventory, Playbook, Step

__all__ = ["Scope", "fits", "guest_facts", "host_facts", "scope_of", "wanted_steps"]


@dataclass(frozen=True, slots=True)
class Scope:
    """The hosts by inventory name and guests by VM id that a playbook is about; ``unknown`` patterns fit nothing."""

    hosts: frozenset[str]
    guests: frozenset[str]
    unknown: tuple[str, ...] = ()


def wanted_steps(playbook: Playbook, tags: Iterable[str]) -> tuple[tuple[int, Step], ...]:
    """The steps with their 0-based place in the playbook; with tags, only those that carry one of them."""
    asked = frozenset(tags)
    return tuple((i, step) for i, step in enumerate(playbook.steps) if not asked or asked & frozenset(step.tags))


def scope_of(fabric: FabricFacts, inventory: Inventory, targets: Iterable[str]) -> Scope:
    """Resolve target patterns. A host stands for its guests too; ``!`` takes away; none at all means everything."""
    patterns = tuple(targets)
    plain = [pattern for pattern in patterns if not pattern.startswith("!")]
    hosts: set[str] = set() if plain else {lane.name for lane in fabric.hosts}
    guests: set[str] = set() if plain else {lane.vm.vm_id for lane in fabric.guests}
    unknown = []
    for pattern in patterns:
        found_hosts, found_guests = _find(fabric, inventory, pattern.removeprefix("!").casefold())
        if not found_hosts and not found_guests:
            unknown.append(pattern)
        elif pattern.startswith("!"):
            continue
        hosts |= found_hosts
        guests |= found_guests
    for pattern in (p for p in patterns if p.startswith("!")):
        found_hosts, found_guests = _find(fabric, inventory, pattern[1:].casefold())
        hosts -= found_hosts
        guests -= found_guests
    return Scope(frozenset(hosts), frozenset(guests), tuple(unknown))


def _find(fabric: FabricFacts, inventory: Inventory, pattern: str) -> tuple[set[str], set[str]]:
    """Hosts whose own, cluster's or group's name fits, with their guests; and guests whose name or id fits."""
    grouped = {name for group, names in inventory.groups.items() if _like(group, pattern) for name in names}
    hosts = {
        lane.name
        for lane in fabric.hosts
        if _like(lane.name, pattern) or lane.name in grouped or (lane.cluster and _like(lane.cluster, pattern))
    }
    guests = {
        lane.vm.vm_id
        for lane in fabric.guests
        if lane.host in hosts or _like(lane.vm.name, pattern) or lane.vm.vm_id.casefold() == pattern
    }
    return hosts, guests


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def fits(step: Step, facts: Mapping[str, str | None]) -> tuple[bool | None, str]:
    """Whether a target meets a step's conditions: True, False, or None with the name of the fact that is unknown.

    One certain "no" outweighs anything unknown. ``name`` and ``cluster`` are globs, the rest compare without case.
    """
    unknown = ""
    for fact, allowed in step.when.items():
        value = facts.get(fact)
        if value is None:
            unknown = unknown or fact
        elif not any(_like(value, pattern) for pattern in allowed):
            return False, ""
    return (None, unknown) if unknown else (True, "")


def host_facts(lane: HostLane) -> dict[str, str | None]:
    """What a step's conditions may ask of a host. A host without a cluster has the empty name there."""
    os = lane.facts.os if lane.facts else None
    return {
        "name": lane.name,
        "cluster": lane.cluster or "",
        "flavour": lane.facts.flavour.value if lane.facts else None,
        "os_version": os.release if os else None,
        "edition": os.edition if os else None,
    }


def guest_facts(
    lane: GuestLane, host: HostLane | None, release: str | None, edition: str | None
) -> dict[str, str | None]:
    """The same of a guest; flavour and cluster are its host's."""
    told = host_facts(host) if host else {}
    return told | {"name": lane.vm.name, "os_version": release, "edition": edition}
