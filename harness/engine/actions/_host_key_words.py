"""How the application of a host key can end, in words; and the evidence that goes with it, keys masked."""

import json

from harness.core.catalogue import notices
from harness.core.errors import HarnessError
from harness.core.model import Action, ActionResult, ActionState, HostActivation
from harness.core.redaction import Redactor
from harness.windows import HostKeyAnswer

__all__ = ["evidence", "lost", "not_sent", "not_shown", "refused", "unconfirmed"]

_LOOK_FIRST = "Look at `Get-VMAutomaticActivation` on the host first; the ledger keeps this key locked here."
_REFUSED = next(row.next_step for row in notices() if row.code == "host_key_refused")
_LATER = "Settle it with `avma resume`, which reads the host again; until then no key is sent there."


def evidence(
    before: HostActivation | None, answer: HostKeyAnswer | HarnessError, after: HostActivation | None
) -> tuple[str, ...]:
    """What the host said before, to the key, and after, as it said it."""
    if isinstance(answer, HarnessError):
        told = [f"Set-VMAutomaticActivation gave no answer: {answer.message}"]
    else:
        told = [f"Set-VMAutomaticActivation error {e.fq_id}: {e.message}" for e in answer.errors]
        told.append(f"Set-VMAutomaticActivation output: {json.dumps(answer.output, default=str)}")
    lines = [_shown("before", before), *told, _shown("after", after)]
    redactor = Redactor()
    return tuple(redactor.redact(line) for line in lines)


def _shown(when: str, activation: HostActivation | None) -> str:
    raw = "no answer" if activation is None else json.dumps(activation.raw, default=str)
    return f"Get-VMAutomaticActivation {when}: {raw}"


def unconfirmed(action: Action, told: tuple[str, ...]) -> ActionResult:
    """No error, and an answer that does not tell."""
    return ActionResult(
        action,
        ActionState.ACCEPTED,
        "The command ended without an error; the host's answer does not tell which key is in force.",
        code="host_key_unconfirmed",
        next_step="Look at `Get-VMAutomaticActivation` on the host; activating one guest proves it.",
        evidence=told,
    )


def not_shown(action: Action, told: tuple[str, ...], tail: str, *, proven: bool) -> ActionResult:
    """No error, but the host does not show the key."""
    if proven:
        return ActionResult(
            action,
            ActionState.FAILED,
            f"The command ended without an error, but the host did not take the key ...{tail}: it is as it was before.",
            code="host_key_not_taken",
            next_step="Read the command's output in the evidence; check the key's version, edition and activations.",
            evidence=told,
        )
    return ActionResult(
        action,
        ActionState.UNKNOWN,
        f"The command ended without an error, but the host does not show the key ...{tail}.",
        code="host_key_not_shown",
        next_step=_LOOK_FIRST,
        evidence=told,
    )


def lost(action: Action, told: tuple[str, ...], message: str, *, proven: bool) -> ActionResult:
    """Nobody knows whether the command ran, unless reading proves that it did not."""
    if proven:
        return ActionResult(
            action,
            ActionState.FAILED,
            f"The answer was lost, and the host is as it was before: the key did not take. {message}",
            code="host_key_lost_and_not_taken",
            next_step="Run the same playbook again.",
            evidence=told,
        )
    return ActionResult(
        action,
        ActionState.UNKNOWN,
        f"The answer was lost and the host does not show the key. {message}",
        code="host_key_outcome_unknown",
        next_step=_LATER,
        evidence=told,
    )


def not_sent(action: Action, told: tuple[str, ...], error: HarnessError) -> ActionResult:
    """The transport knows that nothing was executed."""
    return ActionResult(
        action,
        ActionState.FAILED,
        f"The key was not sent: {error.message}",
        code=error.code,
        next_step=error.hint or "Run the same playbook again.",
        evidence=told,
    )


def refused(action: Action, told: tuple[str, ...], tail: str, message: str, *, proven: bool) -> ActionResult:
    """The command reported an error."""
    if proven:
        return ActionResult(
            action,
            ActionState.FAILED,
            f"The host refused the key ...{tail}: {message}",
            code="host_key_refused",
            next_step=_REFUSED,
            evidence=told,
        )
    return ActionResult(
        action,
        ActionState.UNKNOWN,
        f"The host reported an error for the key ...{tail}, and its state cannot be read: {message}",
        code="host_key_outcome_unknown",
        next_step=_LATER,
        evidence=told,
    )
