"""One TCP connection: bytes to requests, one at a time, responses back; closing and spoiling where asked."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from harness.sim.http._message import BadRequest, HttpRequest, HttpResponse, RequestReader

__all__ = ["Connection", "Responder"]

_DRIPS = 20
_log = logging.getLogger(__name__)


class Responder(Protocol):
    """Answers the requests of one connection; made when it opens, so that it can remember who authenticated."""

    most_body: int
    """The longest body it takes, in bytes."""

    async def respond(self, request: HttpRequest, connection: "Connection") -> HttpResponse | None:
        """The answer; None resets the connection without one."""

    def reads(self) -> bool:
        """Asked when bytes arrive; False resets the connection with the bytes unread."""

    def closed(self) -> None:
        """The connection is gone."""


class Connection(asyncio.Protocol):
    """An asyncio protocol; also used above TLS.

    Args:
        responder: answers its requests.
        now: the wall clock for the Date line.
    """

    def __init__(self, responder: Responder, now: Callable[[], datetime]) -> None:
        self._responder = responder
        self._now = now
        self._reader = RequestReader(responder.most_body)
        self._transport: asyncio.Transport | None = None
        self._outside: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self.lost = False

    def __repr__(self) -> str:
        state = "lost" if self.lost else "open"
        return f"<Connection from {self.peer}, {state}>"

    @property
    def peer(self) -> str:
        """The client's address."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(name[0]) if name else ""

    def about(self, name: str) -> object:
        """What the transport knows: ``ssl_object``, ``sockname``."""
        return None if self._transport is None else self._transport.get_extra_info(name)

    def waits_outside(self, transport: asyncio.Transport) -> None:
        """The client has come, but is not let in yet: what ends the connection meanwhile ends this transport."""
        self._outside = transport
        if self.lost:
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.lost:  # reset between its arrival and now
            transport.abort()
        self._advance()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See asyncio.Protocol."""
        self.lost = True
        self._can_write.set()
        self._responder.closed()

    def eof_received(self) -> bool:
        """The client closed its side: it wants no more answers."""
        self.lost = True
        return False

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._reader.is_empty and not self._responder.reads():
            self.reset()
            return
        self._reader.feed(data)
        self._advance()

    def close(self) -> None:
        """Close the connection after what is being written, as an idle one is closed."""
        transport = self._transport or self._outside
        if transport is not None:
            transport.close()

    def reset(self) -> None:
        """Drop the connection at once, as a host that crashes does."""
        self.lost = True
        transport = self._transport or self._outside
        if transport is not None:
            transport.abort()

    def _advance(self) -> None:
        """Begin with the next request unless one is being answered."""
        if self._task is not None or self._transport is None or self.lost:
            return
        try:
            request = self._reader.next()
        except BadRequest as bad:
            self._write_last(HttpResponse(bad.status, close=True))
            return
        if request is None:
            if self._reader.expects_continue:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._task = asyncio.create_task(self._answer(request))

    async def _answer(self, request: HttpRequest) -> None:
        try:
            response = await self._responder.respond(request, self)
            if response is None:
                self.reset()
            elif not self.lost:
                await self._deliver(response)
        except Exception:  # noqa: BLE001 - see below
            # a defect of the lab itself: say so in the log and leave no client waiting
            _log.exception("a request from %s could not be answered", self.peer)
            self.reset()
        finally:
            self._task = None
        self._advance()

    async def _deliver(self, response: HttpResponse) -> None:
        assert self._transport is not None
        data = response.encode(self._now())
        kind = response.delivery.kind
        if kind == "reset":
            self.reset()
            return
        if kind == "truncated":
            self._transport.write(data[: max(1, len(data) - len(response.body) // 2 - 1)])
            self._transport.close()
            return
        if kind == "drip":
            await self._drip(data, response.delivery.seconds)
        else:
            self._transport.write(data * 2 if kind == "duplicated" else data)
        if response.close:
            self._transport.close()
        elif not self._can_write.is_set():
            await self._can_write.wait()

    async def _drip(self, data: bytes, seconds: float) -> None:
        assert self._transport is not None
        step = max(1, -(-len(data) // _DRIPS))
        for start in range(0, len(data), step):
            if self.lost:
                return
            self._transport.write(data[start : start + step])
            await asyncio.sleep(seconds / _DRIPS)

    def _write_last(self, response: HttpResponse) -> None:
        if self._transport is not None:
            self._transport.write(response.encode(self._now()))
            self._transport.close()
