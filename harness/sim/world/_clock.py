"""The lab's time: a start, what was advanced by hand, and, if the lab wants it, the real time that passed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

__all__ = ["FILETIME_ZERO", "VirtualClock"]

FILETIME_ZERO = datetime(1601, 1, 1, tzinfo=UTC)
"""What Windows shows for a time that was never set."""


def _frozen() -> float:
    return 0.0


class VirtualClock:
    """A clock that only moves when told to, or with ``elapsed`` (seconds since the lab began) on top.

    Args:
        start: the aware time of the lab's beginning.
        elapsed: seconds of real time that passed since then; the default stands still.
    """

    def __init__(self, start: datetime, *, elapsed: Callable[[], float] = _frozen) -> None:
        self._start = start.astimezone(UTC)
        self._elapsed = elapsed
        self._advanced = timedelta()

    def now(self) -> datetime:
        """The lab's present in UTC."""
        return self._start + self._advanced + timedelta(seconds=self._elapsed())

    def advance(self, delta: timedelta) -> datetime:
        """Move time forward. Raises ValueError for a negative step: renewals can't be taken back."""
        if delta < timedelta():
            raise ValueError("the lab's clock only moves forward")
        self._advanced += delta
        return self.now()
