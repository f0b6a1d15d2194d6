"""A client that is cheap enough to load a lab: one connection, plain HTTP with Basic, psrpcore for the messages."""

import asyncio
import base64
import re
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import psrpcore

from benchmarks.worker import Json

__all__ = ["RawPool"]

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_POWERSHELL = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_TIMED_OUT = "2150858793"


class RawPool:
    """A runspace pool on one machine; an asynchronous context manager.

    Args:
        place: address and port.
        user, password: for Basic.
    """

    def __init__(self, place: Json, user: str, password: str) -> None:
        self._place = place
        self._basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._pool = psrpcore.ClientRunspacePool()
        self._shell = ""

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._place["address"], self._place["port"])
        self._pool.open()
        xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{self._data()}</creationXml>'
        streams = "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
        shell_id = str(self._pool.runspace_pool_id).upper()
        body = f'<rsp:Shell ShellId="{shell_id}">{streams}{xml}</rsp:Shell>'
        self._shell = shell_id
        await self._ask(f"{_TRANSFER}/Create", body, options='<w:Option Name="protocolversion">2.3</w:Option>')
        while self._pool.state != psrpcore.types.RunspacePoolState.Opened:
            await self.receive()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self._ask(f"{_TRANSFER}/Delete", "")
        self._writer.close()

    async def invoke(self, name: str, *arguments: object) -> int:
        """Run one command as every client does: Command, Receive until done, Signal. How many objects came."""
        shell = psrpcore.ClientPowerShell(self._pool)
        shell.add_command(name)
        for argument in arguments:
            shell.add_argument(argument)
        shell.start()
        command_id = str(shell.pipeline_id).upper()
        line = f"<rsp:Command/><rsp:Arguments>{self._data()}</rsp:Arguments>"
        await self._ask(f"{_SHELL}/Command", f'<rsp:CommandLine CommandId="{command_id}">{line}</rsp:CommandLine>')
        count, answer = 0, ""
        while "CommandState/Done" not in answer:
            answer, found = await self.receive(command_id)
            count += found
        code = f"<rsp:Code>{_SHELL}/signal/terminate</rsp:Code>"
        await self._ask(f"{_SHELL}/Signal", f'<rsp:Signal CommandId="{command_id}">{code}</rsp:Signal>')
        return count

    async def receive(self, command_id: str = "", timeout: str = "PT20S") -> tuple[str, int]:
        """One Receive: its answer, and how many objects it brought."""
        mark = f' CommandId="{command_id}"' if command_id else ""
        body = f"<rsp:Receive><rsp:DesiredStream{mark}>stdout</rsp:DesiredStream></rsp:Receive>"
        answer = await self._ask(f"{_SHELL}/Receive", body, timeout=timeout)
        for piece in re.findall(r"<rsp:Stream [^>]*>([^<]+)</rsp:Stream>", answer):
            pipeline = UUID(command_id) if command_id else None
            payload = psrpcore.PSRPPayload(base64.b64decode(piece), psrpcore.StreamType.default, pipeline)
            self._pool.receive_data(payload)
        count = 0
        while event := self._pool.next_event():
            count += isinstance(event, psrpcore.PipelineOutputEvent)
        return answer, count

    async def long_poll(self, timeout: str) -> bool:
        """A Receive of a pool that has nothing to tell; whether it ended as a long poll ends."""
        answer, _ = await self.receive(timeout=timeout)
        return _TIMED_OUT in answer

    def _data(self) -> str:
        return base64.b64encode(self._pool.data_to_send().data).decode()

    async def _ask(self, action: str, body: str, *, options: str = "", timeout: str = "PT20S") -> str:
        envelope = self._envelope(action, body, options, timeout).encode()
        head = (
            f"POST /wsman HTTP/1.1\r\nHost: {self._place['address']}\r\nAuthorization: Basic {self._basic}\r\n"
            f"Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {len(envelope)}\r\n\r\n"
        )
        self._writer.write(head.encode() + envelope)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", answer)
        return (await self._reader.readexactly(int(length[1]) if length else 0)).decode()

    def _envelope(self, action: str, body: str, options: str, timeout: str) -> str:
        creates = action.endswith("Create")
        shell = (
            "" if creates else f'<w:SelectorSet><w:Selector Name="ShellId">{self._shell}</w:Selector></w:SelectorSet>'
        )
        chosen = f"<w:OptionSet>{options}</w:OptionSet>" if options else ""
        return (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            f'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="{_SHELL}"><s:Header>'
            f"<a:Action>{action}</a:Action><a:To>http://{self._place['address']}/wsman</a:To>"
            f"<a:MessageID>uuid:{uuid4()}</a:MessageID><a:ReplyTo><a:Address>{_ANONYMOUS}</a:Address></a:ReplyTo>"
            f"<w:ResourceURI>{_POWERSHELL}</w:ResourceURI><w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize>"
            f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{chosen}{shell}</s:Header><s:Body>{body}</s:Body>"
            "</s:Envelope>"
        )
