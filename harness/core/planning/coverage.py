"""Whether every node of a cluster can activate guests: one that cannot makes them fall out days after they move there.

Source: Microsoft Learn, Activate Windows Server VMs on Azure Local (2026-06-29): all machines of a cluster are set up,
with keys of one version or with the subscription.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.core.model import (
    ActionResult,
    ActionState,
    ClusterCoverage,
    FabricFacts,
    HostLane,
    Inventory,
    Licensing,
    NodeCoverage,
    Reason,
    StepKind,
)
from harness.core.planning._cluster import ClusterSight, sights
from harness.core.verdict import AZURE, HostGrant, grant_of, host_verdict, reason

__all__ = ["coverage", "proof_of"]

_AWAY = frozenset({"down", "paused", "joining"})
_UNSEEN = frozenset({"cluster_not_covered", "node_not_in_inventory"})

Proof = Mapping[str, Reason | None]
"""What a canary proved, by the nodes' names: None where the node activated it, else the cause."""


def coverage(fabric: FabricFacts, inventory: Inventory, proof: Proof | None = None) -> tuple[ClusterCoverage, ...]:
    """Every cluster that a node of the run could describe, with each of its nodes: those that answered, those that did
    not, and those that the inventory does not name. ``proof`` is a canary's, where one was sent: it outweighs what a
    node says of itself, but for a certain "no".
    """
    return tuple(_cluster(name, sight, inventory, proof or {}) for name, sight in sights(fabric).items())


def proof_of(results: Iterable[ActionResult]) -> Proof:
    """What the canary of a run proved of each node it visited."""
    found: dict[str, Reason | None] = {}
    for result in results:
        if result.action.step is not StepKind.CANARY or result.action.arguments["part"] == "return":
            continue
        if result.state is ActionState.VERIFIED:
            found[result.action.host] = None
        elif result.code == "canary_not_activated":
            found[result.action.host] = Reason(result.code, result.message, result.next_step)
    return found


def _cluster(name: str, sight: ClusterSight, inventory: Inventory, proof: Proof) -> ClusterCoverage:
    grants = {lane.name: grant_of(lane, inventory) for lane in sight.lanes}
    nodes = [_proven(_node(name, sight, lane, grants[lane.name]), proof) for lane in sight.lanes]
    for stranger in sight.strangers(inventory):
        cause = reason("node_not_in_inventory", cluster=name, host=stranger)
        nodes.append(NodeCoverage(stranger, sight.view_state(stranger), None, None, None, cause))
    causes = tuple(_of_all(name, sight, grants))
    answers = {False if _is_away(node) else node.covered for node in nodes}
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


def _is_away(node: NodeCoverage) -> bool:
    """Nobody could make sure of it, and guests may move there all the same."""
    return node.covered is None and node.cause is not None and (node.state in _AWAY or node.cause.code in _UNSEEN)


def _proven(node: NodeCoverage, proof: Proof) -> NodeCoverage:
    if node.name not in proof:
        return node
    cause = proof[node.name]
    if node.covered is False:
        return replace(node, proven=cause is None)
    return replace(node, covered=cause is None, cause=cause, proven=cause is None)


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
