"""Holding hosts: fenced at every change, renewed while held, waited for, given back."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.core.errors import ConnectionLostError, LeaseLostError, LockHeldError, Sent
from harness.core.model import Inventory, RetryClass
from harness.engine import HostHold, RunContext, SessionBook
from harness.engine.events import EventStream
from harness.store import Holder, Store, open_store

A, B = Holder("run-a", "ann on here, process 1", "onboard azl"), Holder("run-b", "bob on there, process 2", "pytest")
HV1 = {"address 192.0.2.1:5986": "hv1"}


class FakeClock:
    """Time that passes when somebody sleeps; ``on_sleep`` is what happens meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.on_sleep()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store.db"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def hold(store: Store, clock: FakeClock, holder: Holder = A, wait: float = 0.0) -> HostHold:
    return HostHold(store.leases, holder, clock=clock, operation_seconds=10, wait=wait, heartbeat=False)


def context(store: Store, clock: FakeClock, mine: HostHold) -> RunContext:
    inventory = Inventory("lab.yaml", {})
    return RunContext(
        "run-a", "ann", inventory, SessionBook(inventory, lambda _: None), store, EventStream(), clock, 1, hold=mine
    )


def test_a_held_host_is_refused_with_who_holds_it_and_what_to_do(store, clock):
    hold(store, clock).take(HV1)
    with pytest.raises(LockHeldError) as caught:
        hold(store, clock, B).take(HV1)
    for words in ("hv1", A.who, A.purpose, "run-a", "avma locks"):
        assert words in str(caught.value)
    assert clock.seconds == 0, "a command does not wait"


def test_who_waits_gets_the_host_when_it_is_given_back(store, clock):
    first = hold(store, clock)
    first.take(HV1)
    clock.on_sleep = lambda: first.release() if clock.seconds >= 5 else None
    hold(store, clock, B, wait=60).take(HV1)
    assert clock.seconds == pytest.approx(5, abs=1)


def test_who_waits_for_one_who_died_gets_the_host_when_the_lease_expires(store, clock):
    hold(store, clock).take(HV1)
    hold(store, clock, B, wait=60).take(HV1)
    assert clock.seconds == pytest.approx(20, abs=1), "twice the longest operation"


def test_a_change_is_sent_while_the_hosts_are_ours(store, clock):
    mine = hold(store, clock)
    mine.take(HV1)
    assert context(store, clock, mine).attempt(lambda: "sent", RetryClass.ONCE, target="hv1") == "sent"


@pytest.mark.parametrize("kind", [RetryClass.ONCE, RetryClass.IDEMPOTENT])
def test_no_change_is_sent_once_another_has_taken_over(store, clock, kind):
    mine = hold(store, clock)
    mine.take(HV1)
    clock.seconds = 20
    hold(store, clock, B).take(HV1)
    sent = []
    with pytest.raises(LeaseLostError) as caught:
        context(store, clock, mine).attempt(lambda: sent.append(1), kind, target="hv1")
    assert sent == []
    assert caught.value.sent is Sent.NO
    assert context(store, clock, mine).attempt(lambda: "read", RetryClass.READ, target="hv1") == "read"


def test_a_repetition_is_not_sent_once_another_has_taken_over(store, clock):
    mine = hold(store, clock)
    mine.take(HV1)
    sent = []

    def change() -> None:
        sent.append(1)
        clock.seconds = 20
        hold(store, clock, B).take(HV1)
        raise ConnectionLostError("The connection broke.")

    with pytest.raises(LeaseLostError) as caught:
        context(store, clock, mine).attempt(change, RetryClass.IDEMPOTENT, target="hv1")
    assert sent == [1]
    assert caught.value.sent is Sent.MAYBE, "the first try may have arrived"


def test_a_change_renews_a_lease_that_would_not_outlast_it(store, clock):
    mine = hold(store, clock)
    mine.take(HV1)
    clock.seconds = 15
    mine.check()
    clock.seconds = 25
    with pytest.raises(LockHeldError):
        hold(store, clock, B).take(HV1)


def test_a_cleared_lease_is_a_lost_one(store, clock):
    mine = hold(store, clock)
    mine.take(HV1)
    store.leases.clear(store.leases.list())
    with pytest.raises(LeaseLostError, match="hv1"):
        mine.check()


def test_leaving_gives_back_what_was_held(store, clock):
    with hold(store, clock) as mine:
        mine.take(HV1)
        assert store.leases.list()
    assert store.leases.list() == ()


def test_a_thread_renews_while_hosts_are_held_and_ends_with_the_hold(store):
    beaten = threading.Event()

    class Watched(FakeClock):
        def now(self) -> datetime:
            if threading.current_thread().name == "leases":
                beaten.set()
            return super().now()

    with HostHold(store.leases, A, clock=Watched(), operation_seconds=0.1) as mine:
        mine.take(HV1)
        assert beaten.wait(30)
    assert "leases" not in {thread.name for thread in threading.enumerate()}
