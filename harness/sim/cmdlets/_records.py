"""Error records as the engine and its binder make them. Ids after PowerShell's own sources, read 2026-11-22."""

from harness.sim.machine import TerminatingError
from harness.sim.objects import ErrorRecord

__all__ = ["Category", "binding_failure", "command_not_found", "record"]

_RUNTIME = ("System.Management.Automation.RuntimeException", "System.SystemException", "System.Exception")
_SYSTEM = ("System.SystemException", "System.Exception")


class Category:
    """System.Management.Automation.ErrorCategory, as far as the lab uses it."""

    NOT_SPECIFIED = 0
    INVALID_ARGUMENT = 5
    INVALID_DATA = 6
    INVALID_OPERATION = 7
    INVALID_RESULT = 8
    INVALID_TYPE = 9
    OBJECT_NOT_FOUND = 13
    PERMISSION_DENIED = 18
    RESOURCE_UNAVAILABLE = 21
    FROM_STDERR = 24
    CONNECTION_ERROR = 27


_REASONS = {
    "CommandNotFoundException": ("System.Management.Automation.CommandNotFoundException", *_RUNTIME),
    "ParameterBindingException": ("System.Management.Automation.ParameterBindingException", *_RUNTIME),
    "VirtualizationException": ("Microsoft.HyperV.PowerShell.VirtualizationException", "System.Exception"),
    "CimException": ("Microsoft.Management.Infrastructure.CimException", "System.Exception"),
    "EventLogException": ("System.Diagnostics.Eventing.Reader.EventLogException", "System.Exception"),
    "ClusterCmdletException": ("Microsoft.FailoverClusters.PowerShell.ClusterCmdletException", "System.Exception"),
    "ArgumentException": ("System.ArgumentException", *_SYSTEM),
    "InvalidOperationException": ("System.InvalidOperationException", *_SYSTEM),
    "PSArgumentException": ("System.Management.Automation.PSArgumentException", "System.ArgumentException", *_SYSTEM),
    "ItemNotFoundException": (
        "System.Management.Automation.ItemNotFoundException",
        "System.Management.Automation.SessionStateException",
        *_RUNTIME,
    ),
    "UnauthorizedAccessException": ("System.UnauthorizedAccessException", *_SYSTEM),
    "PSDirectException": (
        "System.Management.Automation.Remoting.PSDirectException",
        *_RUNTIME,
    ),
    "PSRemotingDataStructureException": (
        "System.Management.Automation.Remoting.PSRemotingDataStructureException",
        *_RUNTIME,
    ),
    "RemoteException": ("System.Management.Automation.RemoteException", *_RUNTIME),
    "ParseException": ("System.Management.Automation.ParseException", *_RUNTIME),
    "WriteErrorException": ("Microsoft.PowerShell.Commands.WriteErrorException", *_SYSTEM),
    "Exception": ("System.Exception",),
    "RuntimeException": _RUNTIME,
}


def record(
    message: str,
    fq_id: str,
    category: int = Category.NOT_SPECIFIED,
    *,
    reason: str = "Exception",
    target: object = None,
    activity: str = "",
    hresult: int | None = None,
) -> ErrorRecord:
    """An error record whose exception is of the short type name ``reason``."""
    return ErrorRecord(
        message=message,
        fq_id=fq_id,
        category=category,
        exception_types=_REASONS[reason],
        hresult=hresult,
        target=target,
        category_activity=activity,
        category_reason=reason,
    )


def command_not_found(name: str) -> TerminatingError:
    """No command of that name: this ends the whole invocation, -ErrorAction or not."""
    text = (
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
    )
    return TerminatingError(
        record(
            text,
            "CommandNotFoundException",
            Category.OBJECT_NOT_FOUND,
            reason="CommandNotFoundException",
            target=name,
        )
    )


def binding_failure(error_id: str, command: str, activity: str, message: str) -> TerminatingError:
    """The binder refused an argument; ``command`` is what stands after the comma of the id."""
    category = Category.INVALID_DATA if error_id.startswith("ParameterArgument") else Category.INVALID_ARGUMENT
    return TerminatingError(
        record(
            message,
            f"{error_id},{command}",
            category,
            reason="ParameterBindingException",
            activity=activity,
        )
    )
