"""What every phase of a run is handed: clock, sessions, store, event stream, who runs it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harness.core.errors import HarnessError, LeaseLostError, Sent
from harness.core.model import Inventory, LaneFailure, RetryClass
from harness.engine import events
from harness.engine._clock import Clock
from harness.engine._evidence import EvidenceBook
from harness.engine._hold import HostHold
from harness.engine._lanes import failure_of
from harness.engine._retry import attempt
from harness.engine._sessions import SessionBook
from harness.store import Store

__all__ = ["RunContext"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run. ``person`` is who started it; ``forks`` how many lanes run at once.

    ``settle_seconds``: how long a host key that was sent may take to show. A state that is as before proves that the
    key did not take only when so much time has passed, since a lost client does not cancel its command.

    ``hold``: the leases on the hosts, where the run may change something. ``redact`` masks this run's secrets in a
    text; ``evidence`` holds the raw answers behind the facts gathered last.
    """

    run_id: str
    person: str
    inventory: Inventory
    sessions: SessionBook
    store: Store
    stream: events.EventStream
    clock: Clock
    forks: int
    settle_seconds: float = 60.0
    hold: HostHold | None = None
    redact: Callable[[str], str] = str
    evidence: EvidenceBook = field(default_factory=EvidenceBook)

    def time(self) -> str:
        """The present as an ISO 8601 UTC text with seconds, for the store."""
        return self.clock.now().isoformat(timespec="milliseconds")

    def publish(self, kind: type[events.Event], **fields: object) -> None:
        """Publish an event of this run, now."""
        self.stream.publish(kind(run_id=self.run_id, time=self.clock.now(), **fields))

    def lane_failed(self, target: str, phase: str, error: HarnessError) -> LaneFailure:
        """Publish that a lane ended early, and give what the facts keep of it."""
        failure = failure_of(error)
        self.publish(
            events.LaneFailed,
            target=target,
            phase=phase,
            code=failure.code,
            message=failure.message,
            next_step=failure.next_step,
        )
        return failure

    def attempt(self, operation: Callable[[], T], retry_class: RetryClass, *, target: str) -> T:
        """Run one operation as its retry class allows; each repetition is published.

        Raises:
            LeaseLostError: the operation changes something and the hosts are no longer ours. Nothing was sent.
        """

        def tell(number: int, wait: float, reason: str) -> None:
            self.publish(events.Retrying, target=target, attempt=number, wait=wait, reason=reason)

        sent = operation if self.hold is None or retry_class is RetryClass.READ else _fenced(self.hold, operation)
        return attempt(sent, retry_class, clock=self.clock, on_retry=tell)

    def seconds(self, host: str) -> float:
        """The deadline of one operation on that host, in seconds."""
        return self.inventory.hosts[host].connection.operation_seconds


def _fenced(hold: HostHold, change: Callable[[], T]) -> Callable[[], T]:
    """The change, sent only while the hosts are ours. One that is repeated may have arrived the first time."""
    tried = False

    def send() -> T:
        nonlocal tried
        try:
            hold.check()
        except LeaseLostError as error:
            error.sent = Sent.MAYBE if tried else Sent.NO
            raise
        tried = True
        return change()

    return send
