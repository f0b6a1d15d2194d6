"""The server of the simulated lab: one asyncio loop serves many machines, each on an address of its own."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from uuid import UUID

from harness.sim._counters import MachineCounters, TraceEntry, new_trace
from harness.sim._front import Front, House
from harness.sim._gate import Gate
from harness.sim._tls import CertificateAuthority, ServerCertificate
from harness.sim.auth import (
    AccountBook,
    Basic,
    ClientCertificates,
    Negotiate,
    NtlmIdentity,
    Scheme,
    channel_binding_hash,
)
from harness.sim.faults import FaultPlan
from harness.sim.http import Connection
from harness.sim.machine import Machine
from harness.sim.wsman import Access, Limits, Surroundings, WsmanService, random_ids

__all__ = [
    "CertificateAuthority",
    "LabServer",
    "Limits",
    "Listener",
    "MachineCounters",
    "ServerCertificate",
    "TraceEntry",
]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where one machine listens, and how its service is set up.

    Attributes:
        machine: who answers.
        address: an address of 127.0.0.0/8.
        http_port, https_port: 5985 and 5986 on Windows; 0 takes a free one, None does not listen.
        certificate: for HTTPS.
        auth: schemes that are offered, in the order of their WWW-Authenticate lines: Negotiate, Kerberos, Basic,
            Certificate (over HTTPS only).
        allow_unencrypted: AllowUnencrypted of the service: plain bodies over plain HTTP.
        channel_binding: CbtHardeningLevel, ``none``, ``relaxed`` or ``strict``.
        limits: quotas and timeouts.
        latency: seconds added to each request.
        lockout_after: wrong passwords in a row that lock an account; 0 never does.
    """

    machine: Machine
    address: str
    http_port: int | None = 5985
    https_port: int | None = None
    certificate: ServerCertificate | None = None
    auth: tuple[str, ...] = ("Negotiate", "Basic", "Certificate")
    allow_unencrypted: bool = False
    channel_binding: Literal["none", "relaxed", "strict"] = "relaxed"
    limits: Limits = field(default_factory=Limits)
    latency: float = 0.0
    lockout_after: int = 0


@dataclass(slots=True)
class _Place:
    """A listener that is up, or was."""

    listener: Listener
    house: House
    book: AccountBook
    servers: list[asyncio.Server] = field(default_factory=list)
    http_port: int | None = None
    https_port: int | None = None


class LabServer:
    """Serves machines until it is closed.

    Args:
        clock: seconds that only grow, for idle times; the lab's virtual clock may stand behind it.
        now: the wall clock of the simulated world.
        new_id: ids for shells and messages.
        faults: what goes wrong; may be changed at any time.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Iterator[UUID] | None = None,
        faults: FaultPlan | None = None,
    ) -> None:
        self.faults = faults if faults is not None else FaultPlan()
        self.counters: dict[str, MachineCounters] = {}
        self.trace: deque[TraceEntry] = new_trace()
        self._clock = clock
        self._now = now
        self._new_id = new_id if new_id is not None else random_ids()
        self._places: dict[str, _Place] = {}

    def __repr__(self) -> str:
        return f"<LabServer with {len(self._places)} machines>"

    async def start(self, listeners: Iterable[Listener]) -> None:
        """Begin to listen for these machines; may be called again for more.

        Raises:
            OSError: an address or port cannot be bound; nothing stays half open.
        """
        started: list[str] = []
        try:
            for listener in listeners:
                name = listener.machine.name
                self._places[name] = self._place(listener)
                started.append(name)
                await self.power_on(name)
        except OSError:
            for name in started:
                await self.power_off(name)
                del self._places[name]
            raise

    async def close(self) -> None:
        """Stop listening and drop every connection and shell."""
        for name in list(self._places):
            await self.power_off(name)
        self._places.clear()

    def ports(self, name: str) -> tuple[int | None, int | None]:
        """The HTTP and HTTPS ports that a machine really listens on."""
        place = self._places[name]
        return place.http_port, place.https_port

    async def power_on(self, name: str) -> None:
        """Let a machine listen (again)."""
        place = self._places[name]
        if place.servers:
            return
        listener = place.listener
        if listener.http_port is not None:
            place.http_port = await self._listen(place, place.http_port or listener.http_port, secure=False)
        if listener.https_port is not None:
            place.https_port = await self._listen(place, place.https_port or listener.https_port, secure=True)

    async def power_off(self, name: str) -> None:
        """A machine goes away without a word: connections reset, shells and what runs in them gone, ports closed."""
        place = self._places[name]
        for server in place.servers:
            server.close()
        place.servers.clear()
        place.house.restart()
        await asyncio.sleep(0)

    def restart_service(self, name: str) -> None:
        """Restart a machine's WinRM service: shells and connections end, the ports stay open."""
        self._places[name].house.restart()

    def kill_shells(self, name: str) -> int:
        """End a machine's shells but not its connections; how many there were."""
        return self._places[name].house.service.shells.remove_where(lambda _: True)

    def open_shells(self, name: str) -> int:
        """How many shells a machine has."""
        return len(self._places[name].house.service.shells)

    def set_latency(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """Add this much time to each request of these machines, or of all."""
        for name in self._places if names is None else names:
            self._places[name].house.latency = seconds

    def reset_counters(self) -> None:
        """Start counting again."""
        for counters in self.counters.values():
            counters.clear()
        self.trace.clear()

    def _place(self, listener: Listener) -> _Place:
        name = listener.machine.name
        if listener.https_port is not None and listener.certificate is None:
            raise ValueError(f"HTTPS on {name} needs a certificate")
        if name in self._places:
            raise ValueError(f"a machine named {name} is served already")
        counters = self.counters.setdefault(name, MachineCounters())

        def opened(_: str) -> None:
            counters.shells += 1

        def started(_: str, names: Sequence[str]) -> None:
            counters.commands.update(names)

        around = Surroundings(self._clock, self._now, self._new_id, started, opened)
        access = Access(listener.auth, listener.allow_unencrypted, listener.channel_binding)
        service = WsmanService(listener.machine, listener.limits, access, around)
        house = House(
            listener.machine,
            service,
            listener.limits,
            access,
            counters,
            self.trace,
            self.faults,
            self._now,
            listener.latency,
        )
        return _Place(listener, house, AccountBook(listener.machine, self._clock, listener.lockout_after))

    async def _listen(self, place: _Place, port: int, *, secure: bool) -> int:
        loop = asyncio.get_running_loop()
        make = partial(self._connection, place, secure=secure)
        server = await loop.create_server(make, place.listener.address, port, backlog=256)
        place.servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    def _connection(self, place: _Place, *, secure: bool) -> asyncio.Protocol:
        front = Front(place.house, self._schemes(place, secure=secure), secure=secure)
        connection = Connection(front, self._now)
        front.attach(connection)
        certificate = place.listener.certificate if secure else None
        return Gate(connection, certificate, lambda: self.faults.match(place.listener.machine.name, "connect"))

    def _schemes(self, place: _Place, *, secure: bool) -> Callable[[Connection], list[Scheme]]:
        """What makes the schemes of a connection, once TLS is up and a client certificate is known."""

        def make(connection: Connection) -> list[Scheme]:
            listener = place.listener
            makers: dict[str, Callable[[], Scheme]] = {
                "Basic": lambda: Basic(place.book),
                "Negotiate": lambda: Negotiate(place.book, self._identity(listener, secure=secure)),
            }
            if secure:
                makers["Certificate"] = lambda: ClientCertificates(place.book, _shown_certificate(connection))
            return [makers[name]() for name in listener.auth if name in makers]

        return make

    def _identity(self, listener: Listener, *, secure: bool) -> NtlmIdentity:
        bindings = None
        if secure and listener.certificate is not None and listener.channel_binding != "none":
            bindings = channel_binding_hash(listener.certificate.der)
        machine = listener.machine
        return NtlmIdentity(
            machine.name, machine.os_version, self._now, bindings, insist=listener.channel_binding == "strict"
        )


def _shown_certificate(connection: Connection) -> bytes | None:
    tls = connection.extra("ssl_object")
    return tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
