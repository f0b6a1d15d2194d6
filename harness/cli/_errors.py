"""Errors as sentences on stderr, and the exit code that goes with each."""

import os
import sys
import traceback

import typer

from harness.core.errors import HarnessError, InputError, LockHeldError, TransportError
from harness.core.exitcodes import ExitCode

__all__ = ["tell"]

# typer publishes BadParameter, not the root of its usage errors, which knows how to show itself
_USAGE = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def tell(error: Exception) -> ExitCode:
    """Print the error for a person and say how the process ends."""
    if isinstance(error, typer.Exit):
        return ExitCode(error.exit_code)
    if isinstance(error, _USAGE):
        error.show()  # type: ignore[attr-defined] # typer does not type it
        return ExitCode.INVALID_INPUT
    if isinstance(error, (typer.Abort, EOFError)):
        return ExitCode.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # the reader of our output went away (`avma keys | head`): nothing is wrong with the run
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    if isinstance(error, HarnessError):
        # a file's findings stand one a line, each with its place first, so that editors can follow them
        sys.stderr.write(f"{error}\n" if _has_places(error) else f"avma: {error}\n")
        return _code_of(error)
    if "AVMA_DEBUG" in os.environ:
        traceback.print_exc()
    sys.stderr.write(
        f"avma: internal error: {type(error).__name__}. Run again with AVMA_DEBUG=1 and report what it prints.\n"
    )
    return ExitCode.INTERNAL


def _code_of(error: HarnessError) -> ExitCode:
    if isinstance(error, InputError):
        return ExitCode.INVALID_INPUT
    if isinstance(error, LockHeldError):
        return ExitCode.LOCK_HELD
    return ExitCode.UNREACHABLE if isinstance(error, TransportError) else ExitCode.FAILED


def _has_places(error: HarnessError) -> bool:
    return bool(getattr(error, "problems", ()))
