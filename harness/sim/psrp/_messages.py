"""The CLIXML of the messages a server sends (MS-PSRP 2.2.2); layouts from recordings (pypsrp responses/*.yml)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from harness.sim.objects import Enum, ErrorRecord, ProgressRecord, UInt32, Version
from harness.sim.psrp._clixml_write import Writer
from harness.sim.psrp._error_object import error_object
from harness.sim.psrp._numbers import write_date
from harness.sim.psrp._text import encode_text
from harness.sim.psrp._typed import TypedList, TypedTable

__all__ = [
    "Origin",
    "PipelineState",
    "PoolState",
    "application_private_data",
    "availability",
    "encrypted_session_key",
    "error_record",
    "host_call",
    "information_record",
    "informational_record",
    "pipeline_state",
    "pool_init_data",
    "pool_state",
    "progress_record",
    "session_capability",
]

_PRIMITIVE_TABLE = (
    "System.Management.Automation.PSPrimitiveDictionary",
    "System.Collections.Hashtable",
    "System.Object",
)
_VERSIONS = ("System.Version[]", "System.Array", "System.Object")
_MSCORLIB = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
_TAGS = (
    f"System.Collections.Generic.List`1[[System.String, {_MSCORLIB}]]",
    "System.Object",
)


class PoolState:
    """RunspacePoolState (MS-PSRP 2.2.3.4)."""

    OPENED = 2
    CLOSED = 3
    BROKEN = 5


class PipelineState:
    """PSInvocationState (MS-PSRP 2.2.3.5)."""

    RUNNING = 1
    STOPPED = 3
    COMPLETED = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an information record comes from."""

    user: str
    computer: str
    process_id: int


def session_capability(protocol_version: str) -> str:
    """SESSION_CAPABILITY: what the server speaks."""
    return (
        f'<Obj RefId="0"><MS><Version N="protocolversion">{encode_text(protocol_version)}</Version>'
        '<Version N="PSVersion">2.0</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
    )


def application_private_data(protocol_version: str, os_version: str) -> str:
    """APPLICATION_PRIVATE_DATA: the PSVersionTable of Windows PowerShell 2.0 (protocol 2.1), 4.0 (2.2) or 5.1 (2.3)."""
    table = TypedTable(_PRIMITIVE_TABLE, _version_table(protocol_version, os_version))
    writer = Writer()
    writer.open(())
    writer.members("MS", {"ApplicationPrivateData": TypedTable(_PRIMITIVE_TABLE, {"PSVersionTable": table})}, depth=1)
    writer.close()
    return writer.text()


def _version_table(protocol_version: str, os_version: str) -> dict[str, object]:
    build = Version(os_version)
    if protocol_version == "2.1":
        return {
            "WSManStackVersion": Version("2.0"),
            "PSCompatibleVersions": TypedList(_VERSIONS, [Version("1.0"), Version("2.0")]),
            "SerializationVersion": Version("1.1.0.1"),
            "BuildVersion": build,
            "PSVersion": Version("2.0"),
            "CLRVersion": Version("2.0.50727.5420"),
            "PSRemotingProtocolVersion": Version("2.1"),
        }
    modern = protocol_version != "2.2"
    ps_version = Version(f"5.1.{os_version.split('.', 2)[-1]}" if modern else "4.0")
    older = ["1.0", "2.0", "3.0", "4.0", "5.0"] if modern else ["1.0", "2.0", "3.0"]
    edition: dict[str, object] = {"PSEdition": "Desktop"} if modern else {}
    return {
        "PSVersion": ps_version,
        **edition,
        "PSCompatibleVersions": TypedList(_VERSIONS, [*map(Version, older), ps_version]),
        "CLRVersion": Version("4.0.30319.42000"),
        "BuildVersion": build if modern else Version("6.3.9600.17400"),
        "WSManStackVersion": Version("3.0"),
        "PSRemotingProtocolVersion": Version(protocol_version),
        "SerializationVersion": Version("1.1.0.1"),
    }


def pool_state(state: int, error: ErrorRecord | None = None) -> str:
    """RUNSPACEPOOL_STATE."""
    return _state("RunspaceState", state, error)


def pipeline_state(state: int, error: ErrorRecord | None = None) -> str:
    """PIPELINE_STATE; a failed pipeline carries its error record."""
    return _state("PipelineState", state, error)


def _state(name: str, state: int, error: ErrorRecord | None) -> str:
    if error is None:
        return f'<Obj RefId="0"><MS><I32 N="{name}">{state}</I32></MS></Obj>'
    return _notes({name: state, "ExceptionAsErrorRecord": error_object(error)})


def pool_init_data(least: int, most: int) -> str:
    """RUNSPACEPOOL_INIT_DATA: the answer to a client that connects to a disconnected pool."""
    return f'<Obj RefId="0"><MS><I32 N="MinRunspaces">{least}</I32><I32 N="MaxRunspaces">{most}</I32></MS></Obj>'


def availability(call_id: int, response: bool | int) -> str:  # noqa: FBT001 - the protocol's own field
    """RUNSPACE_AVAILABILITY: the answer to a set, reset or count of runspaces."""
    if isinstance(response, bool):
        value = f'<B N="SetMinMaxRunspacesResponse">{str(response).lower()}</B>'
    else:
        value = f'<I64 N="SetMinMaxRunspacesResponse">{response}</I64>'
    return f'<Obj RefId="0"><MS>{value}<I64 N="ci">{call_id}</I64></MS></Obj>'


def encrypted_session_key(key: str) -> str:
    """ENCRYPTED_SESSION_KEY, base64."""
    return f'<Obj RefId="0"><MS><S N="EncryptedSessionKey">{key}</S></MS></Obj>'


def error_record(record: ErrorRecord, encrypt: Callable[[str], str] | None = None) -> str:
    """ERROR_RECORD."""
    writer = Writer(encrypt)
    writer.value(error_object(record))
    return writer.text()


def informational_record(kind: str, text: str) -> str:
    """DEBUG_RECORD, VERBOSE_RECORD or WARNING_RECORD; ``kind`` is ``Debug``, ``Verbose`` or ``Warning``."""
    written = encode_text(text)
    return (
        f'<Obj RefId="0"><TN RefId="0"><T>System.Management.Automation.{kind}Record</T>'
        "<T>System.Management.Automation.InformationalRecord</T><T>System.Object</T></TN>"
        f'<ToString>{written}</ToString><MS><S N="InformationalRecord_Message">{written}</S>'
        '<B N="InformationalRecord_SerializeInvocationInfo">false</B></MS></Obj>'
    )


def progress_record(record: ProgressRecord) -> str:
    """PROGRESS_RECORD."""
    kind = Enum("System.Management.Automation.ProgressRecordType", "Processing", 0)
    if record.status == "Completed":
        kind = Enum(kind.type_name, "Completed", 1)
    return _notes(
        {
            "Activity": record.activity,
            "ActivityId": 0,
            "StatusDescription": " " if record.status == "Completed" else record.status,
            "CurrentOperation": None,
            "ParentActivityId": -1,
            "PercentComplete": record.percent,
            "Type": kind,
            "SecondsRemaining": -1,
        }
    )


def information_record(value: object, moment: datetime, origin: Origin) -> str:
    """INFORMATION_RECORD, as Write-Information makes it."""
    writer = Writer()
    writer.open(())
    writer.raw("<MS>")
    writer.value(value, "MessageData")
    writer.value("Write-Information", "Source")
    writer.raw(f'<DT N="TimeGenerated">{write_date(moment)}</DT>')
    writer.value(TypedList(_TAGS), "Tags")
    writer.value(f"{origin.computer}\\{origin.user}", "User")
    writer.value(origin.computer, "Computer")
    writer.value(UInt32(origin.process_id), "ProcessId")
    writer.value(UInt32(origin.process_id + 8), "NativeThreadId")
    writer.value(UInt32(10), "ManagedThreadId")
    writer.raw("</MS>")
    writer.close()
    return writer.text()


def host_call(call_id: int, method: Enum, arguments: list[object]) -> str:
    """PIPELINE_HOST_CALL: asks the client's host to do ``method`` (MS-PSRP 2.2.3.17)."""
    array = TypedList(("System.Collections.ArrayList", "System.Object"), arguments)
    writer = Writer()
    writer.open(())
    writer.raw("<MS>")
    writer.raw(f'<I64 N="ci">{call_id}</I64>')
    writer.enum(method, "mi")
    writer.value(array, "mp")
    writer.raw("</MS>")
    writer.close()
    return writer.text()


def _notes(table: dict[str, object]) -> str:
    writer = Writer()
    writer.open(())
    writer.members("MS", table, depth=1)
    writer.close()
    return writer.text()
