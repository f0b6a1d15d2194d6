"""Damaged requests for a whole lab over real sockets, each made from its layer and its number alone.

Five layers: ``bytes`` of an HTTP message, the ``xml`` of an envelope, PSRP ``fragments`` inside a sound envelope, the
``clixml`` inside sound fragments, and ``tokens`` of Basic, NTLM and SPNEGO. A request is replayed by layer and number.
"""

import asyncio
import base64
import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

import spnego
from sim_wire import CMD, ENUMERATION, GUID, POWERSHELL, SHELL, TRANSFER, PoolClient, Wire
from sim_world_topologies import guest, host, node

from harness.sim.lab import start_lab
from harness.sim.topology import read_topology

__all__ = ["LAYERS", "Campaign", "Report", "damaged"]

LAYERS = ("bytes", "xml", "fragments", "clixml", "tokens")
USER, PASSWORD = "fuzz", "Fuzz-1"
COMMAND = "356E6DC2-6889-4305-9FE6-8B03F44D7210"
_PATIENCE = 0.05
_SIDE_BY_SIDE = 8
_BATCH, _TURNS = 64, 3
"""Requests before all shells are deleted, and before a pool that may be broken makes way for a sound one."""
_MARKS = b'< > & " ]]> &#0; <!DOCTYPE <x/> 99999999999999999999 -1 PT AAAA = uuid: _x0000_ RefId <Nil/> <Obj <S> Is'
_BYTES = [b"\x00", b"\xff" * 8, b"\r\n\r\n", b"\xef\xbb\xbf", b"NTLMSSP\x00", b"\x30\x84", b"\xd8\x00"]
_PIECES = [*_MARKS.split(), *_BYTES]
_VALUES = [
    "",
    "-1",
    "0",
    "4294967296",
    "9" * 20,
    "NaN",
    "x" * 5000,
    "\u202e",
    "_x0000_",
    "true",
    "PT-1S",
    "uuid:",
    "{}",
]


def damaged(data: bytes, dice: Random) -> bytes:
    """One place or a few cut, doubled, swapped or overwritten."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        place, length = dice.randrange(len(data) + 1), dice.choice((0, 1, 2, 8, 40))
        piece = dice.choice((b"", dice.choice(_PIECES), bytes([dice.randrange(256)]), data[place : place + 30]))
        data = data[:place] + (b"" if dice.random() < 0.05 else piece + data[place + length :])
    return data


def flipped(data: bytes, dice: Random) -> bytes:
    """One byte to three are others; the length stays."""
    found = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


def changed(xml: str, dice: Random) -> str:
    """Sound XML with a text, an attribute's value or a tag's name that is another."""
    places = list(re.finditer(r'(?<=>)[^<>]+(?=<)|(?<==")[^"]*(?=")|(?<=<)[A-Z][A-Za-z0-9]*(?=[ />])', xml))
    place = dice.choice(places)
    if xml[place.start() - 1] != "<":
        return xml[: place.start()] + escape(dice.choice(_VALUES)) + xml[place.end() :]
    name, tag = place[0], dice.choice(("S", "I32", "Nil", "Obj", "LST", "DCT", "MS", "BA", "DT", "G", "SBK", "X"))
    return re.sub(rf"<(/?){name}(?=[ />])", rf"<\g<1>{tag}", xml)


@dataclass
class Report:
    """What a campaign met.

    ``answers`` by HTTP status, ``closed`` or ``silence``; ``defects`` what the lab's own log and loop complained of,
    with layer and number; ``left`` shells and tasks that nobody could end.
    """

    answers: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    left: int = 0


class Campaign:
    """Sends damaged requests to a lab of its own.

    Args:
        directory: for the lab's files.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._report = Report()
        self._current = "before the first request"

    def run(self, requests: list[tuple[str, int]]) -> Report:
        """Send these requests, each named by layer and number."""
        watch = _Watch(lambda text: self._report.defects.append(f"{self._current}: {text}"))
        logging.getLogger("harness.sim").addHandler(watch)
        try:
            asyncio.run(self._run(requests))
        finally:
            logging.getLogger("harness.sim").removeHandler(watch)
        return self._report

    async def _run(self, requests: list[tuple[str, int]]) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self._report.defects.append(f"{self._current}: {context}")
        )
        lab = await start_lab(_topology(), directory=self._directory)
        place = next(e for e in lab.document()["endpoints"] if e["computer_name"] == "HV1" and e["scheme"] == "http")
        target = _Target(place["address"], place["port"])
        quiet = len(asyncio.all_tasks())
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            await self._batch(target, batch)
            await target.clean()
            if not await target.healthy():
                self._report.defects.append(f"{batch[0]} to {batch[-1]}: a sound request is not answered any more")
                break
        await asyncio.sleep(0.05)
        self._report.left = lab.server.open_shells("HV1") + len(asyncio.all_tasks()) - quiet
        await lab.close()

    async def _batch(self, target: "_Target", batch: list[tuple[str, int]]) -> None:
        queue = list(batch)

        async def work() -> None:
            pool = PoolClient()
            for turn in range(len(batch)):
                if not queue:
                    break
                layer, number = queue.pop()
                if turn % _TURNS == 0:
                    await target.delete(pool.shell)
                    pool = await target.open_pool(number)
                self._current = f"{layer} {number}"
                raw = request(layer, number, pool, target)
                self._report.answers[await target.exchange(raw)] += 1

        await asyncio.gather(*(work() for _ in range(_SIDE_BY_SIDE)))


def _topology() -> Any:
    listen = {"allow_unencrypted": True, "https": False}
    document = {
        "version": 1,
        "real_time": False,
        "hosts": [host("HV1", listen=listen, guests=[guest("web", access="direct"), guest("sql", access="direct")])],
        "clusters": [{"name": "C", "nodes": [node("N1", listen=listen)]}],
        "host_account": {"username": USER, "password": PASSWORD},
    }
    return read_topology(document, "fuzz.yaml")


class _Watch(logging.Handler):
    """Hears what the lab logs as an error: a defect of its own."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter().format(record)
        self._tell(text)


# -- requests ----------------------------------------------------------------------------------------------------------

PIPELINES: tuple[tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...], ...] = (
    (("Get-VM", False, ()), ("Select-Object", False, (("Property", "Name"),)), ("ConvertTo-Json", False, ())),
    (("Get-CimInstance", False, (("Query", "SELECT Name FROM SoftwareLicensingProduct WHERE LicenseStatus = 1"),)),),
    (("Get-WinEvent", False, (("LogName", "Application"), ("FilterXPath", "*[System[(EventID=12310)]]"))),),
    (("Get-VM", False, (("Name", "w*"),)), ("Get-VMIntegrationService", False, ())),
    (("Invoke-CimMethod", False, (("Query", "SELECT * FROM SoftwareLicensingService"), ("MethodName", "X"))),),
    (("param($a) if ($a) { Get-VM | Where-Object State -eq Running } else { \"x $a\" }", True, (("a", "1"),)),),
    (("Invoke-Command", False, (("VMName", "web"), ("ScriptBlock", "hostname"))),),
    (("Where-Object", False, (("Property", "Id"), ("Like", "*"))), ("Sort-Object", False, ())),
)  # fmt: skip


def pipeline_xml(calls: tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...], *, no_input: bool) -> str:
    """A CREATE_PIPELINE of these calls."""

    def argument(name: str, value: str) -> str:
        return f'<Obj><MS><S N="N">-{escape(name)}</S><S N="V">{escape(value)}</S></MS></Obj>'

    commands = "".join(
        f'<Obj><MS><S N="Cmd">{escape(name)}</S><B N="IsScript">{str(script).lower()}</B><Nil N="UseLocalScope" />'
        f'<Obj N="Args"><LST>{"".join(argument(*pair) for pair in arguments)}</LST></Obj></MS></Obj>'
        for name, script, arguments in calls
    )
    return (
        f'<Obj RefId="0"><MS><B N="NoInput">{str(no_input).lower()}</B><Obj N="PowerShell"><MS>'
        f'<Obj N="Cmds"><LST>{commands}</LST></Obj><B N="IsNested">false</B><Nil N="History" /></MS></Obj></MS></Obj>'
    )


def request(layer: str, number: int, pool: PoolClient, target: "_Target") -> bytes:
    """One damaged HTTP request."""
    dice = Random(f"{layer} {number}")
    build = Wire(target.address, target.port)
    envelope, token = _envelope(layer, dice, pool, build), target.basic
    if layer == "xml":
        envelope = dice.choice((damaged(envelope, dice), changed(envelope.decode(), dice).encode()))
    if layer == "tokens":
        token = _token(dice)
    raw = target.http(envelope, token)
    if layer != "bytes":
        return raw
    return dice.choice((damaged(raw[:400], dice) + raw[400:], flipped(raw, dice)))


def _envelope(layer: str, dice: Random, pool: PoolClient, build: Wire) -> bytes:
    def made(action: str, resource: str, body: str, shell: str = "") -> bytes:
        selector = f'<wsman:SelectorSet><wsman:Selector Name="ShellId">{shell}</wsman:Selector></wsman:SelectorSet>'
        fields = build.fields(action, resource, "PT0.001S") + (selector if shell else "")
        return build.envelope(fields, body).encode()

    command_id = str(UUID(int=dice.getrandbits(128), version=4)).upper() if dice.random() < 0.7 else COMMAND
    own = PoolClient(UUID(int=dice.getrandbits(128), version=4))
    creation = _psrp(layer, dice, base64.b64decode(own.creation()))
    clixml = pipeline_xml(dice.choice(PIPELINES), no_input=dice.random() < 0.8)
    if layer == "clixml":
        clixml = _broken(clixml, dice)
    data = _psrp(layer, dice, pool.fragment(0x00021006, clixml, UUID(command_id)))
    more = _psrp(layer, dice, pool.fragment(dice.choice(_KINDS), _input_xml(layer, dice), UUID(command_id)))
    streams = "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
    xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{creation}</creationXml>'
    line = (
        f'<rsp:CommandLine CommandId="{command_id}"><rsp:Command/><rsp:Arguments>{data}</rsp:Arguments>'
        "</rsp:CommandLine>"
    )
    words = "<rsp:Command>cscript</rsp:Command><rsp:Arguments>//nologo slmgr.vbs /dlv</rsp:Arguments>"
    choices: list[Callable[[], bytes]] = [
        lambda: made(f"{TRANSFER}/Create", POWERSHELL, f'<rsp:Shell ShellId="{own.shown}">{streams}{xml}</rsp:Shell>'),
        lambda: made(f"{TRANSFER}/Create", CMD, f"<rsp:Shell>{streams}</rsp:Shell>"),
        lambda: made(f"{SHELL}/Command", POWERSHELL, line, pool.shown),
        lambda: made(f"{SHELL}/Command", POWERSHELL, line, pool.shown),
        lambda: made(f"{SHELL}/Command", CMD, f"<rsp:CommandLine>{words}</rsp:CommandLine>", pool.shown),
        lambda: made(f"{SHELL}/Send", POWERSHELL, _send(command_id, more), pool.shown),
        lambda: made(f"{SHELL}/Receive", POWERSHELL, _receive(dice, command_id), pool.shown),
        lambda: made(f"{SHELL}/Signal", POWERSHELL, _signal(dice, command_id), pool.shown),
        lambda: made(f"{SHELL}/Disconnect", POWERSHELL, "<rsp:Disconnect/>", pool.shown),
        lambda: made(f"{SHELL}/Reconnect", POWERSHELL, "<rsp:Reconnect/>", pool.shown),
        lambda: made(f"{TRANSFER}/Get", SHELL, "", pool.shown),
        lambda: made(f"{ENUMERATION}/Enumerate", SHELL, "<wsen:Enumerate/>"),
    ]
    if layer in {"fragments", "clixml"}:
        choices = [choices[number] for number in (0, 2, 2, 2, 5)]
    return dice.choice(choices)()


_KINDS = (0x00010002, 0x00010004, 0x00010005, 0x00021002, 0x00021003, 0x00021006, 0x0002100A, 0x00041100, 0x00041101)


_TABLE = (
    '<Obj RefId="0"><TN RefId="0"><T>System.Collections.Hashtable</T></TN><DCT><En><S N="Key">a</S>'
    '<Obj N="Value" RefId="1"><LST><I32>1</I32></LST></Obj></En></DCT></Obj>'
)


def _input_xml(layer: str, dice: Random) -> str:
    sound = dice.choice(
        (
            "<S>text</S>",
            '<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I64 N="ci">1</I64></MS></Obj>',
            _TABLE,
        )
    )
    return _broken(sound, dice) if layer == "clixml" else sound


def _broken(clixml: str, dice: Random) -> str:
    """Three in four are sound XML that says something else."""
    if dice.random() < 0.25:
        return damaged(clixml.encode(), dice).decode("utf-8", "replace")
    return changed(clixml, dice)


def _psrp(layer: str, dice: Random, data: bytes) -> str:
    return base64.b64encode(damaged(data, dice) if layer == "fragments" else data).decode()


def _send(command_id: str, data: str) -> str:
    stream = f'<rsp:Stream Name="stdin" CommandId="{command_id}">{data}</rsp:Stream>'
    return f"<rsp:Send>{stream}</rsp:Send>"


def _receive(dice: Random, command_id: str) -> str:
    mark = f' CommandId="{command_id}"' if dice.random() < 0.8 else ""
    return f"<rsp:Receive><rsp:DesiredStream{mark}>stdout</rsp:DesiredStream></rsp:Receive>"


def _signal(dice: Random, command_id: str) -> str:
    code = dice.choice(("terminate", "ctrl_c", "powershell/signal/crtl_c", "x"))
    return f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{SHELL}/signal/{code}</rsp:Code></rsp:Signal>'


def _token(dice: Random) -> str:
    kind = dice.choice(("basic", "ntlm", "negotiate"))
    if kind == "basic":
        return "Basic " + base64.b64encode(damaged(f"{USER}:{PASSWORD}".encode(), dice)).decode()
    options = {"ntlm": spnego.NegotiateOptions.use_ntlm, "negotiate": spnego.NegotiateOptions.use_negotiate}[kind]
    first = spnego.client(USER, "wrong", protocol=kind, options=options).step() or b""
    text = base64.b64encode(damaged(first, dice)).decode()
    mark = "" if dice.random() < 0.9 else "!"
    return dice.choice(("Negotiate ", "Kerberos ", "Negotiate", "CredSSP ")) + mark + text


# -- the other side ----------------------------------------------------------------------------------------------------


@dataclass
class _Target:
    """The machine under fire, and the sound requests to it."""

    address: str
    port: int

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def http(self, body: bytes, token: str) -> bytes:
        lines = f"Host: {self.address}\r\nAuthorization: {token}\r\nContent-Type: application/soap+xml;charset=UTF-8"
        return f"POST /wsman HTTP/1.1\r\n{lines}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def exchange(self, raw: bytes) -> str:
        """Send a request and tell what came: a status, ``closed`` or ``silence`` (it waits for more)."""
        text = await self._talk(raw, _PATIENCE)
        status = re.match(rb"HTTP/1\.1 (\d+)", text)
        return status[1].decode() if status else "silence" if text == b"" else "closed"

    async def ask(self, raw: bytes) -> str:
        """A sound request, for which there is time."""
        return (await self._talk(raw, 10.0)).decode("utf-8", "replace")

    async def _talk(self, raw: bytes, patience: float) -> bytes:
        reader, writer = await asyncio.open_connection(self.address, self.port)
        try:
            writer.write(raw)
            return await asyncio.wait_for(_answer(reader), patience)
        except TimeoutError:
            return b""
        except ConnectionError:
            return b"-"
        finally:
            writer.transport.abort()

    async def open_pool(self, number: int) -> PoolClient:
        pool = PoolClient(UUID(int=Random(f"pool {number}").getrandbits(128), version=4))
        build = Wire(self.address, self.port)
        xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{pool.creation()}</creationXml>'
        body = f'<rsp:Shell ShellId="{pool.shown}">{xml}</rsp:Shell>'
        raw = build.envelope(build.fields(f"{TRANSFER}/Create", POWERSHELL), body).encode()
        answer = await self.ask(self.http(raw, self.basic))
        assert "200 OK" in answer, answer
        pool.shell = pool.shown
        return pool

    async def clean(self) -> None:
        """Delete, as their owner, all shells that an enumeration tells of."""
        build = Wire(self.address, self.port)
        listing = build.envelope(build.fields(f"{ENUMERATION}/Enumerate", SHELL), "<wsen:Enumerate/>").encode()
        answer = await self.ask(self.http(listing, self.basic))
        for shell in re.findall(rf"<rsp:ShellId>({GUID})</rsp:ShellId>", answer):
            await self.delete(shell)

    async def delete(self, shell: str) -> None:
        if not shell:
            return
        build = Wire(self.address, self.port)
        selector = f'<wsman:SelectorSet><wsman:Selector Name="ShellId">{shell}</wsman:Selector></wsman:SelectorSet>'
        delete = build.envelope(build.fields(f"{TRANSFER}/Delete", POWERSHELL) + selector, "").encode()
        await self.ask(self.http(delete, self.basic))

    async def healthy(self) -> bool:
        """Whether a sound request is answered soundly."""
        build = Wire(self.address, self.port)
        config = "http://schemas.microsoft.com/wbem/wsman/1/config"
        raw = build.envelope(build.fields(f"{TRANSFER}/Get", config), "").encode()
        return "MaxEnvelopeSizekb" in await self.ask(self.http(raw, self.basic))


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = b""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        return head + await reader.readexactly(int(length[1]) if length else 0)
    except asyncio.IncompleteReadError as ended:
        return head or ended.partial or b"-"
