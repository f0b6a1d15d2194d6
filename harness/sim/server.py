"""The server of the simulated lab: one asyncio loop serves many machines, each on an address of its own."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from harness.sim._counters import MachineCounters, TraceEntry, new_trace
from harness.sim._descriptors import allow_many
from harness.sim._door import Door, Listener
from harness.sim._front import House
from harness.sim._tls import CertificateAuthority, ClientCertificate, ServerCertificate
from harness.sim.auth import AccountBook
from harness.sim.faults import Fault, FaultPlan
from harness.sim.wsman import Access, Limits, Surroundings, WsmanService, random_ids

__all__ = [
    "CertificateAuthority",
    "ClientCertificate",
    "Fault",
    "FaultPlan",
    "LabServer",
    "Limits",
    "Listener",
    "MachineCounters",
    "ServerCertificate",
    "TraceEntry",
]


class LabServer:
    """Serves machines until it is closed.

    All methods belong to the loop that ``start`` ran on; ``faults`` may be changed from any thread.

    Args:
        clock: seconds that only grow, for idle times and lockouts; the lab's virtual clock may stand behind it.
        now: the wall clock of the simulated world.
        new_id: ids for shells and messages.
        faults: what goes wrong; may be changed at any time.
        world: lets a fault of WORLD_KINDS come over the machine of that name; without a world only reboots can.

    Attributes:
        faults: the plan in force.
        counters: by machine's name.
        trace: the latest requests, oldest first.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Iterator[UUID] | None = None,
        faults: FaultPlan | None = None,
        world: Callable[[str, Fault], Awaitable[None]] | None = None,
    ) -> None:
        self.faults = faults if faults is not None else FaultPlan()
        self.counters: dict[str, MachineCounters] = {}
        self.trace: deque[TraceEntry] = new_trace()
        self._clock = clock
        self._now = now
        self._new_id = new_id if new_id is not None else random_ids()
        self._world = world if world is not None else self._without_world
        self._doors: dict[str, Door] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<LabServer with {len(self._doors)} machines>"

    async def start(self, listeners: Iterable[Listener]) -> None:
        """Begin to listen for these machines; may be called again for more.

        Raises:
            OSError: an address or port cannot be bound; then none of these machines listens.
            ValueError: two machines have one name.
        """
        self._watch_faults()
        listeners = list(listeners)
        allow_many(2 * (len(listeners) + len(self._doors)) + 1024)
        started: list[str] = []
        try:
            for listener in listeners:
                started.append(self._add(listener))
                await self.power_on(listener.machine.name)
        except OSError:
            for name in started:
                await self.power_off(name)
                del self._doors[name]
            raise

    async def close(self) -> None:
        """Stop listening and drop every connection and shell."""
        self.faults.on_change = None
        for task in self._waiting:
            task.cancel()
        for name in list(self._doors):
            await self.power_off(name)
        self._doors.clear()

    @property
    def machines(self) -> list[str]:
        """The names of the machines that are served, listening or not."""
        return list(self._doors)

    def ports(self, name: str) -> tuple[int | None, int | None]:
        """The HTTP and HTTPS ports that a machine really listens on."""
        door = self._doors[name]
        return door.http_port, door.https_port

    async def power_on(self, name: str) -> None:
        """Let a machine listen (again)."""
        await self._doors[name].open()

    async def power_off(self, name: str) -> None:
        """A machine goes away without a word: connections reset, shells and what runs in them gone, ports closed."""
        await self._doors[name].close()

    async def _without_world(self, name: str, fault: Fault) -> None:
        if fault.kind == "host_reboot":
            await self.power_off(name)
            self.later(fault.seconds, partial(self.power_on, name))

    def later(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Do something after a time, unless the server is closed by then."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await act()

        task = asyncio.get_running_loop().create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def restart_service(self, name: str) -> None:
        """Restart a machine's WinRM service: shells and connections end, the ports stay open."""
        self._doors[name].house.restart()

    def drop_connections(self, name: str) -> int:
        """Close a machine's connections cleanly, as http.sys does after an idle time; shells stay. How many."""
        connections = list(self._doors[name].house.connections)
        for connection in connections:
            connection.close()
        return len(connections)

    def kill_shells(self, name: str) -> int:
        """End a machine's shells but not its connections; how many there were."""
        return self._doors[name].house.end_shells()

    def open_shells(self, name: str) -> int:
        """How many shells a machine has, not counting those that have idled out."""
        shells = self._doors[name].house.service.shells
        shells.expire()
        return len(shells)

    def waiting(self, name: str) -> int:
        """How many Receives wait for something to tell."""
        return sum(shell.waiting for shell in self._doors[name].house.service.shells)

    def set_latency(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """Add this much time to each request of these machines, or of all."""
        for name in self._doors if names is None else names:
            self._doors[name].house.latency = seconds

    def reset_counters(self) -> None:
        """Start counting again."""
        for counters in self.counters.values():
            counters.clear()
        self.trace.clear()

    def _watch_faults(self) -> None:
        loop = asyncio.get_running_loop()

        def changed() -> None:
            loop.call_soon_threadsafe(self._refresh)

        self.faults.on_change = changed

    def _refresh(self) -> None:
        for door in self._doors.values():
            door.refresh()
        wait = self.faults.next_refusal()
        if wait is not None:
            asyncio.get_running_loop().call_later(wait, self._refresh)

    def _add(self, listener: Listener) -> str:
        name = listener.machine.name
        if name in self._doors:
            raise ValueError(f"a machine named {name} is served already")
        counters = self.counters.setdefault(name, MachineCounters())

        def opened(_: str) -> None:
            counters.shells += 1

        def started(_: str, names: Sequence[str]) -> None:
            counters.commands.update(names)

        around = Surroundings(self._clock, self._now, self._new_id, started, opened)
        access = Access(listener.auth, listener.allow_unencrypted, listener.channel_binding)
        house = House(
            machine=listener.machine,
            service=WsmanService(listener.machine, listener.limits, access, around),
            limits=listener.limits,
            access=access,
            counters=counters,
            trace=self.trace,
            faults=self.faults,
            happen=partial(self._world, name),
            latency=listener.latency,
            unreadable=listener.unreadable,
        )
        book = AccountBook(listener.machine, self._clock, listener.lockout_after)
        self._doors[name] = Door(listener, house, book, self._now)
        return name
