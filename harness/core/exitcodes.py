"""Exit codes of the command and which one wins when several apply."""

from collections.abc import Iterable
from enum import IntEnum

__all__ = ["ExitCode", "highest"]


class ExitCode(IntEnum):
    """What the process tells its caller. The numbers are a contract (docs/commands.md)."""

    OK = 0
    INTERNAL = 1
    CHANGES_PENDING = 2
    FAILED = 3
    UNREACHABLE = 4
    INVALID_INPUT = 5
    LOCK_HELD = 6
    NOT_ACTIVATED = 7
    OUTCOME_UNKNOWN = 8
    INTERRUPTED = 130


_RANK = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.INVALID_INPUT,
    ExitCode.LOCK_HELD,
    ExitCode.OUTCOME_UNKNOWN,
    ExitCode.FAILED,
    ExitCode.UNREACHABLE,
    ExitCode.NOT_ACTIVATED,
    ExitCode.CHANGES_PENDING,
    ExitCode.OK,
)


def highest(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that outranks the others; OK for none.

    >>> highest([ExitCode.NOT_ACTIVATED, ExitCode.UNREACHABLE])
    <ExitCode.UNREACHABLE: 4>
    """
    return min(codes, key=_RANK.index, default=ExitCode.OK)
