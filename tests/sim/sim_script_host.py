"""A machine's commands for the script tests, few and transparent, and streams that keep what they were given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.sim.machine import Parameter, TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Obj, ProgressRecord

VM_TYPES = ("Microsoft.HyperV.PowerShell.VirtualMachine", "System.Object")
STATE = "Microsoft.HyperV.PowerShell.VMState"


def machine(name: str, state: str, number: int, memory: int) -> Obj:
    return Obj(
        VM_TYPES,
        {"Name": name, "State": Enum(STATE, state, number), "MemoryAssigned": memory, "Notes": None},
        text=f"VirtualMachine (Name = '{name}')",
    )


@dataclass
class KeptStreams:
    """Everything a script put out, by stream."""

    outputs: list[object] = field(default_factory=list)
    errors: list[ErrorRecord] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def output(self, value: object) -> None:
        self.outputs.append(value)

    def error(self, record: ErrorRecord) -> None:
        self.errors.append(record)

    def warning(self, text: str) -> None:
        self.texts.append(f"warning: {text}")

    def verbose(self, text: str) -> None:
        self.texts.append(f"verbose: {text}")

    def debug(self, text: str) -> None:
        self.texts.append(f"debug: {text}")

    def information(self, value: object) -> None:
        self.texts.append(f"information: {value}")

    def progress(self, record: ProgressRecord) -> None:
        self.texts.append(f"progress: {record.activity}")

    async def host(self, method: str, *arguments: object) -> object:
        assert method == "SetShouldExit", f"no script asks for {method}"
        self.texts.append(f"host: {method} {arguments[0]}")
        return None


@dataclass
class ScriptLab:
    """Get-VM, Select-Object, Write-Output, -Error and -Warning, Stop-Lab, Show-Arguments, cscript.exe."""

    calls: list[str] = field(default_factory=list)
    machines: list[Obj] = field(
        default_factory=lambda: [
            machine("web", "Running", 2, 4 << 30),
            machine("db", "Off", 3, 0),
            machine("app", "Running", 2, 2 << 30),
        ]
    )

    def knows(self, name: str) -> bool:
        return name.casefold().rpartition("\\")[2] in _COMMANDS

    def is_switch(self, name: str, parameter: str) -> bool:
        return parameter.casefold() in ("force", "passthru", "verbose", "whatif")

    async def run_command(self, name, parameters, items, streams):  # type: ignore[no-untyped-def]
        words = [f"-{one.name} {_shown(one.value)}" if one.name else _shown(one.value) for one in parameters]
        self.calls.append(" ".join([name, *words]))
        plain = name.casefold().rpartition("\\")[2]
        if plain == "cscript.exe":
            return [str(one.value) for one in parameters]
        if plain not in _COMMANDS:
            raise TerminatingError(ErrorRecord(f"The term '{name}' is not recognized", "CommandNotFoundException", 13))
        return _COMMANDS[plain](self, parameters, items, streams)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return "{" + ";".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    return str(value)


def _named(parameters: Sequence[Parameter], name: str, place: int | None = None) -> object:
    positional = [one.value for one in parameters if one.name is None]
    for one in parameters:
        if one.name and name.casefold().startswith(one.name.casefold()):
            return one.value
    return positional[place] if place is not None and place < len(positional) else None


def _get_vm(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    wanted = _named(parameters, "Name", 0)
    if wanted is None:
        return list(lab.machines)
    found = []
    for name in wanted if isinstance(wanted, list) else [wanted]:
        hits = [one for one in lab.machines if one.get("Name") == name]
        if not hits:
            text = f'Hyper-V was unable to find a virtual machine with name "{name}".'
            streams.error(
                ErrorRecord(
                    text,
                    "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM",
                    5,
                    ("Microsoft.HyperV.PowerShell.VirtualizationException", "System.Exception"),
                    target=name,
                )
            )
        found += hits
    return found


def _write_output(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    value = _named(parameters, "InputObject", 0) if parameters else items
    return list(value) if isinstance(value, list) else [value]


def _write_error(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    streams.error(ErrorRecord(str(_named(parameters, "Message", 0)), "WriteErrorException"))
    return []


def _write_warning(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    streams.warning(str(_named(parameters, "Message", 0)))
    return []


def _select(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    names = _named(parameters, "Property", 0)
    listed = names if isinstance(names, list) else [names]
    return [Obj(("Selected",), notes={str(name): one.get(str(name)) for name in listed}) for one in items or []]


def _stop(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    raise TerminatingError(
        ErrorRecord(
            "the lab stopped",
            "Stopped,StopLab",
            7,
            ("System.InvalidOperationException", "System.SystemException", "System.Exception"),
        )
    )


def _show(lab, parameters, items, streams):  # type: ignore[no-untyped-def]
    return [f"{one.name or '-'}={_shown(one.value)}" for one in parameters]


_COMMANDS = {
    "get-vm": _get_vm,
    "select-object": _select,
    "write-output": _write_output,
    "write-error": _write_error,
    "write-warning": _write_warning,
    "stop-lab": _stop,
    "show-arguments": _show,
}
