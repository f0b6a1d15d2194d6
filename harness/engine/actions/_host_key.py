"""Apply a host key: the one thing that costs money and is never given back.

Order: read, stop if already right, write the intent into the ledger, send once, read back. A lost answer is settled by
reading, never by sending again.
"""

import json
from dataclasses import dataclass

from harness.core.errors import HarnessError, Sent, TransportError
from harness.core.model import Action, ActionResult, ActionState, HostActivation, HostKeyEntry, RetryClass
from harness.core.planning import host_identity
from harness.engine._clock import poll
from harness.engine.actions._bench import Bench, verified
from harness.store import last5
from harness.windows import HostKeyAnswer, read_host_activation, set_host_key

__all__ = ["apply_host_key"]

SETTLE_SECONDS = 30.0
"""How long a key whose answer was lost may take to show (a lost client does not cancel the command)."""


def apply_host_key(bench: Bench, action: Action) -> ActionResult:
    """Send Set-VMAutomaticActivation once for the inventory key ``arguments["key"]``, and prove what came of it."""
    entry = bench.context.inventory.keys[action.arguments["key"]]
    secret = bench.context.sessions.secret(entry.key)
    work = _Work(bench, action, entry, last5(secret.get_secret_value()))
    before = work.read()
    if _shows(before, work.tail):
        return verified(action, f"The host already has the key ...{work.tail}; nothing was sent.")
    intent = work.intend(secret.get_secret_value())
    try:
        answer = bench.context.attempt(
            lambda: set_host_key(bench.host(action), secret, seconds=bench.seconds(action)),
            RetryClass.ONCE,
            target=action.target,
        )
    except TransportError as error:
        result = work.not_sent(before, error) if error.sent is Sent.NO else work.settle_lost(before, error)
    except HarnessError as error:
        result = work.settle_error(before, error.message)
    else:
        result = work.settle_answer(before, answer)
    work.close(intent, result)
    return result


@dataclass(frozen=True, slots=True)
class _Work:
    """One key on one host."""

    bench: Bench
    action: Action
    entry: HostKeyEntry
    tail: str

    def read(self) -> HostActivation | None:
        """What Get-VMAutomaticActivation says now."""
        return self.bench.context.attempt(
            lambda: read_host_activation(self.bench.host(self.action), seconds=self.bench.seconds(self.action)),
            RetryClass.READ,
            target=self.action.target,
        )

    def read_after(self) -> HostActivation | None:
        """The same after the key was sent, when a failure to read must not hide the key's own outcome."""
        try:
            return self.read()
        except HarnessError:
            return None

    def intend(self, key: str) -> int:
        """The intent in the ledger; raises LedgerRefusalError before anything is sent."""
        context = self.bench.context
        return context.store.ledger.intend(
            self.entry,
            key,
            host_identity(self.bench.hosts[self.action.host]),
            run_id=context.run_id,
            person=context.person,
            time=context.time(),
        )

    def close(self, intent: int, result: ActionResult) -> None:
        """The ledger's outcome: failed only on proof, so that the key stays locked in every doubtful case."""
        state = {ActionState.FAILED: "failed", ActionState.VERIFIED: "verified", ActionState.ACCEPTED: "accepted"}
        self.bench.context.store.ledger.settle(
            intent, state.get(result.state, "unknown"), result.message, time=self.bench.context.time()
        )

    def settle_answer(self, before: HostActivation | None, answer: HostKeyAnswer) -> ActionResult:
        """The command answered. Its own words are evidence; the state read back decides."""
        after = self.read_after()
        errors = answer.errors
        told = (*(f"{e.fq_id}: {e.message}" for e in errors), json.dumps(answer.output, default=str))
        if _took(before, after, self.tail):
            return verified(self.action, f"The host now activates guests with the key ...{self.tail}.", *told)
        if errors:
            return self._refused(before, after, errors[0].message, told)
        if after is None or after.configured is None or (after.configured and after.last5 is None):
            return ActionResult(
                self.action,
                ActionState.ACCEPTED,
                "The command ended without an error; the host's answer does not tell which key is in force.",
                code="host_key_unconfirmed",
                next_step="Look at `Get-VMAutomaticActivation` on the host; activating one guest proves it.",
                evidence=told,
            )
        return ActionResult(
            self.action,
            ActionState.UNKNOWN,
            "The command ended without an error, but the host does not show the key.",
            code="host_key_not_shown",
            next_step="Look at `Get-VMAutomaticActivation` on the host first; do not send the key again.",
            evidence=told,
        )

    def settle_error(self, before: HostActivation | None, message: str) -> ActionResult:
        """The command ended in a terminating error; only the state tells whether the key took."""
        after = self.read_after()
        if _took(before, after, self.tail):
            return verified(self.action, f"The host activates guests with the key ...{self.tail}.", message)
        return self._refused(before, after, message, (message,))

    def settle_lost(self, before: HostActivation | None, error: TransportError) -> ActionResult:
        """The answer was lost: read until the key shows; what does not show in time stays unknown."""

        def look() -> HostActivation | None:
            after = self.read_after()
            return after if _took(before, after, self.tail) else None

        shown = poll(look, seconds=SETTLE_SECONDS, every=3.0, clock=self.bench.context.clock)
        if shown is not None:
            return verified(
                self.action, f"The answer was lost, but the host shows the key ...{self.tail}.", error.message
            )
        return ActionResult(
            self.action,
            ActionState.UNKNOWN,
            f"The answer was lost and the host does not show the key yet. {error.message}",
            code="host_key_outcome_unknown",
            next_step="Look at `Get-VMAutomaticActivation` on the host later; the ledger keeps this key locked here.",
        )

    def not_sent(self, before: HostActivation | None, error: TransportError) -> ActionResult:
        """The transport says that nothing was executed. Where the host can still be read, reading has the last word."""
        after = self.read_after()
        if _took(before, after, self.tail):
            return verified(self.action, f"The host shows the key ...{self.tail} after all.", error.message)
        return ActionResult(
            self.action,
            ActionState.FAILED,
            f"The key was not sent: {error.message}",
            code=error.code,
            next_step=error.hint or "Run the same playbook again.",
        )

    def _refused(
        self, before: HostActivation | None, after: HostActivation | None, message: str, told: tuple[str, ...]
    ) -> ActionResult:
        """An error came back: failed where reading proves the old state, unknown where it cannot."""
        if _unchanged(before, after):
            return ActionResult(
                self.action,
                ActionState.FAILED,
                f"The host refused the key ...{self.tail}: {message}",
                code="host_key_refused",
                next_step="Check the key's version, edition and remaining activations, and the node's update level.",
                evidence=told,
            )
        return ActionResult(
            self.action,
            ActionState.UNKNOWN,
            f"The host reported an error for the key ...{self.tail}, and its state cannot be read: {message}",
            code="host_key_outcome_unknown",
            next_step="Look at `Get-VMAutomaticActivation` on the host first; the ledger keeps this key locked here.",
            evidence=told,
        )


def _shows(activation: HostActivation | None, tail: str) -> bool:
    return activation is not None and activation.configured is True and activation.last5 == tail


def _took(before: HostActivation | None, after: HostActivation | None, tail: str) -> bool:
    """Whether reading proves the key in force: its tail shows, or a host that had none has one now."""
    if after is None or after.configured is not True:
        return False
    if after.last5 is not None:
        return after.last5 == tail
    return before is not None and before.configured is False


def _unchanged(before: HostActivation | None, after: HostActivation | None) -> bool:
    """Whether reading proves that the host is as it was before the key was sent."""
    if before is None or after is None or before.configured is None:
        return False
    return (before.configured, before.last5) == (after.configured, after.last5)
