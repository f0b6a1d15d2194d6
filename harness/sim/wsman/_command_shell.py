"""The command shell (WinRS, MS-WSMV): programs with standard streams and an exit code."""

import asyncio
import logging
import traceback
from uuid import uuid4

from harness.sim.machine import Machine, Program, ProgramNotFound, ProgramResult, Session
from harness.sim.wsman import _names as names
from harness.sim.wsman._faults import (
    WsmanFault,
    command_gone,
    command_line_too_long,
    file_not_found,
    invalid_parameter,
    schema_error,
)
from harness.sim.wsman._outbox import Outbox
from harness.sim.wsman._request import Request
from harness.sim.wsman._shell import Caller, Shell, ShellBirth
from harness.sim.wsman._streams_xml import read_send

__all__ = ["CommandShell"]

_PIECE = 16 * 1024
_LONGEST_LINE = 8191
_CONTROL_C_EXIT = 0xC000013A
_DEFECT_EXIT = 70
_NOT_FOUND_EXIT = 1
_log = logging.getLogger(__name__)


class _Input:
    """Standard input of one program, gathered until its end."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = asyncio.Event()

    def add(self, data: bytes, *, end: bool) -> None:
        self._data += data
        if end:
            self._ended.set()

    async def read(self) -> bytes:
        await self._ended.wait()
        return bytes(self._data)


class CommandShell(Shell):
    """A shell whose commands are programs; the server makes the command ids."""

    def __init__(self, shell_id: str, request: Request, caller: Caller, birth: ShellBirth, machine: Machine) -> None:
        super().__init__(shell_id, request, caller, birth)
        self._machine = machine
        self._session = Session(caller.account, shell_id, "cmd", locale=request.data_locale)
        self._code_page = _number(request.options.get("WINRS_CODEPAGE"), 437)
        shell = request.part("Shell")
        self._environment: dict[str, str] = {}
        self._directory = ""
        if shell is not None:
            for variable in shell.iterfind(f"{{{names.SHELL}}}Environment/{{{names.SHELL}}}Variable"):
                self._environment[variable.get("Name", "")] = variable.text or ""
            self._directory = shell.findtext(f"{{{names.SHELL}}}WorkingDirectory") or ""
        self._started = 0
        self._inputs: dict[str, _Input] = {}
        self._tasks: dict[str, asyncio.Task[bool]] = {}

    @property
    def operations(self) -> int:
        """Every command it ever had: a text shell gives none back before it closes (MS-WSMV behavior note 118)."""
        return self._started

    def outbox(self, command_id: str) -> Outbox:
        """See Shell; the shell itself has no output, so a Receive without a command is refused as recorded."""
        if not command_id:
            raise invalid_parameter()
        return super().outbox(command_id)

    async def command(self, request: Request) -> str:
        """Start a program."""
        line = request.part("CommandLine")
        if line is None:
            raise schema_error()
        program = line.findtext(f"{{{names.SHELL}}}Command") or ""
        arguments = tuple(part.text or "" for part in line.iterfind(f"{{{names.SHELL}}}Arguments"))
        if len(program) + sum(map(len, arguments)) + len(arguments) > _LONGEST_LINE:
            raise command_line_too_long()
        skip = request.options.get("WINRS_SKIP_CMD_SHELL", "").lower() in ("true", "1")
        command_id = str(uuid4()).upper()
        feed = _Input()
        asked = Program(
            program,
            arguments,
            code_page=self._code_page,
            skip_cmd_shell=skip,
            environment=dict(self._environment),
            working_directory=self._directory,
            feed=feed.read,
        )
        outbox = self.add_command(command_id)
        self._started += 1
        self.birth.observer(self.id, (program,))
        self._inputs[command_id] = feed
        task = asyncio.create_task(self._run(asked, outbox))
        self._tasks[command_id] = task
        task.add_done_callback(lambda _: self._finished(command_id))
        await asyncio.sleep(0)  # a program that does not exist is known at the task's first step
        if task.done() and task.result():
            self.forget(command_id)
            raise file_not_found()
        return command_id

    def _finished(self, command_id: str) -> None:
        self._tasks.pop(command_id, None)
        self._inputs.pop(command_id, None)

    async def _run(self, program: Program, outbox: Outbox) -> bool:
        """Run to the end; True when there is no such program."""
        try:
            result = await self._machine.run(self._session, program)
        except ProgramNotFound:
            outbox.end(_NOT_FOUND_EXIT)
            return True
        except asyncio.CancelledError:
            outbox.end(_CONTROL_C_EXIT)
            return False
        except Exception:  # noqa: BLE001 - see below
            # a defect of the lab itself must reach the client's screen instead of leaving it polling
            _log.exception("the machine %s failed to run %s", self._machine.name, program.command)
            result = ProgramResult(_DEFECT_EXIT, stderr=traceback.format_exc().encode())
        self._put(outbox, result)
        return False

    @staticmethod
    def _put(outbox: Outbox, result: ProgramResult) -> None:
        for stream, data in (("stdout", result.stdout), ("stderr", result.stderr)):
            for start in range(0, len(data), _PIECE):
                outbox.put(stream, data[start : start + _PIECE])
        outbox.end(result.exit_code)

    def send(self, request: Request) -> None:
        """Feed standard input."""
        for name, command_id, data, end in read_send(request):
            feed = self._inputs.get(command_id.upper())
            if feed is None and command_id.upper() not in self.commands:
                raise command_gone()
            if feed is not None and name == "stdin":
                feed.add(data, end=end)

    def signal(self, command_id: str, code: str) -> None:
        """Interrupt a program or drop a finished one."""
        task = self._tasks.get(command_id)
        if task is not None:
            task.cancel()
        if not self.forget(command_id):
            raise command_gone()
        if code.lower() not in _SIGNALS:
            raise WsmanFault(87, "w:InvalidParameter", "The parameter is incorrect. ", detail="InvalidValue")

    def close(self) -> None:
        """End every program."""
        for task in list(self._tasks.values()):
            task.cancel()
        super().close()


_SIGNALS = frozenset({names.SIGNAL_CTRL_C, names.SIGNAL_CTRL_BREAK, names.SIGNAL_TERMINATE})


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
