"""What the protocol rooms (http, wsman, psrp, shell) ask of a simulated Windows machine.

The server knows connections, shells and envelopes; the machine knows users, cmdlets and programs. Neither knows the
other's inside: this module is the whole border. One listener belongs to one machine.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.sim.objects import ErrorRecord, ProgressRecord

__all__ = [
    "Account",
    "Call",
    "Invocation",
    "Machine",
    "Parameter",
    "Program",
    "ProgramNotFound",
    "ProgramResult",
    "Session",
    "Streams",
    "TerminatingError",
]


@dataclass(frozen=True, slots=True)
class Account:
    """A user of one machine. ``name`` is bare; ``domain`` is the machine's own name for a local account."""

    name: str
    domain: str
    password: str = field(repr=False)
    administrator: bool = True
    remote: bool = True
    """Whether an account without administrator's rights is a member of Remote Management Users."""
    enabled: bool = True
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One bound argument: ``name`` is None for a positional one; a switch arrives as True or None."""

    name: str | None
    value: object


@dataclass(frozen=True, slots=True)
class Call:
    """One command of a statement; ``is_script`` marks script text instead of a command's name.

    ``local_scope`` is what the client said of it, if anything: False runs the command in its caller's scope.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    is_script: bool = False
    local_scope: bool | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A pipeline message: statements in order, each a chain of calls, and the input objects if the client sent any."""

    statements: tuple[tuple[Call, ...], ...]
    input: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks and where: the authenticated account, the session configuration, the shell's id and its UI language."""

    account: Account
    shell_id: str
    configuration: str = "Microsoft.PowerShell"
    application_arguments: dict[str, object] = field(default_factory=dict)
    locale: str = "en-US"
    """The UI language the client asked for; a cmdlet's own texts follow the machine's language, not this."""


class TerminatingError(Exception):
    """Ends the whole invocation in state Failed (one failed statement silences the rest)."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record.message)
        self.record = record


class ProgramNotFound(Exception):  # noqa: N818 - named for what happened
    """No such program. Raised by ``Machine.run`` before its first await, so that the Command itself is refused."""


class Streams(Protocol):
    """Where a running pipeline puts what it has to say; each call becomes a PSRP message at once."""

    def output(self, value: object) -> None:
        """An object for the output stream."""

    def error(self, record: ErrorRecord) -> None:
        """A non-terminating error."""

    def warning(self, text: str) -> None:
        """A line of the warning stream."""

    def verbose(self, text: str) -> None:
        """A line of the verbose stream."""

    def debug(self, text: str) -> None:
        """A line of the debug stream."""

    def information(self, value: object) -> None:
        """An object of the information stream."""

    def progress(self, record: ProgressRecord) -> None:
        """A progress record."""

    async def host(self, method: str, *arguments: object) -> object:
        """Ask the client's host, as Read-Host does: ``ReadLine``, ``PromptForCredential1``, ``WriteLine2``, ...

        Raises TerminatingError when the client has no host.
        """


@dataclass(frozen=True, slots=True)
class Program:
    """A command line for the command shell, split as WinRS sent it.

    Standard input comes in later requests: read it with ``read``, which waits until the client has ended it.
    """

    command: str
    arguments: tuple[str, ...]
    stdin: bytes = b""
    code_page: int = 437
    skip_cmd_shell: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    working_directory: str = ""
    feed: Callable[[], Awaitable[bytes]] | None = None

    async def read(self) -> bytes:
        """All of standard input: what the client feeds, or ``stdin`` where nobody feeds."""
        return await self.feed() if self.feed is not None else self.stdin


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """What a program left behind; the texts are encoded in the shell's code page by the machine."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


class Machine(Protocol):
    """One simulated Windows, host or guest, behind one listener."""

    name: str
    """The computer's name."""
    protocol_version: str
    """PSRP version it offers: 2.1 (2008 R2), 2.2 (2012 R2) or 2.3."""
    os_version: str
    """As Win32_OperatingSystem.Version, for APPLICATION_PRIVATE_DATA and Identify."""

    def account(self, user: str, domain: str | None) -> Account | None:
        """The account of that name, compared without case; None when there is none."""

    async def invoke(self, session: Session, invocation: Invocation, streams: Streams) -> None:
        """Run a PSRP pipeline to its end. Raises TerminatingError; cancelled when the client stops it."""

    async def run(self, session: Session, program: Program) -> ProgramResult:
        """Run a program in the command shell. Raises ProgramNotFound; cancelled when the client interrupts it.

        With ``skip_cmd_shell`` a missing program is ProgramNotFound; without, cmd.exe itself complains on stderr.
        """

    def session_configuration(self, name: str) -> bool:
        """Whether a session configuration of that name is registered."""

    def admits(self, account: Account, configuration: str) -> bool:
        """Whether an account may open that session configuration; ``cmd`` is the command shell."""
