"""A cluster given by its seed node alone: the seed's answer names the others, and each gets a session of its own."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

from harness.core.model import HostEntry, HostLane, Inventory

__all__ = ["with_discovered_nodes"]


def with_discovered_nodes(inventory: Inventory, lanes: Iterable[HostLane]) -> tuple[Inventory, tuple[str, ...]]:
    """The inventory with the nodes that seeds told of, and their names.

    A node is reached like its seed, under its own name in the seed's domain; no second hop goes through the seed. A
    cluster whose nodes the inventory lists is taken at its word.
    """
    found: dict[str, HostEntry] = {}
    told = {lane.name: lane for lane in lanes}
    for cluster in inventory.clusters.values():
        lane = told.get(cluster.seed or "")
        if cluster.nodes or lane is None or lane.facts is None or lane.facts.cluster is None:
            continue
        seed = inventory.hosts[lane.name]
        own = {lane.name.casefold(), (lane.facts.os.computer_name or "").casefold().partition(".")[0]}
        for node in lane.facts.cluster.nodes:
            name = node.name.casefold()
            if name not in own and name not in inventory.hosts:
                connection = replace(seed.connection, address=_sibling(seed.connection.address, node.name))
                found[name] = replace(seed, name=name, connection=connection, cluster=cluster.name, key=None)
    if not found:
        return inventory, ()
    return replace(inventory, hosts={**inventory.hosts, **found}), tuple(found)


def _sibling(address: str, node: str) -> str:
    """The node's name in the domain of its seed; bare where the seed is given by an IP address."""
    try:
        ip_address(address)
    except ValueError:
        _, dot, domain = address.partition(".")
        return f"{node}{dot}{domain}"
    return node
