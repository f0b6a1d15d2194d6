"""The WS-Management service of one machine: a request comes in, an answer goes out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from xml.sax.saxutils import escape

from harness.sim.machine import Machine
from harness.sim.wsman import _names as names
from harness.sim.wsman._command_shell import CommandShell
from harness.sim.wsman._config import config_xml
from harness.sim.wsman._envelope import EnvelopeWriter
from harness.sim.wsman._faults import (
    WsmanFault,
    access_denied,
    action_not_supported,
    concurrent_operations,
    disconnect_conflict,
    encoding_limit,
    invalid_resource,
    operation_timed_out,
    schema_error,
    shell_gone,
    shell_unknown,
)
from harness.sim.wsman._powershell_shell import PowerShellShell
from harness.sim.wsman._registry import ShellRegistry
from harness.sim.wsman._request import Request, parse_request
from harness.sim.wsman._settings import Access, Limits
from harness.sim.wsman._shell import Caller, Shell, ShellBirth
from harness.sim.wsman._streams_xml import receive_response

__all__ = ["Answer", "Surroundings", "WsmanService", "random_ids"]

_TURNS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and an envelope."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the service takes from outside: clocks, ids, and who wants to know what happens.

    Attributes:
        clock: seconds, for idle and run times.
        now: the wall clock of the simulated world.
        new_id: ids for shells and messages.
        command_started: told the shell's id and the names of the command's calls.
        shell_opened: told the shell's id.
    """

    clock: Callable[[], float]
    now: Callable[[], datetime]
    new_id: Iterator[UUID]
    command_started: Callable[[str, Sequence[str]], None] = lambda *_: None
    shell_opened: Callable[[str], None] = lambda _: None


class WsmanService:
    """One machine's service.

    Args:
        machine: what runs the commands.
        settings: its limits.
        access: who gets in, for the config resource.
        around: clocks, ids and observers.
    """

    def __init__(self, machine: Machine, settings: Limits, access: Access, around: Surroundings) -> None:
        self.machine = machine
        self._access = access
        self.settings = settings
        self.shells = ShellRegistry(settings)
        self._around = around
        self._operations: dict[tuple[str, str], int] = {}
        self._next_process = 2772
        self._write = EnvelopeWriter(around.new_id, activity=machine.protocol_version != "2.1")

    def __repr__(self) -> str:
        return f"<WsmanService of {self.machine.name}, {len(self.shells)} shells>"

    async def handle(self, raw: bytes, caller: Caller) -> Answer:
        """Answer a raw envelope."""
        try:
            request = parse_request(raw)
        except WsmanFault as fault:
            return self.refuse(fault, Request.of(fault), caller)
        return await self.answer(request, caller)

    async def answer(self, request: Request, caller: Caller) -> Answer:
        """Answer a request that was taken apart already."""
        user = (caller.account.domain.casefold(), caller.account.name.casefold())
        under_way = self._operations.get(user, 0)
        self._operations[user] = under_way + 1
        try:
            if under_way + self._kept_operations(request, caller) >= self.settings.max_operations_per_user:
                raise concurrent_operations(self.settings.max_operations_per_user)
            handler = self._handler(request)
            body = await handler(request, caller)
        except WsmanFault as fault:
            return self.refuse(fault, request, caller)
        finally:
            self._operations[user] -= 1
        return Answer(200, self._write.response(request.operation, request.action, request.message_id, body))

    def _kept_operations(self, request: Request, caller: Caller) -> int:
        """Commands that count as operations of the user, as long as nobody terminates them; a Command asks."""
        if request.operation != "Command":
            return 0
        return sum(shell.operations for shell in self.shells.owned_by(caller.account))

    async def let_run(self, request: Request, caller: Caller) -> None:
        """Give a command that was just started the time to do what needs no waiting.

        A fault that strikes after execution finds it executed, not merely accepted.
        """
        if request.operation != "Command":
            return
        shells = {shell.id.upper(): shell for shell in self.shells.owned_by(caller.account)}
        shell = shells.get(request.shell_id)
        for _ in range(_TURNS):
            if shell is None or all(outbox.ended for outbox in shell.commands.values()):
                return
            await asyncio.sleep(0)

    def refuse(self, fault: WsmanFault, request: Request, caller: Caller) -> Answer:
        """Answer with a fault."""
        if self.machine.protocol_version == "2.1":
            fault = fault.in_old_form()
        # the recorded quota fault relates to nothing (WinRb wmi_error_v2.xml)
        relates_to = "" if fault.wmi is not None else request.message_id
        return Answer(500, self._write.fault(fault.action, relates_to, fault.body(caller.machine), fault.header))

    def _handler(self, request: Request) -> Callable[[Request, Caller], Awaitable[str]]:
        name = _HANDLERS.get(request.operation)
        if name is None:
            raise action_not_supported(request.action)
        handler: Callable[[Request, Caller], Awaitable[str]] = getattr(self, name)
        return handler

    def _shell(self, request: Request, caller: Caller) -> Shell:
        shell = self.shells.find(request.shell_id, caller.account)
        shell.touch(caller)
        return shell

    async def _create(self, request: Request, caller: Caller) -> str:
        self.shells.admit(caller.account)
        shell = self._make(request, caller)
        self.shells.add(shell)
        self._around.shell_opened(shell.id)
        described = shell.description() if _tells_itself(shell) else ""
        return (
            f"<x:ResourceCreated><a:Address>{escape(caller.url)}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{escape(request.resource)}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated>{described}"
        )

    def _make(self, request: Request, caller: Caller) -> Shell:
        self._next_process += 4
        birth = ShellBirth(self.settings, self._around.clock, self._next_process, self._around.command_started)
        new_id = str(next(self._around.new_id)).upper()
        if request.resource == names.COMMAND_SHELL_RESOURCE:
            self._admit(caller, "cmd")
            return CommandShell(new_id, request, caller, birth, self.machine)
        configuration = request.resource.removeprefix(names.POWERSHELL_PREFIX)
        if configuration == request.resource or not self.machine.session_configuration(configuration):
            raise invalid_resource(request.resource)
        self._admit(caller, configuration)
        if self.machine.protocol_version != "2.1":
            new_id = _proposed(request) or new_id
        if self.shells.has(new_id):
            raise schema_error()
        return PowerShellShell(new_id, request, caller, birth, machine=self.machine, now=self._around.now)

    def _admit(self, caller: Caller, configuration: str) -> None:
        if not self.machine.admits(caller.account, configuration):
            raise access_denied()

    async def _command(self, request: Request, caller: Caller) -> str:
        command_id = await self._shell(request, caller).command(request)
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    async def _send(self, request: Request, caller: Caller) -> str:
        self._shell(request, caller).send(request)
        return "<rsp:SendResponse/>"

    async def _signal(self, request: Request, caller: Caller) -> str:
        shell = self._shell(request, caller)
        signal = request.part("Signal")
        if signal is None:
            raise schema_error()
        code = (signal.findtext(f"{{{names.SHELL}}}Code") or "").strip()
        shell.signal(signal.get("CommandId", "").upper(), code)
        await asyncio.sleep(0)  # what was cancelled ends before the answer leaves
        return "<rsp:SignalResponse/>"

    async def _receive(self, request: Request, caller: Caller) -> str:
        shell = self._shell(request, caller)
        seconds = min(request.operation_timeout or self.settings.max_timeout, self.settings.max_timeout)
        room = self.settings.room(request)
        command_id, batch = await shell.receive(request, caller, seconds, room)
        if batch is None:
            raise operation_timed_out()
        if shell.closed and not batch.pieces:
            raise shell_gone(shell.id)
        is_program = isinstance(shell, CommandShell)
        ends = ("stdout", "stderr") if is_program else ()
        return receive_response(command_id, batch, ends=ends, running=is_program)

    async def _delete(self, request: Request, caller: Caller) -> str:
        self.shells.remove(self._shell(request, caller).id)
        await asyncio.sleep(0)  # what was cancelled ends before the answer leaves
        return ""

    async def _disconnect(self, request: Request, caller: Caller) -> str:
        shell = self._shell(request, caller)
        if isinstance(shell, CommandShell):
            raise action_not_supported(request.action)
        shell.disconnected = True
        return ""

    async def _reconnect(self, request: Request, caller: Caller) -> str:
        shell = self._shell(request, caller)
        shell.disconnected = False
        return ""

    async def _connect(self, request: Request, caller: Caller) -> str:
        shell = self.shells.find(request.shell_id, caller.account)
        connect = request.part("Connect")
        if connect is None or not isinstance(shell, PowerShellShell):
            raise schema_error()
        command_id = connect.get("CommandId", "")
        if command_id:
            shell.outbox(command_id)
            shell.touch(caller)
            return "<rsp:ConnectResponse/>"
        if shell.in_use and shell.session_id != request.session_id:
            raise disconnect_conflict()
        answer = shell.connect(request)
        shell.disconnected = False
        shell.touch(caller)
        shell.session_id = request.session_id
        return (
            f"<rsp:ConnectResponse><rsp:InputStreams>{shell.input_streams}</rsp:InputStreams>"
            f"<rsp:OutputStreams>{shell.output_streams}</rsp:OutputStreams>"
            f'<connectResponseXml xmlns="{names.POWERSHELL}">{answer}</connectResponseXml></rsp:ConnectResponse>'
        )

    async def _get(self, request: Request, caller: Caller) -> str:
        if request.resource == names.CONFIG:
            if not caller.account.administrator:
                raise access_denied()
            return config_xml(self.settings, self._access)
        if request.resource == names.SHELL:
            # asking does not count as use: an orphan stays an orphan
            shell = self.shells.find(request.shell_id, caller.account, shell_unknown())
            return shell.description(listed=True)
        raise invalid_resource(request.resource)

    async def _enumerate(self, request: Request, caller: Caller) -> str:
        if request.resource == names.SHELL:
            items = "".join(shell.description(listed=True) for shell in self.shells.owned_by(caller.account))
        elif request.resource == names.COMMAND_RESOURCE:
            items = self._commands(request, caller)
        else:
            raise invalid_resource(request.resource)
        body = (
            "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>"
            f"<w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
        )
        limit = request.max_envelope_size
        if limit and len(body) + 2048 > limit:
            raise encoding_limit(limit)
        return body

    def _commands(self, request: Request, caller: Caller) -> str:
        selectors = [] if request.body is None else request.body.iter(f"{{{names.WSMAN}}}Selector")
        wanted = next((one.text or "" for one in selectors if one.get("Name") == "ShellId"), "")
        shell = self.shells.find(wanted.strip().upper(), caller.account)
        return "".join(
            f'<rsp:Command xmlns:rsp="{names.SHELL}"><rsp:CommandId>{command_id}</rsp:CommandId>'
            "<rsp:CommandLine></rsp:CommandLine><rsp:CommandState>Running</rsp:CommandState></rsp:Command>"
            for command_id in shell.commands
        )


def _tells_itself(shell: Shell) -> bool:
    return not isinstance(shell, PowerShellShell) or shell.tells_itself


def _proposed(request: Request) -> str:
    shell = request.part("Shell")
    try:
        written = "" if shell is None else shell.get("ShellId", "")
        UUID(written)
    except ValueError:
        return ""
    return written


def random_ids() -> Iterator[UUID]:
    """Ids without end."""
    while True:
        yield uuid4()


_HANDLERS = {
    "Create": "_create",
    "Command": "_command",
    "Send": "_send",
    "Signal": "_signal",
    "Receive": "_receive",
    "Delete": "_delete",
    "Disconnect": "_disconnect",
    "Reconnect": "_reconnect",
    "Connect": "_connect",
    "Get": "_get",
    "Enumerate": "_enumerate",
}
