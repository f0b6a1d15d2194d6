"""What is asked of a PowerShell session and what comes back: typed commands, no script text.

A statement is a chain of commands joined by the pipe; a pipeline message carries several statements and costs one
Command and one Receive on an open session, however many statements it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Command", "ErrorDetail", "PipelineResult", "Statement", "cmd"]


@dataclass(frozen=True, slots=True)
class Command:
    """A cmdlet or function by name. ``parameters`` are named (True for a switch), ``arguments`` positional.

    Values: None, str, bool, int, float, bytes, uuid.UUID, aware datetime and date (sent as ISO 8601 text), list, tuple,
    dict, pydantic SecretStr (sent as SecureString under the session key) and Credential (sent as PSCredential).
    Anything else, enums too, is refused before anything is sent.
    """

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    arguments: tuple[object, ...] = ()

    def __or__(self, other: "Command | Statement") -> "Statement":
        return Statement((self,)) | other


@dataclass(frozen=True, slots=True)
class Statement:
    """Commands joined by the pipe.

    ``script`` is set for the one constant PowerShell Direct script only: it is the text of the first command, whose
    name is then for people and whose parameters are the script's.
    """

    commands: tuple[Command, ...]
    script: str | None = None

    def __or__(self, other: "Command | Statement") -> "Statement":
        tail = other.commands if isinstance(other, Statement) else (other,)
        return Statement((*self.commands, *tail))


def cmd(name: str, *arguments: object, **parameters: object) -> Command:
    """Spell a command as it reads: ``cmd("Get-CimInstance", ClassName="Win32_OperatingSystem")``."""
    return Command(name, parameters, arguments)


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """A record of the error stream, free of localised meaning: match ``fq_id``, ``exception_type`` and ``hresult``.

    ``hresult`` is unsigned, taken from the exception or, failing that, the first 0x........ of the message;
    ``command`` is the class or function name that raised it, the part after the comma of the id.
    """

    message: str
    fq_id: str
    category: str
    exception_type: str
    hresult: int | None
    target: str | None = None

    @property
    def error_id(self) -> str:
        """The id before the comma: ``NoMatchingEventsFound``."""
        return self.fq_id.partition(",")[0]

    @property
    def command(self) -> str:
        """What raised it: ``Microsoft.PowerShell.Commands.GetWinEventCommand``."""
        return self.fq_id.partition(",")[2]


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """Output objects as plain Python (see harness.remoting.decode), errors, warnings.

    ``failed`` is True when a terminating error ended the invocation: then later statements said nothing, and the last
    error is the one that ended it. Non-terminating errors leave ``failed`` False.
    """

    output: tuple[object, ...]
    errors: tuple[ErrorDetail, ...] = ()
    warnings: tuple[str, ...] = ()
    failed: bool = False
