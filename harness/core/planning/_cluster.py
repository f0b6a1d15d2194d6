"""A cluster as its nodes see it, set beside what the inventory names."""

from dataclasses import dataclass

from harness.core.model import ClusterView, FabricFacts, HostLane, Inventory
from harness.core.planning._desk import Desk

__all__ = ["ClusterSight", "cluster_of", "sights"]


@dataclass(frozen=True, slots=True)
class ClusterSight:
    """One cluster: the view of the first node that has one, and the inventory's lanes for it."""

    view: ClusterView
    lanes: tuple[HostLane, ...]

    def state(self, lane: HostLane) -> str | None:
        """What the cluster says of that host: up, down, paused, joining, unknown; None where it does not name it."""
        return next((node.state for node in self.view.nodes if _is(node.name, lane)), None)

    def node_name(self, lane: HostLane) -> str:
        """The cluster's own name for that host; the inventory's where it does not name it."""
        return next((node.name for node in self.view.nodes if _is(node.name, lane)), lane.name)

    def view_state(self, node: str) -> str | None:
        """What the cluster says of a node of that name."""
        return next((found.state for found in self.view.nodes if _short(found.name) == _short(node)), None)

    def strangers(self, inventory: Inventory) -> tuple[str, ...]:
        """The names of nodes that no lane and no host of the inventory stands for (a run may be limited to some)."""
        told = {_short(text) for entry in inventory.hosts.values() for text in (entry.name, entry.connection.address)}
        return tuple(
            node.name
            for node in self.view.nodes
            if _short(node.name) not in told and not any(_is(node.name, lane) for lane in self.lanes)
        )


def sights(fabric: FabricFacts) -> dict[str, ClusterSight]:
    """Every cluster that a node of the run could describe, by the inventory's name for it, else by its own."""
    views: dict[str, ClusterView] = {}
    for lane in fabric.hosts:
        view = lane.facts.cluster if lane.facts else None
        if view is not None:
            views.setdefault(lane.cluster or view.name, view)
    return {name: ClusterSight(view, _lanes(fabric, name, view)) for name, view in views.items()}


def _lanes(fabric: FabricFacts, name: str, view: ClusterView) -> tuple[HostLane, ...]:
    return tuple(
        lane for lane in fabric.hosts if lane.cluster == name or any(_is(node.name, lane) for node in view.nodes)
    )


def cluster_of(desk: Desk, lane: HostLane) -> str | None:
    """The cluster's name: the inventory's word, else the node's own."""
    entry = desk.inventory.hosts.get(lane.name)
    own = lane.facts.cluster.name if lane.facts and lane.facts.cluster else None
    return lane.cluster or (entry.cluster if entry else None) or own


def _is(node: str, lane: HostLane) -> bool:
    """A node is known by its computer name, else by the inventory's name without its domain."""
    told = lane.facts.os.computer_name if lane.facts else None
    return _short(node) in {_short(name) for name in (told, lane.name) if name}


def _short(name: str) -> str:
    return name.partition(".")[0].casefold()
