"""What a TCP connection meets before HTTP: faults at connect, and TLS."""

import asyncio
from collections.abc import Callable

from harness.sim._tls import ServerCertificate
from harness.sim.faults import Fault
from harness.sim.http import Connection

__all__ = ["Gate"]

_NO_SUCH_PROTOCOL = b"\x15\x03\x03\x00\x02\x02\x28"
"""A TLS alert: fatal, handshake_failure."""


class Gate(asyncio.Protocol):
    """Lets a connection in, as it is or above TLS.

    Args:
        connection: speaks HTTP behind the gate.
        certificate: for TLS; None for plain HTTP.
        faults: asked once, when the connection arrives.
    """

    def __init__(
        self, connection: Connection, certificate: ServerCertificate | None, faults: Callable[[], list[Fault]]
    ) -> None:
        self._connection = connection
        self._certificate = certificate
        self._faults = faults
        self._entry: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        faults = self._faults()
        if self._certificate is None and not faults:
            transport.set_protocol(self._connection)
            self._connection.connection_made(transport)
            return
        transport.pause_reading()
        self._connection.waits_outside(transport)
        self._entry = asyncio.create_task(self._enter(transport, faults))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._entry is not None:
            self._entry.cancel()
        self._connection.connection_lost(exc)

    async def _enter(self, transport: asyncio.Transport, faults: list[Fault]) -> None:
        for fault in faults:
            if fault.kind == "stall":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "tls_failure" and self._certificate is not None:
                transport.write(_NO_SUCH_PROTOCOL)
                transport.close()
                return
            else:
                transport.abort()
                return
        if self._certificate is None:
            transport.set_protocol(self._connection)
            self._connection.connection_made(transport)
            transport.resume_reading()
            return
        await self._start_tls(transport, self._certificate)

    async def _start_tls(self, transport: asyncio.Transport, certificate: ServerCertificate) -> None:
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(transport, self._connection, certificate.context, server_side=True)
        except OSError:  # ssl.SSLError is one: the client does not like the certificate, or does not speak TLS
            self._connection.connection_lost(None)
            return
        if secure is not None:
            self._connection.connection_made(secure)
