"""A listener that does to each connection what a test says: for what no well-behaved server does."""

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

__all__ = ["ScriptedListener", "http", "request_of"]

Act = Callable[[socket.socket], None]
_WAIT = 10.0


class ScriptedListener:
    """Accepts connections one after the other; the n-th gets the n-th act, the last act stays."""

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self._server = socket.create_server(("127.0.9.9", 0))
        self.port: int = self._server.getsockname()[1]
        self.requests: list[bytes] = []
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.close()
        for connection in self._open:
            connection.close()
        self._thread.join(_WAIT)

    def _serve(self) -> None:
        self._server.settimeout(0.05)
        while not self._ended.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(_WAIT)
            self._open.append(connection)
            act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
            try:
                act(connection)
            except OSError:
                connection.close()


def request_of(connection: socket.socket) -> bytes:
    """Read one request to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))[15:])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join((*lines, "\r\n")).encode() + body
