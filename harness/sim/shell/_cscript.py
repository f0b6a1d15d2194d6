"""cscript.exe: the script host that runs slmgr.vbs, or complains."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.sim.shell._slmgr import run_slmgr
from harness.sim.world import Installation, World

__all__ = ["ProgramOutput", "run_cscript", "slmgr_verb", "wrap"]

_BANNER = (
    "Microsoft (R) Windows Script Host Version 5.812",
    "Copyright (C) Microsoft Corporation. All rights reserved.",
    "",
)
_SCRIPTS = frozenset({rf"c:\windows\{folder}\slmgr.vbs" for folder in ("system32", "sysnative", "syswow64")})


@dataclass(frozen=True, slots=True)
class ProgramOutput:
    """What a program printed, as text, and its exit code."""

    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""


def slmgr_verb(arguments: Sequence[str]) -> str:
    """The verb of a cscript command line that runs slmgr.vbs, as "/dlv"; empty for anything else."""
    words = [word for word in arguments if not word.startswith("//")]
    if len(words) > 1 and words[0].strip('"').casefold().endswith("slmgr.vbs"):
        return words[1].casefold().replace("-", "/", 1)
    return ""


def wrap(line: str, columns: int) -> str:
    """A line as a console of that width breaks it: anywhere, without regard to words."""
    if not columns or len(line) <= columns:
        return line
    return "\r\n".join(line[at : at + columns] for at in range(0, len(line), columns))


def run_cscript(
    world: World,
    windows: Installation,
    arguments: Sequence[str],
    *,
    elevated: bool,
    folder: Callable[[], str],
) -> ProgramOutput:
    """Run ``cscript`` with its arguments; ``folder`` is where a script without a path is looked for."""
    options = [word.casefold() for word in arguments if word.startswith("//")]
    words = [word.strip('"') for word in arguments if not word.startswith("//")]
    banner = () if "//nologo" in options else _BANNER
    if not words:
        return _printed(windows, (*_BANNER, "Usage: CScript scriptname.extension [option...] [arguments...]"), 0)
    script = words[0]
    if not windows.script_engine:
        text = f'Input Error: Can not find script engine "VBScript" for script "{script}".'
        return _failed(windows, banner, text)
    if script.casefold() not in _SCRIPTS:
        where = script if ":" in script else rf"{folder()}\{script}"
        return _failed(windows, banner, f'Input Error: Can not find script file "{where}".')
    result = run_slmgr(world, windows, words[1:], elevated=elevated)
    return _printed(windows, (*banner, *result.lines), result.exit_code)


def _printed(windows: Installation, lines: Sequence[str], exit_code: int) -> ProgramOutput:
    shown = [wrap(line, windows.wrap_columns) for line in lines]
    return ProgramOutput(exit_code, "".join(f"{line}\r\n" for line in shown))


def _failed(windows: Installation, banner: Sequence[str], text: str) -> ProgramOutput:
    return ProgramOutput(1, _printed(windows, banner, 1).stdout, f"{text}\r\n")
