"""Apply a host key: the one thing that costs money and is never given back.

Order: read, stop if already right, write the intent into the ledger, send once, read back. A lost answer is settled by
reading, never by sending again.
"""

from dataclasses import dataclass

from harness.core.errors import HarnessError, LeaseLostError, Sent, TransportError
from harness.core.model import Action, ActionResult, ActionState, HostActivation, HostKeyEntry, RetryClass
from harness.core.planning import KeySight, Proof, host_identity, prove
from harness.engine._clock import poll
from harness.engine.actions import _host_key_words as words
from harness.engine.actions._bench import Bench, verified
from harness.store import LedgerRefusalError, last5
from harness.windows import HostKeyAnswer, read_host_activation, set_host_key

__all__ = ["apply_host_key"]

_LOOK_EVERY = 3.0
"""Seconds between two looks at a host whose answer was lost or does not show the key yet."""


def apply_host_key(bench: Bench, action: Action) -> ActionResult:
    """Send Set-VMAutomaticActivation once for the inventory key ``arguments["key"]``, and prove what came of it."""
    entry = bench.context.inventory.keys[action.arguments["key"]]
    secret = bench.context.sessions.secret(entry.key)
    work = _Work(bench, action, entry, last5(secret.get_secret_value()))
    before = work.read()
    if before is not None and before.configured is True and before.last5 == work.tail:
        return verified(action, f"The host already has the key ...{work.tail}; nothing was sent.")
    intent = work.intend(secret.get_secret_value(), before)

    def send() -> HostKeyAnswer:
        work.renew(intent)
        return set_host_key(bench.host(action), secret, seconds=bench.seconds(action))

    try:
        answer = bench.context.attempt(send, RetryClass.ONCE, target=action.target)
    except LedgerRefusalError:
        raise
    except LeaseLostError as error:
        result = work.not_sent(before, error)
    except TransportError as error:
        result = work.not_sent(before, error) if error.sent is Sent.NO else work.settle_lost(before, error)
    except HarnessError as error:
        result = work.settle_error(before, error)
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

    def intend(self, key: str, before: HostActivation | None) -> int:
        """The intent in the ledger; raises LedgerRefusalError before anything is sent."""
        context = self.bench.context
        return context.store.ledger.intend(
            self.entry,
            key,
            host_identity(self.bench.hosts[self.action.host]),
            run_id=context.run_id,
            person=context.person,
            time=context.time(),
            sight=KeySight.of(before),
        )

    def renew(self, intent: int) -> None:
        """The moment of sending in the ledger; raises LedgerRefusalError where another run has settled the intent."""
        self.bench.context.store.ledger.renew(intent, time=self.bench.context.time())

    def close(self, intent: int, result: ActionResult) -> None:
        """The ledger's outcome: failed only on proof, so that the key stays locked in every doubtful case."""
        state = {ActionState.FAILED: "failed", ActionState.VERIFIED: "verified", ActionState.ACCEPTED: "accepted"}
        self.bench.context.store.ledger.settle(
            intent, state.get(result.state, "unknown"), result.message, time=self.bench.context.time()
        )

    def settle_answer(self, before: HostActivation | None, answer: HostKeyAnswer) -> ActionResult:
        """The command answered. Its own words are evidence; the state read back decides."""
        after = self.read_after()
        told = words.evidence(before, answer, after)
        if self.proof(before, after, over=True) is Proof.TOOK:
            return verified(self.action, f"The host now activates guests with the key ...{self.tail}.", *told)
        if answer.refusal is not None:
            return self.refused(before, after, answer.refusal, told)
        if after is None or not KeySight.of(after).is_certain:
            return words.unconfirmed(self.action, told)
        proof, after = self.watch(before)
        told = words.evidence(before, answer, after)
        if proof is Proof.TOOK:
            return verified(self.action, f"The host now activates guests with the key ...{self.tail}.", *told)
        return words.not_shown(self.action, told, self.tail, proven=proof is Proof.FAILED)

    def settle_error(self, before: HostActivation | None, error: HarnessError) -> ActionResult:
        """The command ended in a terminating error; only the state tells whether the key took."""
        after = self.read_after()
        told = words.evidence(before, error, after)
        if self.proof(before, after, over=True) is Proof.TOOK:
            return verified(self.action, f"The host activates guests with the key ...{self.tail}.", *told)
        return self.refused(before, after, error.message, told)

    def settle_lost(self, before: HostActivation | None, error: TransportError) -> ActionResult:
        """The answer was lost: read until the key shows, or until a command that still runs would have ended."""
        proof, after = self.watch(before)
        told = words.evidence(before, error, after)
        if proof is Proof.TOOK:
            return verified(self.action, f"The answer was lost, but the host shows the key ...{self.tail}.", *told)
        return words.lost(self.action, told, error.message, proven=proof is Proof.FAILED)

    def not_sent(self, before: HostActivation | None, error: HarnessError) -> ActionResult:
        """Nothing was executed, by what the error says. Where the host can still be read, reading has the last word."""
        after = self.read_after()
        told = words.evidence(before, error, after)
        if self.proof(before, after, over=False) is Proof.TOOK:
            return verified(self.action, f"The host shows the key ...{self.tail} after all.", *told)
        return words.not_sent(self.action, told, error)

    def refused(
        self, before: HostActivation | None, after: HostActivation | None, message: str, told: tuple[str, ...]
    ) -> ActionResult:
        """An error came back: failed where reading proves the old state, unknown where it cannot."""
        proven = self.proof(before, after, over=True) is Proof.FAILED
        return words.refused(self.action, told, self.tail, message, proven=proven)

    def watch(self, before: HostActivation | None) -> tuple[Proof, HostActivation | None]:
        """Look until the key shows or the settle time has passed since now; what the last look proves."""
        clock, limit = self.bench.context.clock, self.bench.context.settle_seconds
        since = clock.monotonic()
        seen: list[HostActivation | None] = []

        def look() -> Proof | None:
            seen.append(self.read_after())
            proof = self.proof(before, seen[-1], over=clock.monotonic() - since >= limit)
            return None if proof is Proof.NOTHING else proof

        return poll(look, seconds=limit, every=_LOOK_EVERY, clock=clock) or Proof.NOTHING, seen[-1]

    def proof(self, before: HostActivation | None, after: HostActivation | None, *, over: bool) -> Proof:
        """See ``prove``."""
        return prove(KeySight.of(before), KeySight.of(after), self.tail, over=over)
