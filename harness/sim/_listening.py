"""A listening socket whose closing loses nobody.

asyncio.Server is not used: a connection that it accepted in the moment it closes cannot attach to it any more, and its
socket stays open until the garbage collector complains (seen with CPython 3.11).
"""

import asyncio
import socket
from collections.abc import Callable

__all__ = ["Listening"]

_BACKLOG = 256


class Listening:
    """Accepts connections on one address and port until it is closed. Needs a selector event loop.

    Args:
        make: makes the protocol of one connection.
        address: an IPv4 address.
        port: 0 takes a free one.

    Raises:
        OSError: the address or port cannot be bound.
    """

    def __init__(self, make: Callable[[], asyncio.Protocol], address: str, port: int) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._entering: dict[asyncio.Task[None], socket.socket] = {}
        self._socket = socket.create_server((address, port), backlog=_BACKLOG)
        self._socket.settimeout(0)
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Stop listening. Who was accepted but is not in yet is sent away; who is in stays."""
        if self._socket.fileno() < 0:
            return
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for task in self._entering:
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_BACKLOG):
            try:
                connection, _address = self._socket.accept()
            except OSError:  # nobody else waits, the client went away again, or no descriptor is free just now
                return
            connection.settimeout(0)
            task = self._loop.create_task(self._let_in(connection))
            self._entering[task] = connection
            task.add_done_callback(self._entered)

    async def _let_in(self, connection: socket.socket) -> None:
        await self._loop.connect_accepted_socket(self._make, connection)

    def _entered(self, task: asyncio.Task[None]) -> None:
        connection = self._entering.pop(task)
        if task.cancelled() or task.exception() is not None:
            connection.close()
