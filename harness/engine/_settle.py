"""Settling what an earlier run left in doubt: by reading, never by sending.

Any run may confirm a key that shows. Only ``avma resume`` may conclude that a key did not take, since it alone waits
out the settle time; an intent it has settled is refused by the ledger to the process that wrote it, should that live.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from harness.core.errors import HarnessError
from harness.core.model import HostActivation, HostLane, Plan, RetryClass, Settlement, StepKind
from harness.core.planning import KeySight, Proof, host_identity, prove, unsettled
from harness.engine import events
from harness.engine._clock import poll
from harness.engine._context import RunContext
from harness.store import JournalEntry, LedgerEntry
from harness.windows import read_host_activation

__all__ = ["close_journal", "confirm_keys", "settle_keys"]

_LOOK_EVERY = 2.0


def confirm_keys(context: RunContext, hosts: Iterable[HostLane]) -> tuple[Settlement, ...]:
    """Note in the ledger which doubtful keys the gathered facts show in force."""
    lanes = {host_identity(lane): lane for lane in hosts if lane.facts is not None}
    settled = []
    for entry in context.store.ledger.entries():
        lane = lanes.get(entry.host)
        if lane is None or lane.facts is None or not (entry.is_open or entry.state == "accepted"):
            continue
        sight = KeySight.of(lane.facts.activation)
        if prove(entry.sight, sight, entry.last5, over=False) is Proof.TOOK:
            settled.append(_write(context, _took(entry, lane.name)))
    return tuple(settled)


def settle_keys(
    context: RunContext, hosts: Iterable[HostLane], *, run_id: str, attested: Mapping[str, bool]
) -> tuple[Settlement, ...]:
    """Settle every doubtful key of an earlier run, and of the hosts at hand, by reading until it is certain.

    Args:
        context: of the run that settles.
        hosts: what was gathered just now.
        run_id: the earlier run.
        attested: what a person says of a host, by its inventory name: True, the key is in force; False, it is not. It
            counts only where reading proves nothing.

    Returns:
        one settlement for each, in the ledger's order; ``unknown`` where reading proves nothing.
    """
    lanes = {host_identity(lane): lane for lane in hosts}
    told = []
    for entry in context.store.ledger.entries():
        lane = lanes.get(entry.host)
        if entry.is_open and (lane is not None or entry.run_id == run_id):
            found = _Case(context, entry, lane).settle(attested) if lane else _absent(entry)
            told.append(_write(context, found))
    return tuple(told)


def close_journal(
    context: RunContext, entries: Iterable[JournalEntry], hosts: Iterable[HostLane], plan: Plan, *, run_id: str
) -> None:
    """Give every open intent in an earlier run's journal the outcome that reading shows.

    A host key ended as the ledger says. Anything else had no effect where the new plan wants it again, and is unknown
    where its target cannot be served.
    """
    ledger = {e.host: e.state for e in context.store.ledger.entries() if e.run_id == run_id}
    names = {lane.name: host_identity(lane) for lane in hosts}
    wanted = {(action.target, str(action.step)) for action in plan.actions}
    blocked = {blocked.target for blocked in plan.blocked}
    for entry in entries:
        state = _state(entry, ledger.get(names.get(entry.target, "")), wanted, blocked)
        message = f"Settled by run {context.run_id}, which read the state."
        context.store.runs.settle(entry, state, message, time=context.time())
    context.store.runs.resumed(run_id, context.run_id)


def _state(
    entry: JournalEntry, ledger: str | None, wanted: Collection[tuple[str, str]], blocked: Collection[str]
) -> str:
    if entry.step == StepKind.HOST_KEY:
        return {None: "failed", "intent": "unknown"}.get(ledger, ledger or "")
    if (entry.target, entry.step) in wanted:
        return "failed"
    return "unknown" if entry.target in blocked else "verified"


@dataclass(frozen=True, slots=True)
class _Case:
    """One doubtful application and the host it went to."""

    context: RunContext
    entry: LedgerEntry
    lane: HostLane

    def settle(self, attested: Mapping[str, bool]) -> Settlement:
        """Look until a reading proves something, or the settle time has passed."""
        clock = self.context.clock
        left = self.context.settle_seconds - (clock.now() - datetime.fromisoformat(self.entry.intended)).total_seconds()
        proof = poll(self._look, seconds=max(left, 0.0), every=_LOOK_EVERY, clock=clock) or Proof.NOTHING
        if proof is Proof.TOOK:
            return _took(self.entry, self.lane.name)
        if proof is Proof.FAILED:
            text = f"{self.lane.name} is as it was before the key ...{self.entry.last5} was sent; it did not take."
            return _settlement(self.entry, self.lane.name, "failed", text)
        if self.lane.name in attested:
            took = attested[self.lane.name]
            word = "in force" if took else "not in force"
            text = f"{self.context.person} attests that the key ...{self.entry.last5} is {word} on {self.lane.name}."
            return _settlement(self.entry, self.lane.name, "verified" if took else "failed", text)
        return _settlement(
            self.entry,
            self.lane.name,
            "unknown",
            f"Reading {self.lane.name} does not tell whether it took the key ...{self.entry.last5}.",
            unsettled(self.entry.spent, self.lane.name).next_step,
        )

    def _look(self) -> Proof | None:
        now = self.context.clock.now()
        over = (now - datetime.fromisoformat(self.entry.intended)).total_seconds() >= self.context.settle_seconds
        proof = prove(self.entry.sight, KeySight.of(self._read()), self.entry.last5, over=over)
        return None if proof is Proof.NOTHING else proof

    def _read(self) -> HostActivation | None:
        context, name = self.context, self.lane.name
        try:
            return context.attempt(
                lambda: read_host_activation(context.sessions.host(name), seconds=context.seconds(name)),
                RetryClass.READ,
                target=name,
            )
        except HarnessError:
            return None


def _took(entry: LedgerEntry, host: str) -> Settlement:
    return _settlement(entry, host, "verified", f"{host} has the key ...{entry.last5} in force.")


def _absent(entry: LedgerEntry) -> Settlement:
    return _settlement(
        entry,
        entry.host,
        "unknown",
        f"{entry.host} is not among the hosts of this run, so its key ...{entry.last5} could not be settled.",
        f"Run `avma resume {entry.run_id}` with an inventory that names it.",
    )


def _settlement(entry: LedgerEntry, host: str, state: str, message: str, next_step: str = "") -> Settlement:
    return Settlement(entry.id, entry.key_name, entry.last5, host, state, message, next_step)


def _write(context: RunContext, found: Settlement) -> Settlement:
    """Write it down, unless somebody else was faster."""
    if not context.store.ledger.settle(found.entry, found.state, found.message, time=context.time()):
        found = replace(found, message=f"{found.message} (Another run had settled it already.)")
    context.publish(events.Note, target=found.host, message=found.message)
    return found
