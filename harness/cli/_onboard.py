"""onboard: one cluster from its first question to its verdict; the plan is shown before anything is sent."""

from dataclasses import replace

from harness.cli._options import Options, Output
from harness.cli._run import RunSettings, carry_out, inventory_path, open_run, written
from harness.core.errors import InputError
from harness.core.model import Inventory, Playbook, StepKind
from harness.lab import Settings, load_inventory, load_playbook
from harness.report import plan_tables

__all__ = ["onboard", "wishes"]

_PLAYBOOK = "onboard-cluster"


def onboard(options: Options, cluster: str, report: str | None, *, accept_key_cost: bool) -> int:
    """`avma onboard CLUSTER`."""
    inventory = load_inventory(inventory_path(options, Settings()))
    cluster = _known_cluster(inventory, cluster)
    settings = RunSettings(
        f"onboard {cluster}",
        wishes(_PLAYBOOK, accept_key_cost=accept_key_cost),
        limit=cluster,
        asked=_PLAYBOOK,
        changes=True,
        accept_key_cost=accept_key_cost,
    )
    with open_run(options, settings) as run:
        run.gather()
        plan = run.plan()
        if options.output is Output.TEXT:
            options.talk().print(plan_tables(plan))
        code = carry_out(options, run)
    return written(options, run, report, code)


def wishes(name: str, *, accept_key_cost: bool) -> Playbook:
    """A playbook by name or path; with ``accept_key_cost`` its host keys may replace others, at the price of both."""
    playbook = load_playbook(name)
    if not accept_key_cost:
        return playbook
    steps = tuple(
        replace(step, options={**step.options, "accept_key_cost": True}) if step.kind is StepKind.HOST_KEY else step
        for step in playbook.steps
    )
    return replace(playbook, steps=steps)


def _known_cluster(inventory: Inventory, name: str) -> str:
    """The cluster's name as the inventory spells it."""
    known = {cluster.casefold(): cluster for cluster in inventory.clusters}
    if name.casefold() not in known:
        listed = ", ".join(inventory.clusters) or "none"
        raise InputError("The inventory has no such cluster.", target=name, hint=f"It has: {listed}.")
    return known[name.casefold()]
