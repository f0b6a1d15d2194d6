"""The step that proves a cluster: one expendable VM, named by the operator, visits every covered node and comes back.

A guest that lands on a node without a right stays licensed until its lease ends, so a move alone proves nothing; asking
for activation there does (Microsoft Learn, Automatic Virtual Machine Activation, 2023-09-19: every host must be
activated for a guest to stay so).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.model import HostLane, Reason, Step, StepKind, Verdict, VmState
from harness.core.planning._cluster import ClusterSight, cluster_of, sights
from harness.core.planning._desk import Desk
from harness.core.verdict import GuestCase, reason

__all__ = ["plan_canary"]


def plan_canary(desk: Desk, step: Step, index: int) -> None:
    """One visit for each node that should activate guests by then, the VM's present one first; then the way home."""
    wanted = str(step.options["vm"])
    named = [case for case in desk.guests(step) if _is_named(case, wanted)]
    if len(named) != 1:
        code = "canary_ambiguous" if named else "canary_unknown"
        desk.block_playbook(wanted, reason(code, vm=wanted, count=len(named)), step.kind)
        return
    (case,) = named
    sight = _sight(desk, case)
    cause = _unfit(desk, case, sight)
    if cause is None and sight is not None:
        nodes = _nodes(desk, step, case, sight)
        cause = _nowhere(case, nodes, _home(step, case))
        if cause is None:
            _Tour(desk, step, index, case, {lane.name: sight.node_name(lane) for lane in nodes}).plan()
    if cause is not None:
        desk.block_guest(case, cause, step.kind)


def _is_named(case: GuestCase, wanted: str) -> bool:
    return wanted.casefold() in {case.name.casefold(), case.lane.vm.vm_id.casefold()}


def _sight(desk: Desk, case: GuestCase) -> ClusterSight | None:
    cluster = cluster_of(desk, case.host) if case.host is not None else None
    return sights(desk.fabric).get(cluster or "")


def _unfit(desk: Desk, case: GuestCase, sight: ClusterSight | None) -> Reason | None:
    """Why this VM cannot be sent anywhere, or would prove nothing there."""
    vm = case.lane.vm
    if sight is None:
        return reason("canary_no_cluster", vm=case.name, host=case.lane.host)
    if vm.clustered is False or (vm.clustered is None and not sight.view.owners.keys() & {vm.vm_id, vm.name}):
        return reason("canary_not_clustered", vm=case.name, host=case.lane.host)
    if vm.state is not VmState.RUNNING:
        return reason("canary_not_running", vm=case.name, host=case.lane.host)
    found = desk.found[vm.vm_id]
    if found.verdict is Verdict.ACTIVATED or desk.has_action(vm.vm_id, StepKind.ACTIVATE):
        return None
    told = [blocked.message for blocked in desk.blocked if blocked.vm_id == vm.vm_id]
    told += [cause.message for cause in found.reasons]
    return reason("canary_not_activatable", vm=case.name, why=told[0] if told else "Its licence is unknown.")


def _home(step: Step, case: GuestCase) -> str:
    """Where it belongs: where an interrupted run found it, else where it is now."""
    return str(step.options.get("home") or case.lane.host)


def _nodes(desk: Desk, step: Step, case: GuestCase, sight: ClusterSight) -> list[HostLane]:
    """The nodes to visit, the present one first; each other node of the cluster is named with the cause."""
    nodes = []
    for lane in sight.lanes:
        cause = _left_out(desk, case, sight, lane)
        if cause is None:
            nodes.append(lane)
        else:
            desk.block_host(lane.name, cause, step.kind)
    for node in sight.strangers(desk.inventory):
        cause = reason("canary_node_left_out", vm=case.name, host=node, why="the inventory does not name it")
        desk.block_host(node, cause, step.kind)
    return sorted(nodes, key=lambda lane: lane.name != case.lane.host)


def _left_out(desk: Desk, case: GuestCase, sight: ClusterSight, lane: HostLane) -> Reason | None:
    state = sight.state(lane)
    if lane.facts is None or state != "up":
        why = f"it is {state}" if state not in {None, "up"} else "it was not reached"
    elif desk.host_verdicts[lane.name].avma_ready is False and lane.name not in desk.keyed:
        why = "it cannot activate guests"
    else:
        return None
    return reason("canary_node_left_out", vm=case.name, host=lane.name, why=why)


def _nowhere(case: GuestCase, nodes: Sequence[HostLane], home: str) -> Reason | None:
    names = [lane.name for lane in nodes]
    if home != case.lane.host and home not in names:
        return reason("canary_home_closed", vm=case.name, host=case.lane.host, home=home)
    return None if len(names) > 1 else reason("canary_nowhere", vm=case.name, host=case.lane.host)


@dataclass(frozen=True, slots=True)
class _Tour:
    """One VM's way over the nodes."""

    desk: Desk
    step: Step
    index: int
    case: GuestCase
    names: Mapping[str, str]
    """The nodes to visit: the cluster's own names by the inventory's, in order."""

    def plan(self) -> None:
        """A visit for each node, then the way home."""
        here, name = self.case.lane.host, self.case.name
        for node in self.names:
            moves = f"{name} moves to {node} by live migration and" if node != here else name
            why = f"{moves} is asked to activate there, which proves that {node} activates guests."
            self.leg("visit", here, node, why)
            here = node
        home = _home(self.step, self.case)
        self.leg("return", here, home, f"{name} goes back to {home}, where it was, whatever came of the visits.")

    def leg(self, part: str, before: str, after: str, why: str) -> None:
        """One move, or none where it is there already."""
        arguments = {
            "home": _home(self.step, self.case),
            "seconds": f"{float(str(self.step.options.get('seconds', 300))):g}",
            "nodes": ",".join(self.names),
            "node": self.names.get(after, after),
            "part": part,
        }
        self.desk.change_guest(
            self.case,
            self.step,
            self.index,
            host=after,
            arguments=arguments,
            field="owner",
            before=before,
            after=after,
            reason=why,
        )
