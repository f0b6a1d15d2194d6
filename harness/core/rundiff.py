"""What differs between two runs: every host and guest, before and after. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.core.model import FabricFacts, FabricVerdict, GuestLane, GuestVerdict, HostLane, HostVerdict
from harness.core.verdict import method_of
from harness.core.verdict.licences import windows_licence

__all__ = ["Change", "Difference", "RunDiff", "compare"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; None where it was or is not known."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One host (``vm_id`` None) or guest. ``state``: same, changed, appeared, gone. ``effect``: better, worse or ""."""

    name: str
    vm_id: str | None
    state: str
    effect: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class RunDiff:
    """All hosts and guests of both runs; those of the later run first, in its order."""

    hosts: tuple[Difference, ...]
    guests: tuple[Difference, ...]

    @property
    def worse(self) -> tuple[Difference, ...]:
        """What activated before and does no longer."""
        return tuple(item for item in (*self.hosts, *self.guests) if item.effect == "worse")


Sight = Mapping[str, str | None]
_HOST_EFFECT = ("avma_ready", "true")
_GUEST_EFFECT = ("verdict", "activated")


def compare(before: tuple[FabricFacts, FabricVerdict], after: tuple[FabricFacts, FabricVerdict]) -> RunDiff:
    """Hosts by their names, guests by their VM ids.

    What goes on by itself, such as the minutes left of a lease, is no change.

    Args:
        before: facts and verdict of the earlier run.
        after: the same of the later one, judged with the same inventory or both without one.
    """
    hosts = _pairs(_hosts(*before), _hosts(*after))
    guests = _pairs(_guests(*before), _guests(*after))
    return RunDiff(
        tuple(_difference(name, None, old, new, _HOST_EFFECT) for name, old, new in hosts),
        tuple(_difference(_name(old, new), vm_id, old, new, _GUEST_EFFECT) for vm_id, old, new in guests),
    )


def _pairs(old: Mapping[str, Sight], new: Mapping[str, Sight]) -> Iterable[tuple[str, Sight | None, Sight | None]]:
    for key, sight in new.items():
        yield key, old.get(key), sight
    for key, sight in old.items():
        if key not in new:
            yield key, sight, None


def _name(old: Sight | None, new: Sight | None) -> str:
    return (new or old or {}).get("name") or "?"


def _difference(
    name: str, vm_id: str | None, old: Sight | None, new: Sight | None, effect: tuple[str, str]
) -> Difference:
    if old is None or new is None:
        return Difference(name, vm_id, "appeared" if old is None else "gone", "", ())
    changes = tuple(Change(field, old[field], new[field]) for field in new if old[field] != new[field])
    field, good = effect
    was, now = old[field] == good, new[field] == good
    told = "worse" if was and not now else ("better" if now and not was else "")
    return Difference(name, vm_id, "changed" if changes else "same", told, changes)


def _hosts(facts: FabricFacts, verdict: FabricVerdict) -> dict[str, Sight]:
    judged = {host.name: host for host in verdict.hosts}
    return {lane.name: _host(lane, judged[lane.name]) for lane in facts.hosts}


def _host(lane: HostLane, verdict: HostVerdict) -> Sight:
    facts = lane.facts
    own = windows_licence(facts.licences) if facts else None
    activation = facts.activation if facts else None
    cluster = facts.cluster if facts else None
    return {
        "reached": "yes" if facts else "no",
        "os_version": verdict.os_version,
        "build": str(facts.os.build) if facts and facts.os.build else None,
        "edition": verdict.edition,
        "avma_ready": {True: "true", False: "false", None: None}[verdict.avma_ready],
        "cause": verdict.reasons[0].code if verdict.reasons else None,
        "own_licence": method_of(own) if own else None,
        "own_key": own.partial_product_key if own else None,
        "host_key": activation.last5 if activation else None,
        "host_key_version": activation.version if activation else None,
        "cluster_level": str(cluster.functional_level) if cluster and cluster.functional_level else None,
        "modules": ", ".join(sorted(f"{m.name} {'.'.join(map(str, m.version))}" for m in facts.modules))
        if facts
        else None,
    }


def _guests(facts: FabricFacts, verdict: FabricVerdict) -> dict[str, Sight]:
    judged = {guest.vm_id: guest for guest in verdict.guests}
    return {lane.vm.vm_id: _guest(lane, judged[lane.vm.vm_id]) for lane in facts.guests}


def _guest(lane: GuestLane, verdict: GuestVerdict) -> Sight:
    facts = lane.facts
    licence = windows_licence(facts.licences) if facts else None
    return {
        "name": lane.vm.name,
        "host": lane.host,
        "state": lane.vm.state.value,
        "vm_version": lane.vm.version,
        "reached": "yes" if facts and facts.reachable else "no",
        "os_version": verdict.os_version,
        "build": str(facts.os.build) if facts and facts.os and facts.os.build else None,
        "edition": verdict.edition,
        "verdict": verdict.verdict.value,
        "cause": verdict.reasons[0].code if verdict.reasons else None,
        "channel": verdict.channel,
        "key": licence.partial_product_key if licence else None,
        "granted_by": verdict.granted_by,
    }
