"""Turns the error stream of a command into one RemoteError that an administrator can act on."""

from collections.abc import Sequence

from harness.core.errors import RemoteError
from harness.remoting import ErrorDetail
from harness.windows._error_codes import error_code, hresult_of, raised_by

__all__ = ["refuse_errors"]

_HINTS = {
    "access_denied": "Give the account the rights that docs/real-lab.md lists, and use an elevated session.",
    "command_missing": "Install the module that brings this command, or run this step elsewhere.",
    "vm_not_here": "The VM may have moved to another node: gather the facts again.",
}


def refuse_errors(errors: Sequence[ErrorDetail], *, target: str, step: str, answered: bool = False) -> None:
    """Raise the first error of a command's error stream, if there is one.

    Args:
        errors: of one pipeline.
        target: the machine.
        step: what was under way.
        answered: objects came back too; then an error is no refusal.

    Raises:
        RemoteError: its code tells the kind, ``hresult`` the number behind it.
    """
    if not errors or answered:
        return
    first = errors[0]
    code = error_code(first)
    if code == "command_failed" and raised_by(first) == "getvm":
        code = "vm_not_here"
    raised = RemoteError(
        first.message,
        fq_id=first.fq_id,
        exception_type=first.exception_type,
        hresult=hresult_of(first),
        target=target,
        step=step,
        hint=_HINTS.get(code),
    )
    raised.code = code
    raise raised
