"""Hosts among which virtual machines move: the nodes of a cluster, or one host alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.core.model import ClusterView, FabricFacts, HostLane, VirtualMachine

__all__ = ["Pool", "homes", "pools"]


@dataclass(frozen=True, slots=True)
class Pool:
    """One cluster, or one host without a cluster.

    ``lanes`` are its hosts in the inventory's order; nodes that only the cluster names stand at the end, without facts.
    ``states`` holds what the cluster says of each: up, down, paused, joining or unknown.
    """

    name: str
    clustered: bool
    lanes: tuple[HostLane, ...]
    states: Mapping[str, str] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    functional_level: int | None = None

    def lane(self, name: str) -> HostLane | None:
        """The host of that name."""
        return next((lane for lane in self.lanes if lane.name == name), None)


def pools(fabric: FabricFacts) -> tuple[Pool, ...]:
    """Every pool of the fabric, in the order of its first host."""
    aliases = {
        lane.facts.cluster.name.casefold(): lane.cluster
        for lane in fabric.hosts
        if lane.cluster and lane.facts and lane.facts.cluster
    }
    members: dict[tuple[bool, str], list[HostLane]] = {}
    for lane in fabric.hosts:
        own = lane.facts.cluster.name if lane.facts and lane.facts.cluster else None
        cluster = lane.cluster or (aliases.get(own.casefold(), own) if own else None)
        members.setdefault((cluster is not None, cluster or lane.name), []).append(lane)
    return tuple(_pool(name, lanes, clustered=clustered) for (clustered, name), lanes in members.items())


def homes(pool: Pool, vm: VirtualMachine) -> tuple[HostLane, ...]:
    """The hosts of its pool a VM may come to live on by itself: all nodes for a cluster's role, else its own host."""
    if pool.clustered and vm.clustered is not False:
        return pool.lanes
    return tuple(lane for lane in pool.lanes if lane.name == vm.host)


def _pool(name: str, lanes: list[HostLane], *, clustered: bool) -> Pool:
    view = next((lane.facts.cluster for lane in lanes if lane.facts and lane.facts.cluster), None)
    if not clustered or view is None:
        return Pool(name, clustered, tuple(lanes))
    states = {lane.name: node.state for lane in lanes for node in view.nodes if _is(node.name, lane)}
    strangers = tuple(_strangers(view, lanes))
    unseen = tuple(HostLane(node, None, None, name) for node in strangers)
    states |= {node.name: node.state for node in view.nodes if node.name in strangers}
    return Pool(name, True, (*lanes, *unseen), states, strangers, view.functional_level)  # noqa: FBT003 # a field


def _strangers(view: ClusterView, lanes: Iterable[HostLane]) -> Iterable[str]:
    known = tuple(lanes)
    return (node.name for node in view.nodes if not any(_is(node.name, lane) for lane in known))


def _is(node: str, lane: HostLane) -> bool:
    """A node is known by its computer name, else by the inventory's name without its domain."""
    told = lane.facts.os.computer_name if lane.facts else None
    return _short(node) in {_short(name) for name in (told, lane.name) if name}


def _short(name: str) -> str:
    return name.partition(".")[0].casefold()
