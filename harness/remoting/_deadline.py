"""A point in time that an operation may not outlive."""

from collections.abc import Callable

__all__ = ["Clock", "Deadline"]

Clock = Callable[[], float]
"""Seconds that never run backwards, as time.monotonic gives them."""


class Deadline:
    """``seconds`` from now on ``clock``; shared by everything an operation does, so that the parts cannot add up."""

    __slots__ = ("_clock", "_end", "seconds")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - self._clock())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self._clock() >= self._end

    def within(self, seconds: float) -> "Deadline":
        """A deadline of its own for one part: that many seconds, but never past this one."""
        return Deadline(min(seconds, self.left), self._clock)

    def __repr__(self) -> str:
        return f"<Deadline {self.left:.1f} s left of {self.seconds:g} s>"
