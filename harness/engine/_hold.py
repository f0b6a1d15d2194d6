"""Holding hosts: leases taken before the first question of a run that changes things, and checked before each change.

Windows cannot be asked who may write to it, so a lease outlives every operation that relies on it: it lasts twice the
longest deadline of its hosts, and a change is sent only while at least one such deadline is left. What was sent is
over, or given up, before anybody else may take the host.
"""

import getpass
import os
import platform
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from harness.core.errors import LeaseLostError, LockHeldError
from harness.core.model import HostLane, Inventory
from harness.core.planning import host_identity
from harness.engine._clock import Clock, poll
from harness.store import Holder, Lease, Leases

__all__ = ["HostHold", "holder_of", "longest_operation", "machines_of", "places_of"]

_LOOK_EVERY = 0.5
"""Seconds between two attempts to get a host that somebody else holds."""


def holder_of(identity: str, purpose: str) -> Holder:
    """This process as a holder of leases."""
    return Holder(identity, f"{getpass.getuser()} on {platform.node()}, process {os.getpid()}", purpose)


def longest_operation(inventory: Inventory, hosts: Iterable[str]) -> float:
    """The longest deadline of an operation on any of those hosts, in seconds."""
    return max((inventory.hosts[name].connection.operation_seconds for name in hosts), default=60.0)


def places_of(inventory: Inventory, hosts: Iterable[str]) -> dict[str, str]:
    """The resources by which hosts are known before they are asked anything: where they listen, to inventory names."""
    found = {name: inventory.hosts[name].connection for name in hosts}
    return {f"address {place.address.casefold()}:{place.port}": name for name, place in found.items()}


def machines_of(lanes: Iterable[HostLane]) -> dict[str, str]:
    """The resources by which hosts are known once they have answered: the machines' own names.

    Two inventories may reach one machine by different addresses.
    """
    return {f"machine {host_identity(lane)}": lane.name for lane in lanes if lane.facts is not None}


class HostHold:
    """The leases of one run or one test job. A context manager that gives them back.

    Args:
        leases: the store's.
        holder: who we are.
        clock: time; the leases' own is wall time, which the jobs that share a store must agree on.
        operation_seconds: the longest deadline of an operation on any of the hosts.
        wait: how long to wait for hosts that others hold, in seconds.
        heartbeat: whether a thread of ours renews the leases while they are held.
    """

    def __init__(
        self,
        leases: Leases,
        holder: Holder,
        *,
        clock: Clock,
        operation_seconds: float,
        wait: float = 0.0,
        heartbeat: bool = True,
    ) -> None:
        self._leases = leases
        self._holder = holder
        self._clock = clock
        self._operation = timedelta(seconds=operation_seconds)
        self._wait = wait
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<HostHold {self._holder.id} {sorted(set(self._held.values()))}>"

    def take(self, resources: Mapping[str, str]) -> None:
        """Take all of ``resources`` (to host names) or none.

        Raises:
            LockHeldError: somebody else holds one of them, and held it as long as we would wait.
        """
        with self._lock:
            new = {name: host for name, host in resources.items() if name not in self._held}
        if not new:
            return
        in_the_way: list[Lease] = []

        def ask() -> bool | None:
            found = self._leases.take(new, self._holder, time=self._time(), expires=self._time(self._operation * 2))
            in_the_way[:] = found
            return None if found else True

        if poll(ask, seconds=self._wait, every=_LOOK_EVERY, clock=self._clock) is None:
            raise _held(in_the_way[0])
        with self._lock:
            self._held |= new
            if self._heartbeat and self._thread is None:
                self._over.clear()
                self._thread = threading.Thread(target=self._beats, name="leases", daemon=True)
                self._thread.start()

    def check(self) -> None:
        """Make sure that everything is still ours, and will be while one operation lasts. Called before each change.

        Raises:
            LeaseLostError: somebody took over; nothing more may be sent that changes state.
        """
        if not self.is_ours():
            raise LeaseLostError(
                "The lease on this run's hosts is lost: it expired or was cleared, and others may be at work there.",
                target=", ".join(dict.fromkeys(self._held.values())),
                hint="Nothing more was changed. Look at `avma locks` and `avma runs`, then run the same again.",
            )

    def is_ours(self) -> bool:
        """Whether everything is still ours, and will be while one operation lasts."""
        until = self._time(self._operation)
        return self._leases.lasts(self._holder.id, self._names(), until=until) or self.beat()

    def beat(self) -> bool:
        """Renew the leases; whether all were still ours."""
        return self._leases.renew(self._holder.id, self._names(), expires=self._time(self._operation * 2))

    def release(self) -> None:
        """Give everything back."""
        thread, self._thread = self._thread, None
        self._over.set()
        if thread is not None:
            thread.join()
        with self._lock:
            held, self._held = self._held, {}
        if held:
            self._leases.release(self._holder.id)

    def _beats(self) -> None:
        while not self._over.wait(self._operation.total_seconds() / 2):
            with suppress(
                SQLAlchemyError
            ):  # the store may be busy for a moment; what counts is the check before a change
                self.beat()

    def _names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._held)

    def _time(self, later: timedelta = timedelta()) -> str:
        return (self._clock.now() + later).isoformat(timespec="milliseconds")


def _held(lease: Lease) -> LockHeldError:
    return LockHeldError(
        f"It is held until {lease.expires} by {lease.who}: {lease.purpose} ({lease.holder}).",
        target=lease.host,
        step="lease",
        hint="Wait until it ends. Where it died: `avma resume RUN`, or `avma locks --clear HOST`.",
    )
