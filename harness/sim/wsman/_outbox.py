"""What a shell or a command has to say, kept until a Receive fetches it."""

import asyncio
from collections import deque
from dataclasses import dataclass

__all__ = ["HOLD", "Batch", "Outbox"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one Receive takes along: pieces by stream name, and whether it was the last of it."""

    pieces: list[tuple[str, bytes]]
    done: bool = False
    pending: bool = False
    exit_code: int = 0


HOLD = 0.25
"""Seconds for which a pipeline's output is held to fill a packet. That Windows holds it is in its source (below); for
how long is not recorded."""


class Outbox:
    """A queue of pieces with an end. One loop owns it; a Receive waits on it for as long as its timeout allows.

    Args:
        hold: seconds for which a first piece waits for more, or for the end. PowerShell sends what a command puts out
            without WSMAN_FLAG_RECEIVE_FLUSH (ServerRemotingProtocol2.cs), and without it the service holds data "to
            maximise the size of the response packet" (WSManNativeApi.cs); a call to the client's host is flushed.
    """

    __slots__ = ("_ended", "_hold", "_pieces", "_waiters", "_waiting", "exit_code", "pending")

    def __init__(self, hold: float = 0.0) -> None:
        self._hold = hold
        self._waiting = 0
        self._pieces: deque[tuple[str, bytes]] = deque()
        self._waiters: list[asyncio.Future[None]] = []
        self._ended = False
        self.exit_code = 0
        self.pending = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    def put(self, stream: str, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append((stream, piece))
        self._waiting += len(piece) + _PIECE_OVERHEAD
        self._wake()

    def end(self, exit_code: int = 0) -> None:
        """Nothing more comes after what is queued."""
        self.exit_code = exit_code
        self._ended = True
        self._wake()

    def wake(self) -> None:
        """Let a waiting Receive look again, as when its shell goes away."""
        self._wake()

    async def wait(self, seconds: float, room: int = 0) -> bool:
        """Wait for something to take, then for up to the hold until it fills ``room``; False when time ran out."""
        if not self._pieces and not self._ended and not await self._woken(seconds):
            return False
        now = asyncio.get_running_loop().time
        until = now() + self._hold
        while self._pieces and not self._ready(room) and (left := until - now()) > 0:
            await self._woken(left)
        return True

    def _ready(self, room: int) -> bool:
        return self._ended or self.pending or self._waiting >= room

    async def _woken(self, seconds: float) -> bool:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return True

    def take(self, room: int) -> Batch:
        """As many pieces as fit into ``room`` bytes, but at least one."""
        pieces: list[tuple[str, bytes]] = []
        while self._pieces:
            room -= len(self._pieces[0][1]) + _PIECE_OVERHEAD
            if room < 0 and pieces:
                break
            pieces.append(self._pieces.popleft())
            self._waiting -= len(pieces[-1][1]) + _PIECE_OVERHEAD
        done = self._ended and not self._pieces
        return Batch(pieces, done, self.pending and not done, self.exit_code)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()


_PIECE_OVERHEAD = 96
"""What the Stream element around a piece takes, in bytes before base64."""
