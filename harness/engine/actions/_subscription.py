"""Enable the Windows Server subscription of a cluster, and wait until its nodes hear of it from Azure."""

import json
from dataclasses import dataclass

from harness.core.errors import HarnessError, RemoteError, Sent, TransportError
from harness.core.model import Action, ActionResult, ActionState, RetryClass
from harness.core.verdict import reason
from harness.engine._clock import poll
from harness.engine.actions._bench import Bench, verified
from harness.remoting import PipelineResult
from harness.windows import enable_subscription, read_host_activation, read_subscription

__all__ = ["enable_for_cluster"]

_LOOK_EVERY = 5.0
_NOT_FOUND = "CommandNotFoundException"


def enable_for_cluster(bench: Bench, action: Action) -> ActionResult:
    """Set-AzStackHCI through ``action.host``; verified when every node in ``arguments["nodes"]`` says it is in force.

    ``arguments["credential"]`` names the credential that holds account and token; ``arguments["seconds"]`` limits the
    wait. Repeating it is harmless, so a lost answer is repeated; one that stays lost is settled by what the nodes say.
    """
    context = bench.context
    entry = context.inventory.credentials[action.arguments["credential"]]
    assert entry.username is not None
    assert entry.password is not None
    account, token = entry.username, context.sessions.secret(entry.password)
    try:
        answer = context.attempt(
            lambda: enable_subscription(
                bench.host(action),
                account,
                token,
                environment=action.arguments["environment"],
                seconds=bench.seconds(action),
            ),
            RetryClass.IDEMPOTENT,
            target=action.target,
        )
    except RemoteError as error:
        return _refused(action, error.message, error.fq_id, ())
    except TransportError as error:
        if error.sent is Sent.NO:
            raise
        done, wait = _waited(bench, action)
        return wait.lost(error, done=done)
    told = _told(answer)
    if answer.errors:
        first = answer.errors[0]
        return _refused(action, first.message, first.fq_id, told)
    done, wait = _waited(bench, action)
    return wait.result(told, done=done)


def _waited(bench: Bench, action: Action) -> tuple[bool, "_Wait"]:
    """Whether every node said within the limit that the subscription is in force."""
    wait = _Wait(bench, action, action.arguments["nodes"].split(","))
    limit = float(action.arguments["seconds"])
    return poll(wait.over, seconds=limit, every=_LOOK_EVERY, clock=bench.context.clock) is not None, wait


@dataclass(frozen=True, slots=True)
class _Wait:
    """The nodes whose word is awaited."""

    bench: Bench
    action: Action
    nodes: list[str]

    def over(self) -> bool | None:
        """True once every node says that the subscription is in force, else None."""
        return None if self.late() else True

    def late(self) -> list[str]:
        """The nodes that do not say so yet."""
        return [node for node in self.nodes if not self._active(node)]

    def result(self, told: tuple[str, ...], *, done: bool) -> ActionResult:
        """What came of it; the activation of each node is kept as evidence."""
        evidence = (*told, *(self._shown(node) for node in self.nodes))
        if done:
            return verified(self.action, f"The subscription is in force on {', '.join(self.nodes)}.", *evidence)
        late = ", ".join(self.late())
        return ActionResult(
            self.action,
            ActionState.ACCEPTED,
            f"Azure took the request, but after {float(self.action.arguments['seconds']):g} seconds it is not in force "
            f"on {late}.",
            code="subscription_not_synced",
            next_step=reason("subscription_not_synced", host=late, others="Azure").next_step,
            evidence=evidence,
        )

    def lost(self, error: TransportError, *, done: bool) -> ActionResult:
        """The answer to the request was lost."""
        if done:
            return self.result((f"Set-AzStackHCI gave no answer: {error.message}",), done=True)
        return ActionResult(
            self.action,
            ActionState.UNKNOWN,
            f"The answer was lost, and the subscription is not in force on {', '.join(self.late())}. {error.message}",
            code="subscription_outcome_unknown",
            next_step="Run the same again: enabling it twice changes nothing and costs nothing.",
        )

    def _active(self, node: str) -> bool:
        try:
            found = self.bench.context.attempt(
                lambda: read_subscription(
                    self.bench.context.sessions.host(node), seconds=self.bench.context.seconds(node)
                ),
                RetryClass.READ,
                target=node,
            )
        except HarnessError:
            return False
        return found is not None and found.active is True

    def _shown(self, node: str) -> str:
        try:
            found = read_host_activation(
                self.bench.context.sessions.host(node), seconds=self.bench.context.seconds(node)
            )
        except HarnessError as error:
            return f"{node}: Get-VMAutomaticActivation: {error.message}"
        raw = "no answer" if found is None else json.dumps(found.raw, default=str)
        return f"{node}: Get-VMAutomaticActivation: {raw}"


def _told(answer: PipelineResult) -> tuple[str, ...]:
    errors = tuple(f"Set-AzStackHCI error {error.fq_id}: {error.message}" for error in answer.errors)
    return (*errors, f"Set-AzStackHCI output: {json.dumps(answer.output, default=str)}")


def _refused(action: Action, message: str, fq_id: str, told: tuple[str, ...]) -> ActionResult:
    if _NOT_FOUND in fq_id:
        code, step = "subscription_module_missing", "On the node run: Install-Module Az.StackHCI -MinimumVersion 2.3.0"
    else:
        code = "subscription_refused"
        step = "Renew the access token (az account get-access-token) and check the account's rights on the cluster."
    return ActionResult(
        action,
        ActionState.FAILED,
        f"The subscription was not enabled: {message}",
        code=code,
        next_step=step,
        evidence=told,
    )
