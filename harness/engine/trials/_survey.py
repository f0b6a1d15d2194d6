"""What a lab has to offer to tests: its hosts, clusters and guests as a test job found them at its beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from harness.core.model import FabricFacts, FabricVerdict, HostLane, Inventory
from harness.core.needs import Needs, Offer

__all__ = ["LabCluster", "LabGuest", "LabHost", "Survey", "Target", "read_survey", "survey_of", "write_survey"]

KINDS = ("guest", "host", "cluster")
"""What a test can be run for each of, the narrowest first."""
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class LabHost:
    """One host of the lab. ``jea``: it is reached by a restricted endpoint; ``os_build`` is as "10.0.20348"."""

    name: str
    os_version: str | None
    edition: str | None
    flavour: str
    os_build: str | None
    cluster: str | None
    jea: bool


@dataclass(frozen=True, slots=True)
class LabGuest:
    """One guest that answered; ``host`` is where it ran when the lab was surveyed."""

    name: str
    vm_id: str
    host: str
    os_version: str | None
    edition: str | None


@dataclass(frozen=True, slots=True)
class LabCluster:
    """One cluster with its nodes' names."""

    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What one test works with: a guest, a host, a cluster, or the whole lab.

    ``hosts`` are those it is about; ``held`` those that nobody else may use meanwhile, which is the whole cluster;
    ``silent`` tells why it cannot be used: a host that did not answer.
    """

    kind: str
    name: str
    hosts: tuple[str, ...]
    held: tuple[str, ...]
    group: str
    offer: Offer
    vm_id: str | None = None
    silent: str | None = None

    @property
    def id(self) -> str:
        """How a test's id names it: "web01@hv01", "hv01", "n1@azl", "azl", "whole-lab"."""
        return self.name if self.name == self.group or self.kind == "lab" else f"{self.name}@{self.group}"


@dataclass(frozen=True, slots=True)
class Survey:
    """The lab as it was found. ``inventory`` holds the discovered nodes too; ``silent`` maps hosts to causes."""

    inventory: Inventory
    hosts: tuple[LabHost, ...]
    guests: tuple[LabGuest, ...]
    silent: Mapping[str, str]

    @property
    def clusters(self) -> tuple[LabCluster, ...]:
        """The clusters of the inventory."""
        names = {entry.cluster: None for entry in self.inventory.hosts.values() if entry.cluster}
        return tuple(LabCluster(name, self.members(name)) for name in names)

    def group(self, host: str) -> str:
        """The name of the hosts that go together: a cluster's, or the host's own."""
        return self.inventory.hosts[host].cluster or host

    def members(self, group: str) -> tuple[str, ...]:
        """The hosts of a group."""
        return tuple(name for name in self.inventory.hosts if self.group(name) == group)

    def whole(self) -> Target:
        """The lab as a target."""
        everything = tuple(self.inventory.hosts)
        return Target("lab", "whole-lab", everything, everything, "", Offer.of_all(map(self._offer, everything)))

    def choose(self, kind: str, needs: Needs) -> tuple[tuple[Target, ...], str]:
        """The targets of that kind that meet the needs, and those that might if they answered.

        Returns:
            the targets, and the reason where there is none.
        """
        known = self._targets(kind)
        # what the inventory alone tells, also of a host that is silent
        told = Needs(licensing=needs.licensing, nodes=needs.nodes, jea=needs.jea)
        found = tuple(target for target in known if not (told if target.silent else needs).unmet(target.offer))
        return found, "" if found else _reason(kind, needs, known)

    def meets(self, needs: Needs) -> str:
        """Why no place at all meets the needs; empty where one does. For a test that works with the whole lab."""
        reasons = [self.choose(kind, needs) for kind in KINDS]
        return "" if any(found for found, _ in reasons) else reasons[0][1]

    def _targets(self, kind: str) -> list[Target]:
        if kind == "cluster":
            return [self._cluster(cluster) for cluster in self.clusters]
        silent = [self._single(kind, name, cause) for name, cause in self.silent.items()]
        if kind == "host":
            return [*(self._single(kind, host.name) for host in self.hosts), *silent]
        return [*map(self._guest, self.guests), *silent]

    def _single(self, kind: str, host: str, silent: str | None = None) -> Target:
        group = self.group(host)
        return Target(kind, host, (host,), self.members(group), group, self._offer(host), silent=silent)

    def _guest(self, guest: LabGuest) -> Target:
        group = self.group(guest.host)
        twins = [other for other in self.guests if other.name == guest.name]
        name = guest.name if len(twins) == 1 else f"{guest.name}-{guest.vm_id[:8]}"
        offer = replace(self._offer(guest.host), os=_known(guest.os_version), edition=_known(guest.edition))
        return Target("guest", name, self.members(group), self.members(group), group, offer, guest.vm_id)

    def _cluster(self, cluster: LabCluster) -> Target:
        silent = next((f"{node}: {self.silent[node]}" for node in cluster.nodes if node in self.silent), None)
        offer = Offer.of_all(map(self._offer, cluster.nodes))
        return Target("cluster", cluster.name, cluster.nodes, cluster.nodes, cluster.name, offer, silent=silent)

    def _offer(self, name: str) -> Offer:
        host = next((host for host in self.hosts if host.name == name), None)
        entry = self.inventory.hosts[name]
        nodes, jea = len(self.members(entry.cluster)) if entry.cluster else 0, _restricted(self.inventory, name)
        licensing = frozenset({str(entry.licensing)})
        if host is None:
            return Offer(frozenset(), frozenset(), frozenset(), licensing, nodes, jea)
        return Offer(_known(host.os_version), _known(host.edition), frozenset({host.flavour}), licensing, nodes, jea)


def survey_of(facts: FabricFacts, verdict: FabricVerdict, inventory: Inventory) -> Survey:
    """The survey out of a run that gathered and judged everything."""
    judged = {host.name: host for host in verdict.hosts}
    hosts = [_host(lane, judged[lane.name].edition, inventory) for lane in facts.hosts if lane.facts is not None]
    answered = {lane.vm.vm_id for lane in facts.guests if lane.facts is not None}
    guests = [
        LabGuest(guest.name, guest.vm_id, guest.host, guest.os_version, guest.edition)
        for guest in verdict.guests
        if guest.vm_id in answered
    ]
    silent = {
        lane.name: lane.failure.message if lane.failure else "It gave no facts."
        for lane in facts.hosts
        if lane.facts is None
    }
    return Survey(inventory, tuple(hosts), tuple(guests), silent)


_SURVEY: TypeAdapter[Survey] = TypeAdapter(Survey)


def write_survey(survey: Survey) -> str:
    """The survey as JSON, for the workers of a test job. It holds references to secrets, never a secret."""
    return _SURVEY.dump_json(survey).decode()


def read_survey(text: str) -> Survey:
    """The survey back from its JSON."""
    return _SURVEY.validate_json(text)


def _host(lane: HostLane, edition: str | None, inventory: Inventory) -> LabHost:
    assert lane.facts is not None
    os = lane.facts.os
    cluster = inventory.hosts[lane.name].cluster
    return LabHost(
        lane.name, os.release, edition, str(lane.facts.flavour), os.version, cluster, _restricted(inventory, lane.name)
    )


def _restricted(inventory: Inventory, host: str) -> bool:
    configuration = inventory.hosts[host].connection.configuration.casefold()
    return configuration.partition(".")[0] != "microsoft"


def _known(text: str | None) -> frozenset[str]:
    return frozenset({text} if text else ())


def _reason(kind: str, needs: Needs, known: Iterable[Target]) -> str:
    """Why none is there, with the nearest that is."""
    lacking = sorted(((needs.unmet(target.offer), target.name) for target in known), key=lambda one: len(one[0]))
    nearest = "; ".join(f"{name} has {', '.join(lack)}" for lack, name in lacking[:_NEAREST])
    more = f"; and {len(lacking) - _NEAREST} more" if len(lacking) > _NEAREST else ""
    return f"no {kind} of this lab meets {needs}" + (f" ({nearest}{more})" if nearest else f": it has no {kind}")
