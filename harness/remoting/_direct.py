"""Into a guest without a network: PowerShell Direct through its host's session (Microsoft Learn powershell-direct).

The one script text of the house is direct.ps1 beside this file. It is constant; what differs goes in as arguments.
Errors are told by id and exception type, which PSRemotingCmdlet.cs of PowerShell fixes; their texts are localised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import Self
from uuid import UUID

from harness.core.errors import AuthenticationError, ConnectError, InputError, Sent, TransportError
from harness.remoting.pipeline import Command, ErrorDetail, PipelineResult, Statement
from harness.remoting.session import Credential, PowerShellSession, ShellResult

__all__ = ["DirectSession", "DirectShell"]


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why PowerShell Direct did not get in. ``again`` when waiting may help."""

    code: str
    message: str
    hint: str
    again: bool = False
    started: bool = False
    """Whether the command may have started in the guest by then."""


_NOT_HERE = _Cause(
    "guest_not_on_host",
    "The host {host} shows no such VM.",
    "It may have moved to another node; or the account there is no Hyper-V administrator.",
)
_CAUSES: dict[str, _Cause] = {
    "InvalidVMIdNotSingle": _NOT_HERE,
    "InvalidVMNameNotSingle": _NOT_HERE,
    "InvalidVMState": _Cause("guest_not_running", "The VM is not running.", "Start it, or leave it out."),
    "HyperVModuleNotAvailable": _Cause(
        "hyperv_module_missing",
        "The host {host} has no Hyper-V module for PowerShell.",
        "Install it there: Install-WindowsFeature Hyper-V-PowerShell.",
    ),
    "ScriptsNotAllowed": _Cause(
        "direct_not_allowed",
        "The session configuration of the host {host} allows no PowerShell Direct.",
        "Reach this guest by WinRM, or use an endpoint that is not restricted.",
    ),
    "NamedParameterNotFound": _Cause(
        "direct_not_supported",
        "The host {host} is too old for PowerShell Direct.",
        "It takes Windows Server 2016 on both sides: reach this guest by WinRM.",
    ),
    "PSSessionStateBroken": _Cause(
        "guest_not_ready",
        "The guest did not take the PowerShell Direct session, or broke it off.",
        "It may still be starting, be older than Windows Server 2016 (then only WinRM leads there), or have the service"
        " vmicvmsession stopped.",
        again=True,
        started=True,
    ),
    "CreateRemoteRunspaceForVMFailed": _Cause(
        "guest_not_ready",
        "The host could not open a PowerShell Direct session with the guest.",
        "Wait until the guest has started; check its credential.",
        again=True,
    ),
}
_INVOKE = "Microsoft.PowerShell.Commands.InvokeCommandCommand"
_WRONG_CREDENTIAL = "InvalidCredential"
_DIRECT_EXCEPTION = "System.Management.Automation.Remoting.PSDirectException"


class DirectSession:
    """A PowerShellSession inside a guest. It opens nothing of its own: the host's session carries it.

    A statement is a command, or a command whose output ``Select-Object -Property ...`` trims before anything else. The
    command and the trimming happen in the guest; the same trimming on the host drops the notes that the hop adds, and
    what follows (ConvertTo-Json) runs on the host.

    Args:
        host: the session with the VM's host; not closed with this one.
        vm_id: the VM's GUID.
        credential: of the guest; an account without a domain is a local one.
        target: the guest's name.
    """

    def __init__(self, host: PowerShellSession, vm_id: str, credential: Credential, *, target: str) -> None:
        self.target = target
        self._host = host
        self._vm_id = UUID(vm_id)
        self._credential = credential

    def __repr__(self) -> str:
        return f"<DirectSession {self.target} through {self._host.target}>"

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        """Run statements in the guest, each in a session of its own there.

        Raises:
            InputError: a statement has another shape; nothing was sent.
            AuthenticationError: the guest refused the credential.
            ConnectError: the guest was not reached; ``code`` says why: guest_not_on_host, guest_not_running,
                guest_not_ready, hyperv_module_missing, direct_not_allowed, direct_not_supported.
            TransportError: the host was not reached.
        """
        result = self._host.run([self._carried(statement) for statement in statements], seconds=seconds)
        for error in result.errors:
            failure = self._failure(error)
            if failure is not None:
                failure.step = ", ".join(statement.commands[0].name for statement in statements)
                if result.output or len(statements) > 1:
                    failure.sent = Sent.MAYBE  # another statement may have got in
                raise failure
        return result

    def close(self) -> None:
        """Nothing to do: the host's session is the host's lane's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _carried(self, statement: Statement) -> Statement:
        command, *rest = statement.commands
        projection = _projection(rest[0]) if rest else None
        if statement.script is not None or (rest and projection is None):
            raise InputError(
                f"{command.name} cannot go through PowerShell Direct: only Select-Object -Property may follow it.",
                code="direct_shape",
                target=self.target,
            )
        if command.parameters and command.arguments:
            raise InputError(
                f"{command.name} cannot go through PowerShell Direct with named and positional arguments together.",
                code="direct_shape",
                target=self.target,
            )
        given: Mapping[str, object] = {
            "VMId": self._vm_id,
            "Credential": self._credential,
            "Name": command.name,
            "Parameters": list(command.arguments) if command.arguments else dict(command.parameters),
            "Property": projection,
        }
        return Statement((Command("direct.ps1", given), *rest), script=_script())

    def _failure(self, error: ErrorDetail) -> TransportError | None:
        if error.exception_type == _DIRECT_EXCEPTION or error.error_id == _WRONG_CREDENTIAL:
            return AuthenticationError(
                "The guest refused the credential for PowerShell Direct.",
                target=self.target,
                hint="Check user and password of the guest; a domain account needs its domain (DOMAIN\\user).",
            )
        cause = _CAUSES.get(error.error_id)
        if cause is None or not _raised_by_the_hop(error):
            return None
        failure = ConnectError(
            cause.message.format(host=self._host.target),
            sent=Sent.MAYBE if cause.started else Sent.NO,
            target=self.target,
            hint=cause.hint,
        )
        failure.code = cause.code
        failure.transient = cause.again
        return failure


class DirectShell:
    """A CommandShell inside a guest: the program runs under PowerShell there, its lines come back as text.

    The exit code is not carried (see ShellResult), and cmd.exe is not in between: %NAME% is not expanded.

    Args:
        host, vm_id, credential, target: as for DirectSession.
    """

    def __init__(self, host: PowerShellSession, vm_id: str, credential: Credential, *, target: str) -> None:
        self.target = target
        self._session = DirectSession(host, vm_id, credential, target=target)

    def __repr__(self) -> str:
        return f"<DirectShell {self.target}>"

    def run(self, program: str, arguments: Sequence[str], *, seconds: float) -> ShellResult:
        """Run one program in the guest. Raises as DirectSession.run."""
        result = self._session.run([Statement((Command(program, arguments=tuple(arguments)),))], seconds=seconds)
        return ShellResult(
            exit_code=None,
            stdout=_lines(result.output),
            stderr=_lines([error.message for error in result.errors]),
        )

    def close(self) -> None:
        """Nothing to do: the host's session is the host's lane's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@cache
def _script() -> str:
    return files("harness.remoting").joinpath("direct.ps1").read_text(encoding="utf-8")


def _projection(command: Command) -> list[str] | None:
    """The property list of a plain ``Select-Object -Property ...``, None for anything else."""
    if command.name.rpartition("\\")[2].casefold() != "select-object" or command.arguments:
        return None
    if set(command.parameters) != {"Property"}:
        return None
    wanted = command.parameters["Property"]
    return [str(name) for name in wanted] if isinstance(wanted, list | tuple) else None


def _raised_by_the_hop(error: ErrorDetail) -> bool:
    """Whether Invoke-Command on the host said so, and not the command inside the guest with an id of the same name.

    The id of a broken session comes from the job, which names no command, so only another command's name counts.
    """
    return error.command in {"", _INVOKE} or error.error_id != "NamedParameterNotFound"


def _lines(values: Sequence[object]) -> str:
    return "".join(f"{value}\n" for value in values)
