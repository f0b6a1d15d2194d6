"""Our full facts by the engine, as `avma facts` gathers them from hosts: a worker.

Run as ``python -m benchmarks.ours INVENTORY FORKS``. It answers ``{"mode": ...}``: ``first`` (new sessions, nothing
known of the hosts), ``cold`` (new sessions, hosts known), both with opening and closing; ``open`` (the sessions that
``begin`` has opened, hosts known); ``shares`` (where the CPU time goes in the sessions that ``begin`` has opened).
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.shares import sampled
from benchmarks.worker import Json, answer_lines
from harness.core.model import HostLane, Inventory
from harness.engine import RunContext, SessionBook, SystemClock
from harness.engine._gather import gather_hosts
from harness.engine.events import EventStream
from harness.lab import Resolver, load_inventory
from harness.store import Store, open_store

__all__ = ["Ours"]


class Ours:
    """All hosts of an inventory, ``forks`` at a time."""

    def __init__(self, inventory: Inventory, forks: int, store: Store) -> None:
        self._inventory = inventory
        self._forks = forks
        self._store = store
        self._open: SessionBook | None = None

    def answer(self, request: Json) -> Json:
        """One measurement, as a worker answers it."""
        match request["mode"]:
            case "first":
                self._forget()
                return self._measured(self._cold)
            case "cold":
                return self._measured(self._cold)
            case "open":
                return self._measured(self._warm)
            case "begin":
                self._open = self._open or self._book()
                return _content(self._warm())
            case "shares":
                return sampled(lambda: [self._warm() for _ in range(int(request["rounds"]))])
            case other:
                raise ValueError(f"no mode {other}")

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()

    def _book(self) -> SessionBook:
        resolver = Resolver(register=lambda _: None)
        return SessionBook(self._inventory, resolver.resolve)

    def _gather(self, sessions: SessionBook) -> tuple[HostLane, ...]:
        context = RunContext(
            run_id="bench",
            person="bench",
            inventory=self._inventory,
            sessions=sessions,
            store=self._store,
            stream=EventStream(),
            clock=SystemClock(),
            forks=self._forks,
        )
        return gather_hosts(context, self._inventory.hosts)

    def _cold(self) -> tuple[HostLane, ...]:
        sessions = self._book()
        try:
            return self._gather(sessions)
        finally:
            sessions.close()

    def _warm(self) -> tuple[HostLane, ...]:
        assert self._open is not None
        return self._gather(self._open)

    def _measured(self, work: Callable[[], tuple[HostLane, ...]]) -> Json:
        before = time.perf_counter()
        lanes = work()
        return {"seconds": time.perf_counter() - before, **_content(lanes)}

    def _forget(self) -> None:
        for host in self._inventory.hosts.values():
            place = host.connection
            self._store.capabilities.forget(f"{place.address}:{place.port}/{place.configuration}")


def _content(lanes: tuple[HostLane, ...]) -> Json:
    """What came back: every measurement proves that it fetched all of it."""
    facts = [lane.facts for lane in lanes if lane.facts is not None]
    answered = [{name for name, state in found.parts.items() if state.ok} for found in facts]
    return {
        "hosts": len(facts),
        "vms": sum(len(found.vms) for found in facts),
        "answered": sorted(set.intersection(*answered)) if answered else [],
        "failures": sorted({lane.failure.message for lane in lanes if lane.failure is not None}),
    }


def _main(inventory: str, forks: int) -> None:
    with TemporaryDirectory(prefix="avma-bench-") as directory:
        store = open_store(str(Path(directory) / "store.db"))
        ours = Ours(load_inventory(inventory), forks, store)
        try:
            answer_lines(ours.answer)
        finally:
            ours.close()
            store.close()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
