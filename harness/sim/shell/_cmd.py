"""The command shell behind WinRS: the few programs and built-ins that a client of the lab runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from harness.sim.machine import Program, ProgramNotFound, ProgramResult
from harness.sim.shell._command_line import Step, expand, split_steps, split_words
from harness.sim.shell._cscript import ProgramOutput, run_cscript, slmgr_verb
from harness.sim.shell._dism import changes_edition, run_dism
from harness.sim.shell._slmgr import CHANGING_VERBS
from harness.sim.world import Installation, VmState, World

__all__ = ["CommandShell", "PowerShellRunner", "code_page_name"]

PowerShellRunner = Callable[[str], Awaitable[ProgramOutput]]
"""Runs script text as powershell.exe would and returns what it printed."""

_GRACE, _DOWN, _UP = 0.3, 0.7, 1.0
"""Real seconds: until a restart begins, that it takes, and until a second one follows."""
_CODE_PAGES = {65001: "utf-8", 932: "cp932", 936: "gbk", 28591: "latin-1"}


def code_page_name(code_page: int) -> str:
    """Python's codec for a Windows code page; an unknown page falls back to 437."""
    name = _CODE_PAGES.get(code_page, f"cp{code_page}")
    try:
        "".encode(name)
    except LookupError:
        return "cp437"
    return name


@dataclass(slots=True, eq=False)
class CommandShell:
    """Runs command lines on one computer for one user.

    ``observe`` is told each program's name and whether it would change the computer.
    """

    world: World
    windows: Installation
    user: str
    elevated: bool
    powershell: PowerShellRunner
    observe: Callable[[str, bool], None]
    code_page: int = 437
    _environment: dict[str, str] = field(default_factory=dict)

    async def run(self, program: Program) -> ProgramResult:
        """Run a WinRS command. Raises ProgramNotFound where no command shell is there to complain itself."""
        self.code_page = program.code_page
        self._environment = self._variables() | program.environment
        line = " ".join([program.command, *program.arguments])
        if program.skip_cmd_shell and not self._is_program(split_words(line)[:1]):
            raise ProgramNotFound(program.command)
        stdout, stderr, code = b"", b"", 0
        for step in split_steps(line):
            if (step.when == "&&" and code) or (step.when == "||" and not code) or not step.text:
                continue
            output = await self.one(step)
            code = output.exit_code
            shown = output.stdout + output.stderr if step.merged else output.stdout
            stdout += b"" if step.silent else self._encode(shown)
            stderr += b"" if step.merged else self._encode(output.stderr)
        return ProgramResult(code, stdout, stderr)

    def _encode(self, text: str) -> bytes:
        return text.encode(code_page_name(self.code_page), errors="replace")

    def _variables(self) -> dict[str, str]:
        return {
            "windir": r"C:\Windows",
            "SystemRoot": r"C:\Windows",
            "SystemDrive": "C:",
            "ComSpec": r"C:\Windows\system32\cmd.exe",
            "COMPUTERNAME": self.windows.computer_name.upper(),
            "USERNAME": self.user,
            "USERPROFILE": rf"C:\Users\{self.user}",
        }

    async def one(self, step: Step) -> ProgramOutput:
        """Run one command after expanding its variables."""
        words = split_words(expand(step.text, self._environment))
        name = _bare(words[0])
        arguments = words[1:]
        if name == "cscript":
            verb = slmgr_verb(arguments)
            self.observe(f"slmgr {verb}" if verb else "cscript.exe", verb.lstrip("/") in CHANGING_VERBS)
            return run_cscript(
                self.world, self.windows, arguments, elevated=self.elevated, folder=lambda: rf"C:\Users\{self.user}"
            )
        if name == "dism":
            self.observe("dism /Set-Edition" if changes_edition(arguments) else "dism.exe", changes_edition(arguments))
            return run_dism(self.world, self.windows, arguments, elevated=self.elevated)
        if name == "shutdown":
            self.observe("shutdown.exe", True)  # noqa: FBT003 - the shape in which it is told
            return self._restart()
        self.observe(name, False)  # noqa: FBT003 - none of the others changes anything
        if name in {"wscript", "slmgr", "slmgr.vbs"}:
            await asyncio.Event().wait()  # a dialog box opens where nobody will ever close it
        if name == "cmd":
            return await self._nested(step.text)
        if name in {"powershell", "pwsh"}:
            return await self.powershell(_powershell_text(expand(step.text, self._environment)))
        builtin = _BUILTINS.get(name)
        if builtin is None:
            text = f"'{words[0]}' is not recognized as an internal or external command,"
            return ProgramOutput(1, "", f"{text}\r\noperable program or batch file.\r\n")
        return builtin(self, arguments)

    def _restart(self) -> ProgramOutput:
        """shutdown /r: a guest goes in a moment and comes back, as often as an ordered edition needs."""
        vm = self.world.vm_of(self.windows)
        if not self.elevated or vm is None:
            return ProgramOutput(5, "", "Access is denied.(5)\r\n")
        starts = self.windows.starts_to_edition if self.windows.ordered_edition else 1
        loop, moment = asyncio.get_running_loop(), _GRACE
        for _ in range(starts):
            loop.call_later(moment, self.world.set_state, vm, VmState.Off)
            loop.call_later(moment + _DOWN, self.world.set_state, vm, VmState.Running)
            moment += _DOWN + _UP
        return ProgramOutput()

    async def _nested(self, text: str) -> ProgramOutput:
        rest = text.partition("/c")[2] or text.partition("/C")[2]
        output = ProgramOutput()
        for step in split_steps(rest.strip().strip('"')):
            if step.text:
                output = await self.one(step)
        return output

    def _is_program(self, words: Sequence[str]) -> bool:
        known = {"cscript", "dism", "shutdown", "wscript", "cmd", "powershell", "hostname", "whoami", "chcp"}
        return bool(words) and _bare(words[0]) in known


def _bare(word: str) -> str:
    name = word.replace("/", "\\").rpartition("\\")[2].casefold()
    return name.removesuffix(".exe").removesuffix(".com")


def _powershell_text(line: str) -> str:
    """Everything behind powershell.exe: options and script, as one text for the runner."""
    return line.partition(" ")[2].strip()


def _echo(_shell: CommandShell, arguments: Sequence[str]) -> ProgramOutput:
    return ProgramOutput(0, " ".join(arguments) + "\r\n" if arguments else "ECHO is on.\r\n")


def _ver(shell: CommandShell, _arguments: Sequence[str]) -> ProgramOutput:
    return ProgramOutput(0, f"\r\nMicrosoft Windows [Version {shell.windows.os.full_version}]\r\n")


def _hostname(shell: CommandShell, _arguments: Sequence[str]) -> ProgramOutput:
    return ProgramOutput(0, f"{shell.windows.computer_name}\r\n")


def _whoami(shell: CommandShell, _arguments: Sequence[str]) -> ProgramOutput:
    return ProgramOutput(0, f"{shell.windows.computer_name}\\{shell.user}\r\n".casefold())


def _chcp(shell: CommandShell, arguments: Sequence[str]) -> ProgramOutput:
    if arguments and arguments[0].isdecimal():
        shell.code_page = int(arguments[0])
    return ProgramOutput(0, f"Active code page: {shell.code_page}\r\n")


def _exit(_shell: CommandShell, arguments: Sequence[str]) -> ProgramOutput:
    codes = [word for word in arguments if word.lstrip("-").isdecimal()]
    return ProgramOutput(int(codes[0]) if codes else 0)


_BUILTINS: dict[str, Callable[[CommandShell, Sequence[str]], ProgramOutput]] = {
    "echo": _echo,
    "ver": _ver,
    "hostname": _hostname,
    "whoami": _whoami,
    "chcp": _chcp,
    "exit": _exit,
}
