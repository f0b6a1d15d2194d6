"""One machine's sockets: opened, closed, refused, and what a connection that comes in is made of."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from harness.sim._front import Front, House
from harness.sim._gate import Gate
from harness.sim._listening import Listening
from harness.sim._tls import ServerCertificate
from harness.sim.auth import (
    AccountBook,
    Basic,
    ClientCertificates,
    CredSsp,
    Kerberos,
    KerberosIdentity,
    Negotiate,
    NtlmIdentity,
    Scheme,
    channel_binding_data,
    channel_binding_hash,
)
from harness.sim.faults import Fault, FaultCount
from harness.sim.http import Connection
from harness.sim.machine import Machine
from harness.sim.wsman import Limits

__all__ = ["Door", "Listener"]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where one machine listens, and how its service is set up.

    Attributes:
        machine: who answers.
        address: an address of 127.0.0.0/8.
        http_port, https_port: 5985 and 5986 on Windows; 0 takes a free one, None does not listen.
        certificate: for HTTPS.
        auth: schemes that are offered, in the order of their WWW-Authenticate lines: Negotiate, Kerberos, Basic,
            CredSSP, Certificate (over HTTPS only).
        allow_unencrypted: AllowUnencrypted of the service: plain bodies over plain HTTP.
        channel_binding: CbtHardeningLevel, ``none``, ``relaxed`` or ``strict``.
        limits: quotas and timeouts.
        latency: seconds added to each request.
        lockout_after: wrong passwords in a row that lock an account; 0 never does.
        keytab: the machine's Kerberos keys, for Kerberos and Negotiate with it.
        unreadable: what a sealed body that cannot be opened gets, by the variant unreadable_body.
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
    keytab: Path | None = None
    unreadable: Callable[[], str] = lambda: "bad_request"

    def __post_init__(self) -> None:
        if self.https_port is not None and self.certificate is None:
            raise ValueError(f"HTTPS on {self.machine.name} needs a certificate")


class Door:
    """The sockets of one listener.

    Args:
        listener: where and how.
        house: what the connections share.
        book: the machine's accounts.
        now: the wall clock.
    """

    def __init__(self, listener: Listener, house: House, book: AccountBook, now: Callable[[], datetime]) -> None:
        self.listener = listener
        self.house = house
        self.http_port: int | None = None
        self.https_port: int | None = None
        self._book = book
        self._now = now
        self._wanted = False
        self._servers: list[Listening] = []

    def __repr__(self) -> str:
        state = "open" if self._servers else "closed"
        return f"<Door of {self.listener.machine.name} on {self.listener.address}, {state}>"

    async def open(self) -> None:
        """Listen, unless a fault refuses connections just now.

        Raises:
            OSError: an address or port cannot be bound.
        """
        self._wanted = True
        if not self._refused():
            self._listen()

    async def close(self) -> None:
        """Stop listening; shells and connections end without a word."""
        self._wanted = False
        self._stop()
        self.house.restart()
        await asyncio.sleep(0)  # what was cancelled ends now

    def refresh(self) -> None:
        """The faults have changed: open or close as they say."""
        if self._refused():
            self._stop()
        elif self._wanted:
            self._listen()

    def _refused(self) -> bool:
        refusals = self.house.faults.refusals(self.listener.machine.name)
        for fault, count in refusals:
            count.seen += 1
            if fault.seconds and count.seen == 1:
                asyncio.get_running_loop().call_later(fault.seconds, self._refusal_over, fault, count)
        return bool(refusals)

    def _refusal_over(self, _: Fault, count: FaultCount) -> None:
        count.struck += 1
        self.refresh()

    def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _listen(self) -> None:
        if not self._servers:
            self._bind_all()

    def _bind_all(self) -> None:
        listener = self.listener
        if listener.http_port is not None:
            self.http_port = self._bind(self.http_port or listener.http_port, None)
        if listener.https_port is not None:
            self.https_port = self._bind(self.https_port or listener.https_port, listener.certificate)

    def _bind(self, port: int, certificate: ServerCertificate | None) -> int:
        server = Listening(partial(self._connection, certificate), socket.create_server((self.listener.address, port)))
        self._servers.append(server)
        return server.port

    def _connection(self, certificate: ServerCertificate | None) -> asyncio.Protocol:
        front = Front(self.house, partial(self._schemes, certificate), secure=certificate is not None)
        connection = Connection(front, self._now)
        front.attach(connection)
        name = self.listener.machine.name
        return Gate(connection, certificate, lambda: self.house.faults.match(name, "connect"))

    def _schemes(self, certificate: ServerCertificate | None, connection: Connection) -> list[Scheme]:
        """The schemes of one connection; made at its first request, when TLS is up."""
        makers: dict[str, Callable[[], Scheme]] = {
            "Basic": lambda: Basic(self._book),
            "Negotiate": lambda: Negotiate(self._book, self._identity(certificate), self._keys(certificate)),
        }
        makers["CredSSP"] = lambda: CredSsp(self._book, self._identity(certificate), self._keys(certificate))
        if self.listener.keytab is not None:
            makers["Kerberos"] = lambda: Kerberos(self._book, self._identity(certificate), self._keys(certificate))
        if certificate is not None:
            makers["Certificate"] = lambda: ClientCertificates(self._book, _shown_certificate(connection))
        return [makers[name]() for name in self.listener.auth if name in makers]

    def _identity(self, certificate: ServerCertificate | None) -> NtlmIdentity:
        machine, level = self.listener.machine, self.listener.channel_binding
        bindings = None if certificate is None or level == "none" else channel_binding_hash(certificate.der)
        return NtlmIdentity(machine.name, machine.os_version, self._now, bindings, insist=level == "strict")

    def _keys(self, certificate: ServerCertificate | None) -> KerberosIdentity | None:
        keytab, level = self.listener.keytab, self.listener.channel_binding
        if keytab is None:
            return None
        bindings = None if certificate is None or level == "none" else channel_binding_data(certificate.der)
        return KerberosIdentity(keytab, bindings, insist=level == "strict")


def _shown_certificate(connection: Connection) -> bytes | None:
    tls = connection.about("ssl_object")
    return tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
