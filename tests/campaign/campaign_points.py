"""Kill points: every place where a dead controller leaves something different behind.

A run passes one before and after each request leaves, after each answer came, and before each change of the store is
made and made lasting. Nothing observable lies between two of them. The product knows nothing of this: its wire is
replaced by one that reports, and the database tells of itself.
"""

import os
import re
import signal
import threading
from collections.abc import Callable

from sqlalchemy import Engine, event

import harness.remoting._transport
from harness.remoting._wire import Wire

__all__ = ["KillPoints", "install"]

_ACTION = re.compile(rb"Action[^>]*>[^<]*/([A-Za-z]+)</")
_TABLE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")


class KillPoints:
    """Counts the points as they are reached, writes each to a file, and dies by SIGKILL at the one it is told to.

    Args:
        path: gets one line for each point: its kind and what it is about.
        kill_at: the 1-based number of the point to die at; None never.
    """

    def __init__(self, path: str, kill_at: int | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._kill_at = kill_at
        self._count = 0
        self._lock = threading.Lock()

    def reach(self, kind: str, about: str) -> None:
        """A point of that kind."""
        with self._lock:
            self._count += 1
            os.write(self._file, f"{kind} {about}\n".encode())
            if self._count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def install(points: KillPoints) -> None:
    """Report every kill point of this process from now on."""
    harness.remoting._transport.Wire = _watched(points.reach)  # type: ignore[misc]
    event.listen(Engine, "before_cursor_execute", _writes(points.reach))
    event.listen(Engine, "commit", lambda _: points.reach("commit", ""))


def _watched(reach: Callable[[str, str], None]) -> type[Wire]:
    class WatchedWire(Wire):
        """The product's wire, with a word before and after each request and after each answer."""

        def _write(self, request: bytes, limit: object) -> None:
            found = _ACTION.search(request)
            self.about = f"{self.place} {found[1].decode() if found else 'greeting'}"
            reach("send", self.about)
            super()._write(request, limit)  # type: ignore[arg-type]
            reach("sent", self.about)

        def _read(self, limit: object) -> object:
            reply = super()._read(limit)  # type: ignore[arg-type]
            reach("receive", self.about)
            return reply

    return WatchedWire


def _writes(reach: Callable[[str, str], None]) -> Callable[..., None]:
    def before(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found = _TABLE.match(statement)
        if found:
            reach("write", found[1])

    return before
