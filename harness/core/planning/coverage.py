"""Whether every node of a cluster can activate guests: one that cannot makes them fall out days after they move there.

Source: Microsoft Learn, Activate Windows Server VMs on Azure Local (2026-06-29): all machines of a cluster are set up,
with keys of one version or with the subscription.
"""

from collections.abc import Iterator

from harness.core.model import ClusterCoverage, FabricFacts, HostLane, Inventory, Licensing, NodeCoverage, Reason
from harness.core.planning._cluster import ClusterSight, sights
from harness.core.verdict import AZURE, HostGrant, grant_of, host_verdict, reason

__all__ = ["coverage"]


def coverage(fabric: FabricFacts, inventory: Inventory) -> tuple[ClusterCoverage, ...]:
    """Every cluster that a node of the run could describe, with each of its nodes: those that answered, those that did
    not, and those that the inventory does not name.
    """
    return tuple(_cluster(name, sight, inventory) for name, sight in sights(fabric).items())


def _cluster(name: str, sight: ClusterSight, inventory: Inventory) -> ClusterCoverage:
    grants = {lane.name: grant_of(lane, inventory) for lane in sight.lanes}
    nodes = [_node(name, sight, lane, grants[lane.name]) for lane in sight.lanes]
    for stranger in sight.strangers(inventory):
        cause = reason("node_not_in_inventory", cluster=name, host=stranger)
        nodes.append(NodeCoverage(stranger, sight.view_state(stranger), None, None, None, cause))
    causes = tuple(_of_all(name, sight, grants))
    answers = {node.covered for node in nodes}
    covered = False if causes or False in answers else None if None in answers or not nodes else True
    return ClusterCoverage(name, covered, tuple(nodes), causes)


def _node(cluster: str, sight: ClusterSight, lane: HostLane, grant: HostGrant) -> NodeCoverage:
    verdict, state = host_verdict(lane, grant), sight.state(lane)
    cause = verdict.reasons[0] if verdict.reasons else None
    if lane.facts is None:
        told = state if state in {"down", "paused", "joining"} else "not reachable"
        cause = reason("cluster_not_covered", host=lane.name, cluster=cluster, state=told)
    right = grant.licensing.value if lane.facts is not None and lane.facts.flavour in AZURE else Licensing.HOST.value
    return NodeCoverage(lane.name, state, verdict.avma_ready, right, grant.version, cause)


def _of_all(name: str, sight: ClusterSight, grants: dict[str, HostGrant]) -> Iterator[Reason]:
    """What is wrong with the nodes together, though each may be well by itself."""
    azure = [lane for lane in sight.lanes if lane.facts is not None and lane.facts.flavour in AZURE]
    keyed = [lane for lane in azure if host_verdict(lane, grants[lane.name]).avma_ready is not False]
    rights = {grants[lane.name].licensing for lane in keyed}
    versions = {v for lane in keyed if (v := grants[lane.name].version) is not None}
    if len(versions) > 1:
        yield reason("mixed_key_versions", cluster=name, versions=", ".join(sorted(versions)))
    if len(rights) > 1:
        yield reason("mixed_licensing", cluster=name, rights=", ".join(sorted(right.value for right in rights)))
