"""The command shell (WinRS) by pywinrm: for programs that have no cmdlet, such as cscript with slmgr.vbs."""

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

from harness.core.errors import DeadlineError, InputError, Sent
from harness.remoting._deadline import Clock, Deadline
from harness.remoting._errors import quieten
from harness.remoting._failing import FAILURES, At, placed
from harness.remoting._transport import OperationTimeout, Poster
from harness.remoting.session import ShellResult

__all__ = ["WinrsShell", "command_line", "decoded", "signed"]

_UTF8 = 65001
_GRACE = 0.5
_FAREWELL = 1.0
_CLOSING = 3.0
_LONGEST_POLL = 20
_REFUSED = re.compile(r'[&|<>^"\r\n\x00]')
_VARIABLE = re.compile(r"%[A-Za-z_][\w()]*%")


class WinrsShell:
    """A CommandShell over WinRM, opened at first use: Create, then Command, Receive, Signal for each program, Delete.

    Args:
        transport: the way to the listener; closed with the shell.
        target: the machine's name in the inventory.
        idle_seconds: the machine deletes a shell that nobody has spoken to for so long.
        clock: monotonic seconds.
    """

    def __init__(
        self, transport: Poster, *, target: str, idle_seconds: int = 600, clock: Clock = time.monotonic
    ) -> None:
        quieten()
        self.target = target
        self._transport = transport
        self._idle_seconds = idle_seconds
        self._clock = clock
        # The user is never used: our transport is what authenticates.
        self._protocol = Protocol(transport.place.url, transport="plaintext", username="-", password="", proxy=None)
        self._bridge = _Bridge(transport)
        self._protocol.transport = self._bridge  # type: ignore[assignment] # it asks for send_message, close_session
        self._shell: str | None = None
        self._used = clock()

    def __repr__(self) -> str:
        return f"<WinrsShell {self.target} {self._transport.place} {'open' if self._shell else 'closed'}>"

    def run(self, program: str, arguments: Sequence[str], *, seconds: float) -> ShellResult:
        """Run one program to its end within ``seconds``.

        The texts are UTF-8, which code page 65001 asks for; where a host writes its OEM code page all the same, they
        are read as code page 850, whose letters are those of 437 plus the rest of Western Europe's.

        Raises:
            InputError: an argument would not reach the program as it is.
            TransportError: ``sent`` speaks of this program.
        """
        name, line = command_line([program])[0], command_line(arguments)
        deadline = Deadline(seconds, self._clock)
        self._transport.allow(Deadline(seconds + _GRACE, self._clock))
        at, command = At.OPENING, None
        try:
            shell = self._ready(deadline)
            at = At.SENDING
            self._patience(deadline)
            command = self._protocol.run_command(shell, name, line)
            at = At.RECEIVING
            result = self._collect(shell, command, deadline)
        except FAILURES as error:
            failure = placed(error, at, self._transport.place, target=self.target, step=program)
            self._part(command, orderly=isinstance(failure, DeadlineError))
            raise failure from (error if failure is not error else error.__cause__)
        finally:
            self._used = self._clock()
        self._clean(shell, command, deadline)
        return result

    def close(self) -> None:
        """Delete the shell and let go of the connection. Never raises for a machine that is gone."""
        shell, self._shell = self._shell, None
        if shell is not None:
            self._transport.allow(Deadline(_CLOSING, self._clock))
            with suppress(*FAILURES):
                self._protocol.close_shell(shell)
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready(self, deadline: Deadline) -> str:
        if self._clock() - self._used > self._idle_seconds - 30:
            self._shell = None  # the machine has deleted it by now, or is about to
        if self._shell is None:
            self._patience(deadline)
            self._shell = self._protocol.open_shell(codepage=_UTF8, idle_timeout=f"PT{self._idle_seconds}S")
        return self._shell

    def _collect(self, shell: str, command: str, deadline: Deadline) -> ShellResult:
        """pywinrm's own loop over this call has no end."""
        stdout, stderr = [], []
        while True:
            if deadline.passed:
                raise DeadlineError(f"The program did not end within {deadline.seconds:g} s.", sent=Sent.YES)
            self._patience(deadline)
            try:
                out, err, code, done = self._protocol.get_command_output_raw(shell, command)
            except WinRMOperationTimeoutError:
                continue
            stdout.append(out)
            stderr.append(err)
            if done:
                return ShellResult(signed(code), decoded(b"".join(stdout)), decoded(b"".join(stderr)))

    def _clean(self, shell: str, command: str, deadline: Deadline) -> None:
        """Free the command there. Its result is known by now, so a failure costs the shell and nothing else."""
        self._transport.allow(Deadline(max(_FAREWELL, min(_CLOSING, deadline.left)), self._clock))
        try:
            self._protocol.cleanup_command(shell, command)
        except FAILURES:
            self._shell = None
            self._transport.close()

    def _part(self, command: str | None, *, orderly: bool) -> None:
        shell, self._shell = self._shell, None
        if shell is None or not orderly:
            return
        self._transport.allow(Deadline(_FAREWELL, self._clock))
        self._bridge.seconds = _FAREWELL
        if command is not None:
            with suppress(*FAILURES):
                self._protocol.cleanup_command(shell, command)
        with suppress(*FAILURES):
            self._protocol.close_shell(shell, close_session=False)

    def _patience(self, deadline: Deadline) -> None:
        """pywinrm's OperationTimeout is in whole seconds, at least one; the transport cuts off what goes past."""
        self._protocol.operation_timeout_sec = self._bridge.seconds = min(_LONGEST_POLL, max(1, int(deadline.left)))


class _Bridge:
    """Our transport as pywinrm's Protocol knows its own."""

    def __init__(self, transport: Poster) -> None:
        self._transport = transport
        self.seconds: float = _LONGEST_POLL

    def send_message(self, message: str | bytes) -> bytes:
        """One exchange."""
        try:
            return self._transport.post(message.encode() if isinstance(message, str) else message, self.seconds)
        except OperationTimeout as error:
            raise WinRMOperationTimeoutError from error

    def close_session(self) -> None:
        """Part of the shape; the shell closes its transport itself."""


def command_line(parts: Sequence[str]) -> list[str]:
    r"""Each part as cmd.exe passes it on unchanged: quoted where it has blanks, refused where cmd would read it.

    %NAME% is left for cmd to expand, as in %windir%.

    Raises:
        InputError: it holds a character that cmd.exe gives a meaning to.

    Example:
        >>> command_line([r"%windir%\System32\slmgr.vbs", "a b"])
        ['%windir%\\System32\\slmgr.vbs', '"a b"']
    """
    for part in parts:
        if _REFUSED.search(part) or "%" in _VARIABLE.sub("", part):
            raise InputError(
                "An argument holds a character that the command shell would read.", code="argument_not_sendable"
            )
    return [f'"{part}"' if " " in part or "\t" in part or not part else part for part in parts]


def decoded(data: bytes) -> str:
    """A program's output as text: UTF-8, else code page 850.

    Example:
        >>> decoded("Schlüssel".encode()), decoded("Schlüssel".encode("cp437"))
        ('Schlüssel', 'Schlüssel')
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return data.decode("cp850")


def signed(code: int) -> int:
    """An exit code as signed 32-bit, in which HRESULTs are negative.

    Example:
        >>> signed(0xC004F015)
        -1073418219
    """
    return code - 0x1_0000_0000 if code >= 0x8000_0000 else code
