"""resume: what an ended run left open is settled by reading, then planned anew and done."""

from collections.abc import Sequence
from dataclasses import replace

from harness.cli._onboard import wishes
from harness.cli._options import Options
from harness.cli._run import Overrides, RunSettings, carry_out, open_run, written
from harness.core.errors import InputError
from harness.core.model import StepKind
from harness.engine import read_plan
from harness.lab import Settings
from harness.store import AskedRun, open_store

__all__ = ["resume"]


def resume(options: Options, run_id: str, report: str | None, *, took: Sequence[str], none: Sequence[str]) -> int:
    """`avma resume RUN`; ``took`` and ``none`` are the hosts of which a person attests that."""
    attested = {**dict.fromkeys(took, True), **dict.fromkeys(none, False)}
    if len(attested) < len({*took}) + len({*none}):
        raise InputError("A host cannot both have the key and lack it.", target=", ".join({*took} & {*none}))
    asked = _asked(options, run_id)
    settings = _settings(asked)
    inventory = options.inventory or str(asked.request.get("inventory") or asked.row.inventory)
    with open_run(replace(options, inventory=inventory), settings) as run:
        run.gather()
        run.settle(asked.row.run_id, attested=attested)
        if settings.playbook is not None:
            run.plan(tags=settings.tags)
        elif asked.plan is not None:
            run.use(run.rest_of(read_plan(asked.plan), asked.row.run_id))
        run.take_over(asked.row.run_id)
        code = carry_out(options, run)
    return written(options, run, report, code)


def _asked(options: Options, run_id: str) -> AskedRun:
    store = open_store(options.store or Settings().store)
    try:
        asked = store.runs.asked(run_id)
        while asked.row.resumed_by is not None:  # what it left open is now that run's
            asked = store.runs.asked(asked.row.resumed_by)
    finally:
        store.close()
    if asked.request.get("playbook") is None and asked.plan is None:
        raise InputError(
            f"The run `{asked.row.command}` changes nothing, so there is nothing to resume.",
            target=asked.row.run_id,
            hint="Run the command again.",
        )
    return asked


def _settings(asked: AskedRun) -> RunSettings:
    """The same wishes as those of the earlier run, by the playbook as it is now."""
    request = asked.request
    name, limit, tags = request.get("playbook"), request.get("limit"), request.get("tags")
    told = request.get("overrides")
    overrides: Overrides = _with_home(asked, told if isinstance(told, dict) else {})
    return RunSettings(
        f"resume {asked.row.run_id}",
        wishes(str(name), overrides) if name is not None else None,
        limit=str(limit) if limit is not None else None,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        asked=str(name) if name is not None else None,
        changes=True,
        resumes=asked.row.run_id,
        overrides=overrides,
    )


def _with_home(asked: AskedRun, overrides: Overrides) -> Overrides:
    """The same, and where the canary of the earlier run belongs, which may have ended while it was away."""
    legs = [a for a in read_plan(asked.plan).actions if a.step is StepKind.CANARY] if asked.plan is not None else []
    if not legs:
        return overrides
    return {**overrides, "canary": {**overrides.get("canary", {}), "home": legs[0].arguments["home"]}}
