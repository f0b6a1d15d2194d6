"""CREATE_PIPELINE and GET_COMMAND_METADATA to an invocation of the machine (MS-PSRP 2.2.2.10, 2.2.3.11, 2.2.2.14)."""

from dataclasses import dataclass

from harness.sim.machine import Call, Invocation, Parameter
from harness.sim.objects import Enum, Obj
from harness.sim.psrp._clixml_read import from_clixml
from harness.sim.psrp._wire import FragmentReader, MessageType, ProtocolError

__all__ = ["Created", "peek_calls", "read_command_metadata", "read_create_pipeline"]

_METADATA = ("Name", "Namespace", "HelpUri", "CommandType", "ResolvedCommandName", "OutputType", "Parameters")
_MERGES = ("Error", "Warning", "Verbose", "Debug", "Information")
_TO_OUTPUT, _TO_NOWHERE = 1, 7


@dataclass(frozen=True, slots=True)
class Created:
    """What the client asks to run.

    Attributes:
        invocation: statements and calls; its input is filled in when the client has sent it.
        wants_input: whether input follows in messages of its own.
        merged: streams that go into the output stream, by name as ``error``.
        silenced: streams that go nowhere.
    """

    invocation: Invocation
    wants_input: bool = False
    merged: frozenset[str] = frozenset()
    silenced: frozenset[str] = frozenset()


def read_create_pipeline(value: object) -> Created:
    """Take a CREATE_PIPELINE message's object apart.

    Raises:
        ProtocolError: a part is missing or of the wrong type.
    """
    message = _object(value, "CREATE_PIPELINE")
    power_shell = _object(message.get("PowerShell"), "PowerShell")
    extra = power_shell.get("ExtraCmds")
    if isinstance(extra, list) and extra:
        chains = [_list(_object(item, "ExtraCmds").get("Cmds"), "Cmds") for item in extra]
    else:
        chains = [_list(power_shell.get("Cmds"), "Cmds")]
    commands = [[_object(command, "command") for command in chain] for chain in chains if chain]
    if not commands:
        raise ProtocolError("a pipeline without a command")
    merged, silenced = _merges([chain[-1] for chain in commands])
    statements = tuple(tuple(_call(command) for command in chain) for chain in commands)
    return Created(Invocation(statements), message.get("NoInput") is False, merged, silenced)


def read_command_metadata(value: object) -> Created:
    """Take a GET_COMMAND_METADATA message apart: Windows runs Get-Command twice for it, for a count and for a list."""
    message = _object(value, "GET_COMMAND_METADATA")
    parameters = [Parameter("Name", message.get("Name")), Parameter("ErrorAction", "SilentlyContinue")]
    kind = message.get("CommandType")
    if isinstance(kind, Enum):
        parameters.append(Parameter("CommandType", kind.value))
    if message.get("Namespace") is not None:
        parameters.append(Parameter("Module", message.get("Namespace")))
    if message.get("ArgumentList") is not None:
        parameters.append(Parameter("ArgumentList", message.get("ArgumentList")))
    get = Call("Get-Command", tuple(parameters))
    count = (get, Call("Measure-Object"), Call("Select-Object", (Parameter("Property", ["Count"]),)))
    show = (get, Call("Select-Object", (Parameter("Property", list(_METADATA)),)))
    return Created(Invocation((count, show)))


def _call(command: Obj) -> Call:
    name = command.get("Cmd")
    if not isinstance(name, str):
        raise ProtocolError("a command without a name")
    arguments = [_object(item, "argument") for item in _list(command.get("Args") or [], "Args")]
    parameters = tuple(Parameter(_name(item.get("N")), item.get("V")) for item in arguments)
    local = command.get("UseLocalScope")
    return Call(name, parameters, command.get("IsScript") is True, local if isinstance(local, bool) else None)


def _name(value: object) -> str | None:
    if value is None:
        return None
    return str(value).removeprefix("-").removesuffix(":")


def _merges(commands: list[Obj]) -> tuple[frozenset[str], frozenset[str]]:
    """Merges of the last command of each statement; the older MergeMyResult and MergeToResult mean errors."""
    merged: set[str] = set()
    silenced: set[str] = set()
    for command in commands:
        targets = {name.lower(): _number(command.get(f"Merge{name}")) for name in _MERGES}
        if _number(command.get("MergeMyResult")) == 2 and not targets["error"]:
            targets["error"] = _number(command.get("MergeToResult"))
        merged |= {name for name, target in targets.items() if target == _TO_OUTPUT}
        silenced |= {name for name, target in targets.items() if target == _TO_NOWHERE}
    return frozenset(merged), frozenset(silenced)


def _number(value: object) -> int:
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, int) else 0


def _object(value: object, what: str) -> Obj:
    if not isinstance(value, Obj):
        raise ProtocolError(f"{what} is not an object")
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise ProtocolError(f"{what} is not a list")
    return value


def peek_calls(data: bytes) -> list[str]:
    """The names of the commands in a CREATE_PIPELINE that is whole within these fragments; secure strings stay shut.

    Raises:
        ProtocolError: the data is not PSRP.
    """
    names: list[str] = []
    for message in FragmentReader().feed(data):
        if message.type is MessageType.CREATE_PIPELINE:
            created = read_create_pipeline(from_clixml(message.data, lambda _: ""))
            names.extend(call.name for chain in created.invocation.statements for call in chain)
    return names
