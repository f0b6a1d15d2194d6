"""From facts and a playbook to a plan: the steps in their order, each with what the ones before it will have done."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from harness.core.model import FabricFacts, Inventory, Plan, Playbook, Reason, Step, StepKind
from harness.core.planning._canary import plan_canary
from harness.core.planning._cleanup import plan_kvp_cleanup
from harness.core.planning._desk import Desk
from harness.core.planning._editions import plan_edition
from harness.core.planning._guests import plan_activate, plan_guest_key, plan_wait
from harness.core.planning._hosts import plan_host_activation, plan_host_keys
from harness.core.planning._scope import scope_of, wanted_steps
from harness.core.planning._services import plan_integration_service
from harness.core.planning._subscription import plan_subscription
from harness.core.planning.ledger import LedgerView
from harness.core.verdict import reason

__all__ = ["make_plan"]

_PLANNERS: Mapping[StepKind, Callable[[Desk, Step, int], None]] = {
    StepKind.HOST_KEY: plan_host_keys,
    StepKind.SUBSCRIPTION: plan_subscription,
    StepKind.INTEGRATION_SERVICE: plan_integration_service,
    StepKind.EDITION: plan_edition,
    StepKind.GUEST_KEY: plan_guest_key,
    StepKind.ACTIVATE: plan_activate,
    StepKind.WAIT_FOR_ACTIVATION: plan_wait,
    StepKind.CANARY: plan_canary,
    StepKind.KVP_CLEANUP: plan_kvp_cleanup,
}
"""Host activation is planned last, since it looks at what the others do; verify changes nothing."""


def make_plan(
    fabric: FabricFacts,
    playbook: Playbook,
    inventory: Inventory,
    ledger: LedgerView,
    now: datetime,
    *,
    tags: Iterable[str] = (),
) -> Plan:
    """What the playbook would change and what it cannot. Pure: the same arguments give the same plan, ids included.

    Args:
        fabric: the facts of this run.
        playbook: the wishes, in order.
        inventory: licensing of the hosts, host keys by reference, groups.
        ledger: what was ever spent.
        now: aware UTC time, used only where no machine told its own clock.
        tags: with any, only steps that carry one of them are planned.

    Returns:
        Actions by step, then host, then VM, in the inventory's order, with ids "a-001" and on. Facts that are as the
        playbook wants them give no action at all.
    """
    desk = Desk(fabric, inventory, ledger, scope_of(fabric, inventory, playbook.targets), now)
    for pattern in desk.scope.unknown:
        desk.block_playbook(pattern, reason("target_unknown", pattern=pattern))
    for lane in fabric.hosts:
        if lane.failure is not None and lane.name in desk.scope.hosts:
            failure = lane.failure
            desk.block_host(lane.name, Reason(failure.code, failure.message, failure.next_step), None)
    steps = wanted_steps(playbook, tags)
    for index, step in steps:
        planner = _PLANNERS.get(step.kind)
        if planner is not None:
            planner(desk, step, index)
    for index, step in steps:
        if step.kind is StepKind.HOST_ACTIVATION:
            plan_host_activation(desk, step, index)
    actions = tuple(replace(action, id=f"a-{number:03d}") for number, action in enumerate(desk.actions, start=1))
    return Plan(playbook=playbook.name, actions=actions, blocked=tuple(desk.blocked))
