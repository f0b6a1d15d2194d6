"""A listening socket whose closing loses nobody.

asyncio.Server is not used: who is accepted in the turn in which it closes cannot attach to it any more, and that socket
stays open until the garbage collector complains (CPython 3.11 to 3.13, ``Server._attach``).
"""

import asyncio
import socket
from collections.abc import Callable
from weakref import WeakSet

__all__ = ["Listening"]

_BACKLOG = 256
_PAUSE = 1.0
"""Seconds until a process without free descriptors accepts again; those who come meanwhile wait in the backlog."""


class Listening:
    """Accepts connections until it is closed. Needs a selector event loop.

    Args:
        make: makes the protocol of one connection.
        bound: a bound TCP socket; it is set to listen here and closed with this.
    """

    def __init__(self, make: Callable[[], asyncio.Protocol], bound: socket.socket) -> None:
        self._make = make
        self._socket = bound
        self._loop = asyncio.get_running_loop()
        self._entering: dict[asyncio.Task[None], socket.socket] = {}
        self._inside: WeakSet[asyncio.Transport] = WeakSet()
        self._again: asyncio.TimerHandle | None = None
        self.port: int = bound.getsockname()[1]
        bound.settimeout(0)
        bound.listen(_BACKLOG)
        self._watch()

    def __repr__(self) -> str:
        return f"<Listening on port {self.port}, {'closed' if self._socket.fileno() < 0 else 'open'}>"

    def close(self) -> None:
        """Stop listening. Who was accepted but is not in yet is sent away; who is in stays."""
        if self._socket.fileno() < 0:
            return
        if self._again is not None:
            self._again.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in self._entering:
            task.cancel()

    def drop(self) -> None:
        """End the connections of all who are in."""
        for transport in list(self._inside):
            transport.abort()

    def _watch(self) -> None:
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(_BACKLOG):
            try:
                connection, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is free: without a pause the loop would do nothing but ask
                self._loop.remove_reader(self._socket)
                self._again = self._loop.call_later(_PAUSE, self._watch)
                return
            task = self._loop.create_task(self._let_in(connection))
            self._entering[task] = connection
            task.add_done_callback(self._entered)

    async def _let_in(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        # asyncio does this only for sockets whose protocol number is told, which those of ``create_server`` is not: the
        # small records that end a TLS session would wait for the client's acknowledgement of what went before
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport, _ = await self._loop.connect_accepted_socket(self._make, connection)
        self._inside.add(transport)

    def _entered(self, task: asyncio.Task[None]) -> None:
        connection = self._entering.pop(task)
        if task.cancelled():
            connection.close()
        elif (error := task.exception()) is not None:
            connection.close()
            if not isinstance(error, OSError):  # an OSError: the client went away again
                raise error
