"""Doing the plan: step by step, lanes side by side, each action journaled before and after."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from harness.core.errors import HarnessError, InputError, LeaseLostError, Sent, TransportError
from harness.core.model import Action, ActionResult, ActionState, FabricFacts, Plan, StepKind
from harness.engine import events
from harness.engine._context import RunContext
from harness.engine._lanes import side_by_side
from harness.engine.actions import PERFORMERS, Bench

__all__ = ["apply_plan", "check_performable"]

_ENDED_BADLY = frozenset({ActionState.FAILED, ActionState.UNKNOWN})
_GO_ON = frozenset({"canary_not_activated"})
"""A bad end that says all there is to say of one node, and nothing against the next."""
_NOT_YET = frozenset({"subscription_not_synced"})
"""A good end on which nothing can be built yet."""


def apply_plan(context: RunContext, plan: Plan, facts: FabricFacts) -> tuple[ActionResult, ...]:
    """Carry out every action of the plan, in the order of its steps.

    After a bad end the same target's later actions are skipped, and so are actions on guests of a host whose own
    action ended badly. A host key that ends badly stops every further key (the next node would fare no better);
    the first node gets its key alone, however many follow at once. A canary goes on after a node that did not activate
    it, and home after anything. Once the lease on the hosts is lost, everything else is skipped.

    Returns:
        one result per action, in the plan's order.
    """
    context.publish(events.PhaseStarted, phase="apply", lanes=len(plan.actions))
    run = _Application(context, facts)
    for _, step in groupby(plan.actions, key=lambda action: action.step_index):
        run.step(list(step))
    return tuple(run.results[action.id] for action in plan.actions)


class _Application:
    """One pass over a plan; remembers which targets ended badly."""

    def __init__(self, context: RunContext, facts: FabricFacts) -> None:
        self._context = context
        self._guests = {lane.vm.vm_id: lane for lane in facts.guests}
        self._bench = Bench(context, {lane.name: lane for lane in facts.hosts}, self._guests)
        self._bad: dict[str, str] = {}
        self._keys_stopped: str | None = None
        self._lost = False
        self.results: dict[str, ActionResult] = {}

    def step(self, actions: Sequence[Action]) -> None:
        """All actions of one step, ``serial`` lanes at a time."""
        lanes: dict[str, list[Action]] = {}
        for action in actions:
            lanes.setdefault(action.vm_id or action.host, []).append(action)
        width = actions[0].serial or max(len(lanes), 1)
        queue = list(lanes.values())
        alone = 1 if actions[0].step is StepKind.HOST_KEY else 0
        batches = [queue[:alone], *(queue[at : at + width] for at in range(alone, len(queue), width))]
        for batch in filter(None, batches):
            side_by_side(self._lane, batch, forks=min(self._context.forks, width))

    def _lane(self, actions: Iterable[Action]) -> None:
        for action in actions:
            result = self._skipped(action) or self._perform(action)
            self.results[action.id] = result
            self._context.store.runs.outcome(self._context.run_id, result, time=self._context.time())
            self._context.publish(events.ActionFinished, result=result)
            self._lost = self._lost or result.code == LeaseLostError.code
            if (result.state in _ENDED_BADLY and result.code not in _GO_ON) or result.code in _NOT_YET:
                self._mark(result)

    def _mark(self, result: ActionResult) -> None:
        """Remember a bad end for the later actions that build on it."""
        action = result.action
        for node in action.arguments["nodes"].split(",") if action.step is StepKind.SUBSCRIPTION else ():
            self._bad[node] = action.id
        self._bad[action.vm_id or action.host] = action.id
        if action.step is StepKind.HOST_KEY:
            self._keys_stopped = action.host

    def _skipped(self, action: Action) -> ActionResult | None:
        if self._lost:
            return _skip(action, f"The lease on this run's hosts is lost.{_whereabouts(action)}")
        if _is_way_home(action):
            return None
        cause = self._bad.get(action.vm_id or action.host) or self._bad.get(action.host)
        if cause is not None:
            return _skip(action, f"Action {cause} on this target or its host did not end well.")
        if action.step is StepKind.HOST_KEY and self._keys_stopped is not None:
            return _skip(action, f"Applying keys stopped at {self._keys_stopped}.")
        return None

    def _perform(self, action: Action) -> ActionResult:
        context = self._context
        context.store.runs.intent(context.run_id, action, time=context.time())
        context.publish(events.ActionStarted, action=action)
        try:
            return PERFORMERS[action.step](self._bench, action)
        except (TransportError, LeaseLostError) as error:
            state = ActionState.FAILED if error.sent is Sent.NO else ActionState.UNKNOWN
            return _ended(action, state, error)
        except HarnessError as error:
            return _ended(action, ActionState.FAILED, error)


def _ended(action: Action, state: ActionState, error: HarnessError) -> ActionResult:
    return ActionResult(
        action, state, error.message, code=error.code, next_step=error.hint or "Run the same playbook again."
    )


def _skip(action: Action, why: str) -> ActionResult:
    return ActionResult(
        action,
        ActionState.SKIPPED,
        why,
        code="skipped_after_failure",
        next_step="Mend the first failure, then run the same playbook again.",
    )


def _is_way_home(action: Action) -> bool:
    return action.step is StepKind.CANARY and action.arguments["part"] == "return"


def _whereabouts(action: Action) -> str:
    if not _is_way_home(action):
        return ""
    return f" {action.target} may still be away from {action.arguments['home']}; `avma resume` brings it back."


def check_performable(plan: Plan) -> None:
    """Refuse a plan with a step this version cannot do, before anything is sent. Raises InputError."""
    for action in plan.actions:
        if action.step not in PERFORMERS:
            raise InputError(
                f"The plan holds a step this version cannot carry out: {action.step}.",
                target=action.target,
                hint="Take the step out of the playbook.",
            )
