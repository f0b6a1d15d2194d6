"""Hand-built envelopes and PSRP messages, and what came back: a client without any client library."""

import base64
import http.client
import re
import struct
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID, uuid4

from sim_protocol_lab import PASSWORD, USER

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD = f"{SHELL}/cmd"
POWERSHELL = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
PREFIXES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": TRANSFER,
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "n": ENUMERATION,
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": SHELL,
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
}
GUID = "[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str

    @property
    def body(self) -> str:
        return re.sub(r".*<s:Body>(.*)</s:Body></s:Envelope>", r"\1", self.text, flags=re.DOTALL)


@dataclass
class Wire:
    """One connection; requests carry the header fields that pypsrp sends, under its prefixes."""

    address: str
    port: int
    message_id: str = "uuid:0000000A-0000-0000-0000-00000000000a"
    _connection: http.client.HTTPConnection | None = None

    def post(self, body: str | bytes, **headers: str) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.address, self.port, timeout=20)
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "Content-Type": "application/soap+xml;charset=UTF-8", **headers}
        data = body.encode() if isinstance(body, str) else body
        self._connection.request("POST", "/wsman", data, sent)
        response = self._connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read().decode())
        if response.getheader("Connection") == "close":
            self.close()
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(
        self,
        action: str,
        resource: str,
        body: str = "",
        *,
        shell: str = "",
        options: dict[str, str] | None = None,
        timeout: str = "PT20S",
        size: int = 153600,
        header: str = "",
    ) -> Answer:
        fields = self.fields(action, resource, timeout, size)
        return self.post(self.envelope(fields + _sets(shell, options or {}) + header, body))

    def fields(self, action: str, resource: str, timeout: str = "PT20S", size: int = 153600) -> str:
        """The header fields, in pypsrp's order."""
        return (
            f'<wsa:Action s:mustUnderstand="true">{action}</wsa:Action>'
            '<wsmv:DataLocale s:mustUnderstand="false" xml:lang="en-US" />'
            '<wsman:Locale s:mustUnderstand="false" xml:lang="en-US" />'
            f'<wsman:MaxEnvelopeSize s:mustUnderstand="true">{size}</wsman:MaxEnvelopeSize>'
            f"<wsa:MessageID>{self.message_id}</wsa:MessageID>"
            f"<wsman:OperationTimeout>{timeout}</wsman:OperationTimeout>"
            f'<wsa:ReplyTo><wsa:Address s:mustUnderstand="true">{ANONYMOUS}</wsa:Address></wsa:ReplyTo>'
            f'<wsman:ResourceURI s:mustUnderstand="true">{resource}</wsman:ResourceURI>'
            '<wsmv:SessionId s:mustUnderstand="false">uuid:1111111A-0000-0000-0000-000000000001</wsmv:SessionId>'
            f"<wsa:To>http://{self.address}:{self.port}/wsman</wsa:To>"
        )

    def envelope(self, header: str, body: str) -> str:
        declared = (
            'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
            'xmlns:wsmv="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" '
            f'xmlns:rsp="{SHELL}" xmlns:wsen="{ENUMERATION}"'
        )
        return f"<s:Envelope {declared}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"

    def create_cmd(self, extra: str = "") -> Answer:
        streams = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        return self.send(f"{TRANSFER}/Create", CMD, f"<rsp:Shell>{streams}{extra}</rsp:Shell>")

    def create_pool(self, pool: "PoolClient", extra: str = "", resource: str = POWERSHELL) -> Answer:
        body = (
            f'<rsp:Shell ShellId="{pool.shown}"><rsp:InputStreams>stdin pr</rsp:InputStreams>'
            f"<rsp:OutputStreams>stdout</rsp:OutputStreams>{extra}"
            f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{pool.creation()}</creationXml></rsp:Shell>'
        )
        return self.send(f"{TRANSFER}/Create", resource, body, options={"protocolversion": "2.3"})

    def command(self, shell: str, program: str, *arguments: str, **options: str) -> Answer:
        words = "".join(f"<rsp:Arguments>{word}</rsp:Arguments>" for word in arguments)
        body = f"<rsp:CommandLine><rsp:Command>{program}</rsp:Command>{words}</rsp:CommandLine>"
        return self.send(f"{SHELL}/Command", CMD, body, shell=shell, options=options)

    def pipeline(self, pool: "PoolClient", command_id: str, clixml: str) -> Answer:
        data = pool.message(0x00021006, clixml, UUID(command_id))
        body = (
            f'<rsp:CommandLine CommandId="{command_id}"><rsp:Command /><rsp:Arguments>{data}</rsp:Arguments>'
            "</rsp:CommandLine>"
        )
        return self.send(f"{SHELL}/Command", POWERSHELL, body, shell=pool.shell)

    def raw_receive(self, shell: str, resource: str, command_id: str) -> bytes:
        """The bytes of a Receive, for clients that send them themselves."""
        stream = f'<rsp:DesiredStream CommandId="{command_id}">stdout</rsp:DesiredStream>'
        fields = self.fields(f"{SHELL}/Receive", resource) + _sets(shell, {})
        body = self.envelope(fields, f"<rsp:Receive>{stream}</rsp:Receive>").encode()
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        lines = f"Host: {self.address}\r\nAuthorization: Basic {basic}\r\nContent-Length: {len(body)}"
        return f"POST /wsman HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body

    def receive(self, shell: str, resource: str, command_id: str = "", streams: str = "stdout", **more: str) -> Answer:
        mark = f' CommandId="{command_id}"' if command_id else ""
        body = f"<rsp:Receive><rsp:DesiredStream{mark}>{streams}</rsp:DesiredStream></rsp:Receive>"
        keep = {"WSMAN_CMDSHELL_OPTION_KEEPALIVE": "True"}
        return self.send(f"{SHELL}/Receive", resource, body, shell=shell, options=keep, **more)  # type: ignore[arg-type]

    def signal(self, shell: str, resource: str, command_id: str, code: str) -> Answer:
        body = f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>'
        return self.send(f"{SHELL}/Signal", resource, body, shell=shell)

    def delete(self, shell: str, resource: str) -> Answer:
        return self.send(f"{TRANSFER}/Delete", resource, shell=shell)


def _sets(shell: str, options: dict[str, str]) -> str:
    chosen = "".join(f'<wsman:Option Name="{name}">{value}</wsman:Option>' for name, value in options.items())
    option_set = f'<wsman:OptionSet s:mustUnderstand="true">{chosen}</wsman:OptionSet>' if chosen else ""
    selector = f'<wsman:Selector Name="ShellId">{shell}</wsman:Selector>'
    return option_set + (f"<wsman:SelectorSet>{selector}</wsman:SelectorSet>" if shell else "")


def expected(prefixes: str, action: str, body: str, *, message_id: str, activity: bool = True, header: str = "") -> str:
    """A pattern for a whole response: the order and the prefixes of a recorded one."""
    declared = " ".join(f'xmlns:{prefix}="{PREFIXES[prefix]}"' for prefix in prefixes.split())
    mark = f"<p:ActivityId>{GUID}</p:ActivityId>" if activity else ""
    related = f"<a:RelatesTo>{re.escape(message_id)}</a:RelatesTo>" if message_id else ""
    return (
        f'<s:Envelope xml:lang="en-US" {re.escape(declared)}><s:Header><a:Action>{re.escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{GUID}</a:MessageID>{mark}<a:To>{re.escape(ANONYMOUS)}</a:To>{related}{header}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


@dataclass
class PoolClient:
    """Just enough PSRP to open a pool by hand."""

    id: UUID = field(default_factory=uuid4)
    shell: str = ""
    has_host: bool = False
    _objects: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def shown(self) -> str:
        return str(self.id).upper()

    def message(self, kind: int, clixml: str, pipeline: UUID | None = None) -> str:
        return base64.b64encode(self.fragment(kind, clixml, pipeline)).decode()

    def fragment(self, kind: int, clixml: str, pipeline: UUID | None = None) -> bytes:
        header = struct.pack("<II", 2, kind) + self.id.bytes_le + (pipeline or UUID(int=0)).bytes_le
        data = header + clixml.encode()
        return struct.pack(">QQBI", next(self._objects), 0, 3, len(data)) + data

    def creation(self) -> str:
        capability = (
            '<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
            '<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
        )
        host = f'<Obj N="HostInfo"><MS><B N="_isHostNull">{str(not self.has_host).lower()}</B></MS></Obj>'
        init = f'<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32>{host}</MS></Obj>'
        both = self.fragment(0x00010002, capability) + self.fragment(0x00010004, init)
        return base64.b64encode(both).decode()


def command_xml(name: str, *arguments: str, no_input: bool = True) -> str:
    """A CREATE_PIPELINE with one command and positional texts."""
    given = "".join(f'<Obj><MS><Nil N="N" /><S N="V">{one}</S></MS></Obj>' for one in arguments)
    command = (
        f'<Obj><MS><S N="Cmd">{name}</S><B N="IsScript">false</B><Obj N="Args"><LST>{given}</LST></Obj></MS></Obj>'
    )
    return (
        f'<Obj RefId="0"><MS><B N="NoInput">{str(no_input).lower()}</B>'
        f'<Obj N="PowerShell"><MS><Obj N="Cmds"><LST>{command}</LST></Obj></MS></Obj></MS></Obj>'
    )


@dataclass(frozen=True)
class ServerMessage:
    object_id: int
    destination: int
    kind: int
    pool: UUID
    pipeline: UUID
    bom: bool
    clixml: str


def messages(answer: Answer) -> list[ServerMessage]:
    """The PSRP messages of a ReceiveResponse whose fragments are whole messages."""
    found = []
    for blob in re.findall(r"<rsp:Stream [^>]*>([^<]+)</rsp:Stream>", answer.text):
        data = base64.b64decode(blob)
        object_id, number, flags, length = struct.unpack_from(">QQBI", data)
        assert (number, flags, length) == (0, 3, len(data) - 21)
        destination, kind, pool, pipeline = struct.unpack_from("<II16s16s", data, 21)
        text = data[61:]
        found.append(
            ServerMessage(
                object_id,
                destination,
                kind,
                UUID(bytes_le=pool),
                UUID(bytes_le=pipeline),
                text.startswith(b"\xef\xbb\xbf"),
                text.removeprefix(b"\xef\xbb\xbf").decode(),
            )
        )
    return found
