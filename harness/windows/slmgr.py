r"""slmgr.vbs inside a guest, through a command shell.

It runs under cscript, since wscript would open dialogs that nobody closes. Its exit code is an HRESULT where a COM call
failed, but 0 also where it only printed that something failed, so 0 is not success: what it printed is read too, by
codes and not by words.
"""

import re
from dataclasses import dataclass

from harness.core.catalogue import code as look_up
from harness.core.errors import RemoteError
from harness.core.redaction import Redactor
from harness.core.witnesses import parse_slmgr
from harness.remoting import CommandShell, DirectShell, ShellResult

__all__ = ["ENGINE_MISSING", "SlmgrAnswer", "change", "display"]

ENGINE_MISSING = "script_engine_missing"
"""Code of a RemoteError: VBScript or slmgr.vbs is gone, so CIM has to do the work."""

_EXPANDED = "%windir%\\System32\\slmgr.vbs"
_LITERAL = "C:\\Windows\\System32\\slmgr.vbs"
_NO_ENGINE = re.compile(r"[\"'„“«‚](?:VBScript|cscript\.exe)[\"'“”»‘’]", re.IGNORECASE)
_NOT_FOUND = 9009
"""cmd.exe's exit code for a program that does not exist."""
_SCRIPT_NAME = re.compile(r"slmgr\.vbs", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlmgrAnswer:
    """What slmgr said. ``hresult`` unsigned where one was told; ``success`` None where the words do not settle it."""

    text: str
    success: bool | None
    hresult: int | None = None


def display(shell: CommandShell, *, seconds: float) -> str:
    """The output of slmgr /dlv as printed, for witnesses to read. Retry class: read.

    Raises:
        RemoteError: no script engine (code script_engine_missing), or the script ended with an error.
        TransportError: by phase.
    """
    result = _run(shell, "/dlv", seconds=seconds)
    if not result.stdout.strip() or result.exit_code:
        raise _refusal(shell, "/dlv", result, _hresult(result))
    return result.stdout


def change(shell: CommandShell, verb: str, *arguments: str, seconds: float) -> SlmgrAnswer:
    """Run /ipk KEY, /ato, /upk or /cpky. Retry class: idempotent; read back what it did.

    Args:
        shell: inside the guest, elevated.
        verb: with its slash.
        arguments: such as the key of /ipk, which slmgr prints back whole: keys that are not public are masked here.
        seconds: deadline.

    Raises:
        RemoteError: it failed, by exit code, by a code it printed or by its words; ``hresult`` where one was told.
        TransportError: by phase.
    """
    result = _run(shell, verb, *arguments, seconds=seconds)
    report = parse_slmgr(f"cscript //nologo slmgr.vbs {verb}\n{result.stdout}")
    hresult = _hresult(result)
    if result.exit_code or hresult is not None or report.success is False:
        raise _refusal(shell, verb, result, hresult)
    return SlmgrAnswer(Redactor().redact(result.stdout), report.success)


def _run(shell: CommandShell, verb: str, *arguments: str, seconds: float) -> ShellResult:
    """PowerShell Direct has no cmd.exe in between that would expand %windir%, so there the usual folder is named."""
    script = _LITERAL if isinstance(shell, DirectShell) else _EXPANDED
    result = shell.run("cscript.exe", ["//nologo", script, verb, *arguments], seconds=seconds)
    if _lacks_engine(result):
        error = RemoteError(
            "slmgr.vbs cannot run: the guest has no VBScript engine, or no such file.",
            target=shell.target,
            step=f"slmgr {verb}",
            hint="The licence can be read and changed through CIM instead.",
        )
        error.code = ENGINE_MISSING
        raise error
    return result


def _lacks_engine(result: ShellResult) -> bool:
    """cscript's own complaint, or cmd's about cscript, in any language: it names the engine, script or program.

    slmgr's own failures end with an HRESULT, and what it lists by /dlv may speak of slmgr.vbs but lists products.
    """
    told = f"{result.stdout}\n{result.stderr}"
    failed = result.exit_code in {1, _NOT_FOUND} or (result.exit_code is None and not parse_slmgr(told).products)
    return failed and bool(_NO_ENGINE.search(told) or _SCRIPT_NAME.search(told))


def _hresult(result: ShellResult) -> int | None:
    """The exit code where it is an HRESULT, else the first code in an output that lists no products."""
    if result.exit_code and result.exit_code < 0:
        return result.exit_code & 0xFFFFFFFF
    report = parse_slmgr(result.stdout + "\n" + result.stderr)
    return int(report.codes[0], 16) if report.codes and not report.products else None


def _refusal(shell: CommandShell, verb: str, result: ShellResult, hresult: int | None) -> RemoteError:
    row = look_up(hresult) if hresult is not None else None
    printed = " ".join(f"{result.stdout} {result.stderr}".split())[:500]
    told = Redactor().redact(printed) or f"no output, exit code {result.exit_code}"
    return RemoteError(
        f"slmgr {verb} failed: {told}",
        hresult=hresult,
        target=shell.target,
        step=f"slmgr {verb}",
        hint=row.next_step if row else "Run the same command in the guest and read its answer.",
    )
