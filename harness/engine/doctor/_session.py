"""Getting in: the credential, the session, and which of the two refused."""

from collections.abc import Callable
from typing import TypeVar

from harness.core.errors import (
    AccessDeniedError,
    AuthenticationError,
    HarnessError,
    InputError,
    QuotaError,
    RemoteError,
    TransportError,
)
from harness.core.model import RetryClass
from harness.core.model.checkup import Check
from harness.engine._context import RunContext
from harness.engine.doctor import _fixes
from harness.engine.doctor._way import failed, ok, skipped

__all__ = ["entered"]

T = TypeVar("T")


def entered(
    context: RunContext, target: str, user: str | None, work: Callable[[], T]
) -> tuple[T | None, tuple[Check, ...]]:
    """Do ``work``, the first of a session, and say how far it came.

    Returns:
        what it returned, or None; and the checks authentication and session.
    """
    who = f"as {user}" if user else "with the ticket or certificate of this account"
    try:
        answer = context.attempt(work, RetryClass.READ, target=target)
    except RemoteError as error:
        return None, (ok("authentication", who), failed("session", error.message, _advice(error), error.code))
    except (InputError, AuthenticationError) as error:
        first = failed("authentication", error.message, _advice(error), error.code)
        return None, (first, *skipped("session", why="not tried: see the first failure"))
    except TransportError as error:
        return None, (ok("authentication", who), failed("session", error.message, _advice(error), error.code))
    return answer, (ok("authentication", who), ok("session", "opened"))


def _advice(error: HarnessError) -> str:
    if isinstance(error, QuotaError):
        return _fixes.QUOTA
    if isinstance(error, AccessDeniedError):
        return f"{error.hint or ''} On the machine: Get-PSSessionConfiguration; Enable-PSRemoting -Force".strip()
    return error.hint or "Run `avma doctor` again; if it stays so, restart WinRM there: Restart-Service WinRM"
