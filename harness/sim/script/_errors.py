"""What a script ends with: refusals before it runs, errors and signals while it runs.

A refusal is a ParseException like PowerShell's own, raised before the first statement ran: a construct outside the
stated subset is named with its place and never guessed at. Error semantics after about_Try_Catch_Finally,
about_Throw and about_Preference_Variables on Microsoft Learn (read 2025-11).
"""

from harness.sim.machine import TerminatingError
from harness.sim.objects import ErrorRecord

__all__ = [
    "INVALID_ARGUMENT",
    "INVALID_OPERATION",
    "OBJECT_NOT_FOUND",
    "OPERATION_STOPPED",
    "ScriptError",
    "ScriptNotSupportedError",
    "ScriptParseError",
    "failure",
]

INVALID_ARGUMENT = 5
INVALID_OPERATION = 7
NOT_IMPLEMENTED = 11
OBJECT_NOT_FOUND = 13
OPERATION_STOPPED = 14
PARSER_ERROR = 17

_RUNTIME = ("System.Management.Automation.RuntimeException", "System.SystemException", "System.Exception")
_PARSE = ("System.Management.Automation.ParseException", *_RUNTIME)


class ScriptParseError(TerminatingError):
    """The text is no PowerShell. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int, fq_id: str = "UnexpectedToken") -> None:
        self.line = line
        self.column = column
        record = ErrorRecord(
            message=f"At line:{line} char:{column}\n{message}",
            fq_id=fq_id,
            category=PARSER_ERROR,
            exception_types=_PARSE,
            category_reason="ParseException",
        )
        super().__init__(record)


class ScriptNotSupportedError(TerminatingError):
    """The text is PowerShell, outside the subset that the simulated lab evaluates. ``construct`` names it."""

    def __init__(self, construct: str, line: int, column: int = 1) -> None:
        self.construct = construct
        self.line = line
        self.column = column
        record = ErrorRecord(
            message=f"The simulated lab does not evaluate {construct} (line {line}, column {column}); "
            "the supported subset of PowerShell is listed in docs/simulated-lab.md.",
            fq_id="ScriptConstructNotSupported",
            category=NOT_IMPLEMENTED,
            exception_types=("System.Management.Automation.PSNotSupportedException", *_RUNTIME[1:]),
            target=construct,
            category_reason="PSNotSupportedException",
        )
        super().__init__(record)


class ScriptError(TerminatingError):
    """A terminating error raised inside a script.

    ``ends_script`` tells what a plain statement error is not: thrown, or stopped by an ErrorAction. Such an error
    passes every statement until a ``catch``; any other ends its own statement only, is written to the error stream
    and the script goes on.
    """

    def __init__(self, record: ErrorRecord, *, ends_script: bool = False, thrown: bool = False) -> None:
        super().__init__(record)
        self.ends_script = ends_script
        self.thrown = thrown


def failure(
    message: str,
    fq_id: str,
    category: int = INVALID_OPERATION,
    *,
    reason: str = "RuntimeException",
    target: object = None,
) -> ScriptError:
    """The error that ends one statement, as the engine itself raises it."""
    known = {
        "RuntimeException": _RUNTIME,
        "CommandNotFoundException": ("System.Management.Automation.CommandNotFoundException", *_RUNTIME),
        "ParameterBindingException": ("System.Management.Automation.ParameterBindingException", *_RUNTIME),
        "MethodInvocationException": ("System.Management.Automation.MethodInvocationException", *_RUNTIME),
        "ScriptCallDepthException": ("System.Management.Automation.ScriptCallDepthException", *_RUNTIME[1:]),
        "PSInvalidCastException": (
            "System.Management.Automation.PSInvalidCastException",
            "System.InvalidCastException",
            *_RUNTIME[1:],
        ),
    }
    return ScriptError(
        ErrorRecord(
            message=message,
            fq_id=fq_id,
            category=category,
            exception_types=known[reason],
            target=target,
            category_reason=reason,
        )
    )
