"""The two kinds of channel the rest of the house sees, whatever carries them."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from pydantic import SecretStr

from harness.remoting.pipeline import PipelineResult, Statement

__all__ = ["CommandShell", "Credential", "PowerShellSession", "ShellResult"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password for a machine or, through PowerShell Direct, for a guest. The repr shows no password."""

    username: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class ShellResult:
    """A program's end: exit code (an HRESULT as signed 32-bit where a script quit with one) and decoded texts.

    ``exit_code`` is None where the channel does not carry it: PowerShell Direct gives back what a program wrote, and
    its exit code stays behind in the guest.
    """

    exit_code: int | None
    stdout: str
    stderr: str


class PowerShellSession(Protocol):
    """One lane's PowerShell: opened at first use, kept for the run, rebuilt whole after a lost connection."""

    target: str

    def run(self, statements: Sequence[Statement], *, seconds: float) -> PipelineResult:
        """Run statements as one pipeline message within ``seconds``.

        Raises:
            TransportError: by phase, with ``sent``; the session is rebuilt at the next call.
        """

    def close(self) -> None:
        """Delete the shell on the machine; never raises for a machine that is gone."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class CommandShell(Protocol):
    """A command shell (WinRS), code page 65001, for programs that have no cmdlet."""

    target: str

    def run(self, program: str, arguments: Sequence[str], *, seconds: float) -> ShellResult:
        """Run one program to its end within ``seconds``. Raises TransportError."""

    def close(self) -> None:
        """Delete the shell; never raises for a machine that is gone."""
