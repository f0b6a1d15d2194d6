"""Lanes side by side: one target, one thread, one session."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.core.errors import HarnessError, RemoteError
from harness.core.model import LaneFailure

__all__ = ["failure_of", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], *, forks: int) -> list[R]:
    """Do ``work`` for all items, ``forks`` at a time; results in the order of the items.

    A lane turns its own errors into results; what escapes is a defect of ours and ends the run.
    """
    todo = list(items)
    if forks <= 1 or len(todo) <= 1:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(max_workers=min(forks, len(todo)), thread_name_prefix="lane") as pool:
        return list(pool.map(work, todo))


def failure_of(error: HarnessError) -> LaneFailure:
    """A lane's error as part of the facts."""
    return LaneFailure(
        error.code,
        error.message,
        error.hint or "Check the machine and run again.",
        unreachable=not isinstance(error, RemoteError),
    )
