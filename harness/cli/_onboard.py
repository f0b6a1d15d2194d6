"""onboard: one cluster from its first question to its verdict; the plan is shown before anything is sent."""

from dataclasses import replace

from harness.cli._options import Options, Output
from harness.cli._run import Overrides, RunSettings, carry_out, inventory_path, open_run, written
from harness.core.errors import InputError
from harness.core.model import Inventory, Playbook
from harness.lab import Settings, load_inventory, load_playbook
from harness.report import plan_tables

__all__ = ["onboard", "wishes"]

_PLAYBOOK = "onboard-cluster"


def onboard(
    options: Options, cluster: str, report: str | None, *, accept_key_cost: bool, subscription: str | None
) -> int:
    """`avma onboard CLUSTER`."""
    inventory = load_inventory(inventory_path(options, Settings()))
    cluster = _known_cluster(inventory, cluster)
    overrides: dict[str, dict[str, object]] = {}
    if accept_key_cost:
        overrides["host_key"] = {"accept_key_cost": True}
    if subscription is not None:
        overrides["subscription"] = {"enable": True, "credential": subscription}
    settings = RunSettings(
        f"onboard {cluster}",
        wishes(_PLAYBOOK, overrides),
        limit=cluster,
        asked=_PLAYBOOK,
        changes=True,
        overrides=overrides,
    )
    with open_run(options, settings) as run:
        run.gather()
        plan = run.plan()
        if options.output is Output.TEXT:
            options.talk().print(plan_tables(plan))
        code = carry_out(options, run)
    return written(options, run, report, code)


def wishes(name: str, overrides: Overrides) -> Playbook:
    """A playbook by name or path, with the options of some kinds of step overridden."""
    playbook = load_playbook(name)
    steps = tuple(
        replace(step, options={**step.options, **overrides.get(step.kind.value, {})}) for step in playbook.steps
    )
    return replace(playbook, steps=steps)


def _known_cluster(inventory: Inventory, name: str) -> str:
    """The cluster's name as the inventory spells it."""
    known = {cluster.casefold(): cluster for cluster in inventory.clusters}
    if name.casefold() not in known:
        listed = ", ".join(inventory.clusters) or "none"
        raise InputError("The inventory has no such cluster.", target=name, hint=f"It has: {listed}.")
    return known[name.casefold()]
