"""The step about the Windows Server subscription: what each node says of it, and enabling it where that is wished."""

from harness.core.model import Flavour, HostFacts, HostLane, Licensing, Reason, RetryClass, Step
from harness.core.planning._cluster import cluster_of, sights
from harness.core.planning._desk import Desk
from harness.core.verdict import AZURE, HostGrant, part_error, reason

__all__ = ["plan_subscription"]

_AVMA, _AZ = "serveravmamanager", "az.stackhci"
_SINCE = (1, 1)
_AZ_SINCE = (2, 3)
_FIRST = frozenset({"hyperv_missing", "node_not_registered", "node_not_synced"})
_KNOWN = {
    "unable to connect to service": "subscription_azure_unreachable",
    "operation timed out": "subscription_azure_slow",
}
"""English texts of Get-AzureStackHCISubscriptionStatus: witnesses of a cause, never of the state."""


def plan_subscription(desk: Desk, step: Step, index: int) -> None:
    """One Set-AzStackHCI for each cluster whose nodes are to have the subscription and do not, where a token is given;
    else each such node is named, with its cause.
    """
    lacking: dict[str, list[HostLane]] = {}
    for lane in desk.hosts(step):
        entry = desk.inventory.hosts.get(lane.name)
        if entry is None or entry.licensing is not Licensing.SUBSCRIPTION:
            continue
        cause = _obstacle(desk, lane)
        if cause is not None:
            desk.block_host(lane.name, cause, step.kind)
        elif _active(lane) is False:
            lacking.setdefault(cluster_of(desk, lane) or lane.name, []).append(lane)
    for cluster, lanes in lacking.items():
        _enable(desk, step, index, cluster, lanes)


def _active(lane: HostLane) -> bool | None:
    return lane.facts.subscription.active if lane.facts and lane.facts.subscription else None


def _obstacle(desk: Desk, lane: HostLane) -> Reason | None:
    """Why the state of a node is not known, or would not help; None where it is active or inactive."""
    if lane.facts is None:
        name = cluster_of(desk, lane)
        sight = sights(desk.fabric).get(name or "")
        state = sight.state(lane) if sight else None
        told = state if state in {"down", "paused", "joining"} else "not reachable"
        return reason("cluster_not_covered", host=lane.name, cluster=name or "its cluster", state=told)
    if lane.facts.flavour not in AZURE:
        return _not_a_node(desk, lane, lane.facts)
    hard = next((c for c in desk.host_verdicts[lane.name].reasons if c.code in _FIRST), None)
    return hard or _too_old(lane.name, lane.facts) or _untold(lane.name, lane.facts)


def _not_a_node(desk: Desk, lane: HostLane, facts: HostFacts) -> Reason:
    if facts.flavour is Flavour.UNKNOWN:
        return desk.host_verdicts[lane.name].reasons[0]
    return reason("subscription_not_applicable", host=lane.name, system=facts.os.caption or facts.flavour.value)


def _too_old(host: str, facts: HostFacts) -> Reason | None:
    """By the system's release, or by the module as far as modules can be listed."""
    if facts.os.release == "20H2":
        return reason("subscription_too_old", host=host, why="it runs 20H2")
    found = _version(facts, _AVMA)
    if found is None or found >= _SINCE:
        return None
    return reason("subscription_too_old", host=host, why=f"its ServerAVMAManager is {'.'.join(map(str, found))}")


def _version(facts: HostFacts, name: str) -> tuple[int, ...] | None:
    """The newest version of a module; () where there is none, None where nobody can tell."""
    if part_error(facts.parts, "modules") is not None:
        return None
    return max((module.version for module in facts.modules if module.name.casefold() == name), default=())


def _untold(host: str, facts: HostFacts) -> Reason | None:
    found = facts.subscription
    if found is not None and found.active is not None:
        return None
    error = part_error(facts.parts, "subscription")
    if error is not None:
        known = next((code for text, code in _KNOWN.items() if text in error.casefold()), None)
        return reason(known, host=host) if known else reason("subscription_unreadable", host=host, why=error)
    status = found.status if found else None
    why = f"its state is {status}" if status else "its list does not name it"
    return reason("subscription_not_listed", host=host, why=why)


def _enable(desk: Desk, step: Step, index: int, cluster: str, lanes: list[HostLane]) -> None:
    if step.options.get("enable") is not True:
        for lane in lanes:
            desk.block_host(lane.name, _not_in_force(desk, cluster, lane), step.kind)
        return
    first = next((lane for lane in lanes if _has_tools(lane)), None)
    cause = _no_means(desk, step, cluster)
    if cause is None and first is None:
        cause = reason("subscription_module_missing", host=lanes[0].name)
    if cause is not None or first is None:
        for lane in lanes:
            desk.block_host(lane.name, cause or reason("subscription_module_missing", host=lane.name), step.kind)
        return
    status = first.facts.subscription.status if first.facts and first.facts.subscription else None
    desk.change_host(
        first,
        step,
        index,
        retry_class=RetryClass.IDEMPOTENT,
        refundable=True,
        arguments={
            "credential": str(step.options["credential"]),
            "environment": str(step.options.get("environment", "AzureCloud")),
            "nodes": ",".join(lane.name for lane in lanes),
            "seconds": f"{float(str(step.options.get('seconds', 600))):g}",
        },
        field="subscription",
        before=status or "inactive",
        after="active",
        reason=f"{cluster} counts on the Windows Server subscription, which is not in force on "
        f"{', '.join(lane.name for lane in lanes)}. Azure bills it from then on, until it is cancelled.",
    )
    for lane in lanes:
        desk.expect_ready(lane, HostGrant(Licensing.SUBSCRIPTION))


def _not_in_force(desk: Desk, cluster: str, lane: HostLane) -> Reason:
    """It is off, or on and not heard of yet: the subscription is the cluster's, so one node that has it tells."""
    others = [other.name for other in desk.fabric.hosts if cluster_of(desk, other) == cluster and _active(other)]
    if not others:
        return reason("subscription_inactive", host=lane.name)
    return reason("subscription_not_synced", host=lane.name, others=", ".join(others))


def _has_tools(lane: HostLane) -> bool:
    assert lane.facts is not None
    found = _version(lane.facts, _AZ)
    return found is None or found >= _AZ_SINCE


def _no_means(desk: Desk, step: Step, cluster: str) -> Reason | None:
    name = step.options.get("credential")
    if not name:
        return reason("subscription_no_means", cluster=cluster, why="the step names no credential")
    entry = desk.inventory.credentials.get(str(name))
    if entry is None:
        return reason("subscription_no_means", cluster=cluster, why=f"the inventory has no credential {name}")
    if entry.username is None or entry.password is None:
        return reason("subscription_no_means", cluster=cluster, why=f"{name} lacks a username or a password")
    return None
