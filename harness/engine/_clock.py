"""Time as the engine sees it, and the one place that waits."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

__all__ = ["Clock", "SystemClock", "poll"]

T = TypeVar("T")


class Clock(Protocol):
    """Wall time, monotonic time and waiting, injected everywhere."""

    def now(self) -> datetime:
        """The present as an aware UTC time."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """``time.monotonic``."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """``time.sleep``."""
        time.sleep(seconds)


def poll(probe: Callable[[], T | None], *, seconds: float, every: float, clock: Clock) -> T | None:
    """Ask ``probe`` now and then every ``every`` seconds until it answers or ``seconds`` have passed.

    Returns:
        the first answer that is not None, or None when the deadline passed.
    """
    end = clock.monotonic() + seconds
    while True:
        answer = probe()
        left = end - clock.monotonic()
        if answer is not None or left <= 0:
            return answer
        clock.sleep(min(every, left))
