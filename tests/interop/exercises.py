"""What foreign clients are asked to do, and what their answer must hold; the same for each of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.interop.interop_lab import GUESTS

__all__ = ["COMMAND_SHELL", "COMMON", "EXERCISES", "PSRP", "Exercise"]


@dataclass(frozen=True, slots=True)
class Exercise:
    """``patterns`` must all be found in what the client says; where it ``must_fail``, the client has to raise."""

    does: str
    patterns: Sequence[str] = ()
    must_fail: bool = False

    def problem(self, said: str | None, raised: str | None) -> str:
        """Why an answer is not good; empty when it is."""
        if self.must_fail:
            return "" if raised is not None else f"let in: {said}"
        if said is None:
            return str(raised)
        missing = [pattern for pattern in self.patterns if not re.search(pattern, said, re.DOTALL)]
        return f"no {missing[0]!r} in {said!r}" if missing else ""


_MACHINES = [rf"{name}\b\W+(?:State\s*[:=]\s*)?{state}" for name, state in GUESTS.items()]
_UNKNOWN = "Get-NothingAtAll.*is not recognized"
_MEGABYTE = "^1048576 x$"

EXERCISES = {
    "script": Exercise("`Get-VM | Select-Object Name, State` as text; every VM with its state", _MACHINES),
    "typed": Exercise("the same as a typed pipeline", _MACHINES),
    "program": Exercise(
        r"`cscript //nologo C:\Windows\System32\slmgr.vbs /dlv` in the command shell, or as a native program",
        ["Name: Windows.*ServerDatacenter", "Partial Product Key: .....", "License Status: Licensed"],
    ),
    "error": Exercise("an unknown cmdlet; the client shows the error", [_UNKNOWN]),
    "wrong password": Exercise("refused, and no shell was opened", must_fail=True),
    "exit code": Exercise("`cmd /c exit 3` ends with 3", ["exit code 3"]),
    "wait": Exercise("a command that outlasts the operation timeout: fault 2150858793, asked again", ["awake"]),
    "large output": Exercise("a megabyte of output", [_MEGABYTE]),
    "large input": Exercise("a megabyte of argument", ["^1048576$"]),
    "pipeline input": Exercise("three objects into Sort-Object", ["^apple fig pear$"]),
    "streams": Exercise(
        "output, warning, verbose, debug, information, progress, error", ["^told warned talked searched noted moved"]
    ),
    "objects": Exercise(
        "a VirtualMachine with its type name, its State and its Id as a GUID",
        [r"Microsoft\.HyperV\.PowerShell\.VirtualMachine web Running UUID"],
    ),
    "stop": Exercise("stop a sleeping pipeline, then run another in its pool", [r"^stopped True, then \[2\]$"]),
    "credential": Exercise("key exchange; a PSCredential opens a guest by PowerShell Direct", ["^WEB$"]),
    "is alive": Exercise("Get on the shell while it is open and after it was closed", ["^open True, closed False$"]),
    "list pools": Exercise("Enumerate the shells", ["^found True$"]),
    "reconnect": Exercise(
        "disconnect while a pipeline runs; another connection takes the pool over and reads the answer",
        [r"^\['still here'\] \['and again'\]$"],
    ),
    "pool settings": Exercise("available and maximum runspaces", ["^2 then 3$"]),
}

COMMON = ("script", "program", "error", "wrong password")
COMMAND_SHELL = (*COMMON, "exit code")
PSRP = (
    *("typed", *COMMON, "streams", "objects", "large output", "large input", "pipeline input", "wait", "stop"),
    *("credential", "list pools", "reconnect", "pool settings"),
)
