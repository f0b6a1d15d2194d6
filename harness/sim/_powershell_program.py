"""powershell.exe as a program: -EncodedCommand, -Command or a bare command; objects come out as text."""

import base64
import binascii
from collections.abc import Callable

from harness.sim.cmdlets import HOST_MESSAGE, CommandTable, Scope, display_lines
from harness.sim.machine import Streams, TerminatingError
from harness.sim.objects import ErrorRecord, Obj, ProgressRecord
from harness.sim.script import run_script
from harness.sim.shell import ProgramOutput

__all__ = ["run_powershell", "script_of"]

_WITH_VALUE = ("executionpolicy", "ep", "outputformat", "inputformat", "windowstyle", "version", "configurationname")


def script_of(line: str) -> str | None:
    """The script text in powershell.exe's arguments, or None where an encoded command does not decode."""
    rest = line.strip()
    while rest.startswith(("-", "/")):
        word, _, rest = rest.partition(" ")
        name = word.lstrip("-/").casefold()
        rest = rest.strip()
        if name and "encodedcommand".startswith(name) and name != "ex":
            return _decoded(rest.split()[0].strip('"') if rest else "")
        if name and "command".startswith(name):
            return rest.strip('"')
        if name in _WITH_VALUE:
            rest = rest.partition(" ")[2].strip()
    return rest.strip('"')


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        return None


class _Printed:
    """Streams as a console shows them."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.code = 0

    def output(self, value: object) -> None:
        self.out.append(display_lines(value))

    def error(self, record: ErrorRecord) -> None:
        self.err.append(f"{record.message}\r\n    + FullyQualifiedErrorId : {record.fq_id}")

    def warning(self, text: str) -> None:
        self.out.append(f"WARNING: {text}")

    def verbose(self, text: str) -> None:
        self.out.append(f"VERBOSE: {text}")

    def debug(self, text: str) -> None:
        self.out.append(f"DEBUG: {text}")

    def information(self, value: object) -> None:
        """A console shows what Write-Host says, and nothing else of this stream (about_Preference_Variables)."""
        if isinstance(value, Obj) and value.types[0] == HOST_MESSAGE:
            self.out.append(value.text or "")

    def progress(self, record: ProgressRecord) -> None:
        """A console without a window shows no progress."""

    async def host(self, method: str, *arguments: object) -> object:
        if method == "SetShouldExit":
            self.code = int(str(arguments[0]))
            return None
        text = f"Windows PowerShell is in NonInteractive mode: {method}."
        raise TerminatingError(ErrorRecord(text, "HostFunctionalityNotImplemented"))


async def run_powershell(line: str, table: Callable[[Streams], CommandTable[Scope]]) -> ProgramOutput:
    """Run what ``line``, powershell.exe's arguments, asks for.

    The exit code is what ``exit`` said; else 0 where the last statement succeeded and 1 where it did not
    (about_PowerShell_exe).
    """
    script = script_of(line)
    if script is None:
        text = "Cannot process the command because the value specified with -EncodedCommand is not properly encoded."
        return ProgramOutput(-196608, "", f"{text}\r\n")
    printed = _Printed()
    try:
        if not await run_script(script, (), None, table(printed), printed):
            printed.code = 1
    except TerminatingError as ended:
        printed.error(ended.record)
        printed.code = 1
    return ProgramOutput(printed.code, _text(printed.out), _text(printed.err))


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)
