"""onboard: one cluster from its first question to its verdict; the plan is shown before anything is sent."""

import sys
from collections.abc import Mapping
from dataclasses import replace

from harness.cli._options import Options, Output
from harness.cli._reading import inventory_path
from harness.cli._run import Overrides, RunSettings, carry_out, open_run, written
from harness.cli._sinks import shown
from harness.core.errors import InputError
from harness.core.model import FabricFacts, Inventory, Playbook, Step, StepKind
from harness.lab import Settings, load_inventory, load_playbook
from harness.report import plan_tables

__all__ = ["onboard", "wishes"]

_PLAYBOOK = "onboard-cluster"


def onboard(
    options: Options,
    cluster: str,
    report: str | None,
    *,
    accept_key_cost: bool,
    subscription: str | None,
    canary: str | None = None,
) -> int:
    """`avma onboard CLUSTER`."""
    inventory = load_inventory(inventory_path(options, Settings()))
    cluster = _known_cluster(inventory, cluster)
    overrides: dict[str, dict[str, object]] = {}
    if accept_key_cost:
        overrides["host_key"] = {"accept_key_cost": True}
    if subscription is not None:
        overrides["subscription"] = {"enable": True, "credential": subscription}
    if canary is not None:
        overrides["canary"] = {"vm": canary}
    settings = RunSettings(
        f"onboard {cluster}",
        wishes(_PLAYBOOK, overrides),
        limit=cluster,
        asked=_PLAYBOOK,
        changes=True,
        overrides=overrides,
    )
    with open_run(options, settings) as run:
        facts = run.gather()
        if canary is not None:
            _known_vm(facts, canary)
        plan = run.plan()
        if options.output is Output.TEXT:
            options.talk().print(plan_tables(shown(plan)))
        code = carry_out(options, run, plan_seen=sys.stdout.isatty() and sys.stderr.isatty())
    return written(options, run, report, code)


def wishes(name: str, overrides: Overrides) -> Playbook:
    """A playbook by name or path, with the options of some kinds of step overridden; a canary that it lacks is sent
    before the verification.
    """
    playbook = load_playbook(name)
    steps = [replace(step, options={**step.options, **overrides.get(step.kind.value, {})}) for step in playbook.steps]
    canary = overrides.get(StepKind.CANARY.value)
    if canary is not None and "vm" in canary and not any(step.kind is StepKind.CANARY for step in steps):
        steps.insert(_before_verify(steps), _canary_step(canary))
    return replace(playbook, steps=tuple(steps))


def _canary_step(told: Mapping[str, object]) -> Step:
    return Step(StepKind.CANARY, "The canary is activated on every node", options=told)


def _before_verify(steps: list[Step]) -> int:
    return next((place for place, step in enumerate(steps) if step.kind is StepKind.VERIFY), len(steps))


def _known_vm(facts: FabricFacts, name: str) -> None:
    """Refuse a canary that no host of the cluster lists, before anything is sent. Raises InputError."""
    known = [lane.vm for lane in facts.guests]
    if not any(name.casefold() in {vm.name.casefold(), vm.vm_id.casefold()} for vm in known):
        listed = ", ".join(vm.name for vm in known[:20]) or "none"
        raise InputError("No node of the cluster lists a VM of that name or id.", target=name, hint=f"VMs: {listed}.")


def _known_cluster(inventory: Inventory, name: str) -> str:
    """The cluster's name as the inventory spells it."""
    known = {cluster.casefold(): cluster for cluster in inventory.clusters}
    if name.casefold() not in known:
        listed = ", ".join(inventory.clusters) or "none"
        raise InputError("The inventory has no such cluster.", target=name, hint=f"It has: {listed}.")
    return known[name.casefold()]
