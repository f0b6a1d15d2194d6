"""Get-Command, Get-Module, Get-Variable, Get-Date, Start-Sleep, Out-* and Import-Module."""

import asyncio
import fnmatch
from collections.abc import Iterable

from harness.sim.cmdlets._cim_classes import local_time
from harness.sim.cmdlets._convert import as_list, to_text
from harness.sim.cmdlets._dispatch import Command
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, command_not_found, record
from harness.sim.cmdlets._scope import Call, Scope, cmdlet
from harness.sim.cmdlets._values import prop, property_names
from harness.sim.objects import Enum, Obj, Version

__all__ = ["COMMANDS", "display_lines"]

_UTILITY = "Microsoft.PowerShell.Utility"
_CLASS = "Microsoft.PowerShell.Commands."
_TYPES = {"Cmdlet": ("CmdletInfo", 8), "Function": ("FunctionInfo", 2), "Alias": ("AliasInfo", 1)}


def _command_info(command: Command[Scope], modules: dict[str, str]) -> Obj:
    kind, number = _TYPES[command.kind]
    version = modules.get(command.module, "3.1.0.0")
    full = f"System.Management.Automation.{kind}"
    return Obj(
        (full, "System.Management.Automation.CommandInfo", "System.Object"),
        {
            "Name": command.name,
            "CommandType": Enum("System.Management.Automation.CommandTypes", command.kind, number),
            "ModuleName": command.module,
            "Source": command.module,
            "Version": Version(version),
            "Parameters": {spec.name: spec.kind for spec in command.parameters},
            "ResolvedCommandName": None,
            "OutputType": [],
            "HelpUri": "",
        },
        text=command.name,
    )


def _kinds(value: object) -> int:
    """-CommandType as flags: names, or the numbers that a client's metadata request sends."""
    flags = 0
    for item in as_list(value or []):
        number = item.value if isinstance(item, Enum) else item
        flags |= number if isinstance(number, int) else _flag(to_text(number))
    return flags


def _flag(name: str) -> int:
    return next((flag for known, (_, flag) in _TYPES.items() if known.casefold() == name.casefold()), 1 << 30)


@cmdlet(
    "Get-Command",
    P("Name", "string[]", 0),
    P("Module", "string[]"),
    P("CommandType", "object[]"),
    P("ArgumentList", "object[]", aliases=("Args",)),
    P("ListImported", "switch"),
    P("All", "switch"),
    P("TotalCount", "int"),
    class_name=_CLASS + "GetCommandCommand",
)
def get_command(call: Call) -> Iterable[object]:
    modules = call.scope.modules
    wanted = [name.casefold() for name in call.texts("Module")]
    kinds = _kinds(call.get("CommandType"))
    found: list[Command[Scope]] = []
    for name in call.texts("Name") or ["*"]:
        matching = call.table.matching(name)
        exact = call.table.find(name)
        if not matching and exact is not None:
            matching = [exact]
        if not matching and not set(name) & set("*?["):
            call.error(command_not_found(name).record)
        found += matching
    if wanted:
        found = [command for command in found if any(fnmatch.fnmatchcase(command.module.casefold(), m) for m in wanted)]
    if kinds:
        found = [command for command in found if _TYPES[command.kind][1] & kinds]
    return [_command_info(command, modules) for command in found]


@cmdlet(
    "Get-Module",
    P("Name", "string[]", 0),
    P("ListAvailable", "switch"),
    P("All", "switch"),
    P("Refresh", "switch"),
    class_name=_CLASS + "GetModuleCommand",
)
def get_module(call: Call) -> Iterable[object]:
    wanted = [name.casefold() for name in call.texts("Name")]
    if not call.switch("ListAvailable"):
        return []
    return [
        _module_info(name, version)
        for name, version in sorted(call.scope.modules.items())
        if not wanted or any(fnmatch.fnmatchcase(name.casefold(), pattern) for pattern in wanted)
    ]


def _module_info(name: str, version: str) -> Obj:
    kind = "Script" if name == "ServerAVMAManager" else "Binary"
    folder = rf"C:\Windows\System32\WindowsPowerShell\v1.0\Modules\{name}"
    return Obj(
        ("System.Management.Automation.PSModuleInfo", "System.Object"),
        {
            "Name": name,
            "Version": Version(version),
            "ModuleType": Enum("System.Management.Automation.ModuleType", kind, 0 if kind == "Script" else 1),
            "Path": rf"{folder}\{name}.psd1",
            "ModuleBase": folder,
            "Description": "",
            "PowerShellVersion": Version("5.1"),
        },
        text=name,
    )


@cmdlet(
    "Import-Module",
    P("Name", "string[]", 0, mandatory=True),
    P("Force", "switch"),
    P("PassThru", "switch"),
    class_name=_CLASS + "ImportModuleCommand",
)
def import_module(call: Call) -> Iterable[object]:
    modules = call.scope.modules
    found = []
    for name in call.texts("Name"):
        bare = name.replace("/", "\\").rpartition("\\")[2].rpartition(".")[0] if "\\" in name else name
        match = next((known for known in modules if known.casefold() == bare.casefold()), None)
        if match is None:
            text = f"The specified module '{name}' was not loaded because no valid module file was found."
            error_id = f"Modules_ModuleNotFound,{_CLASS}ImportModuleCommand"
            call.error(
                record(text, error_id, Category.RESOURCE_UNAVAILABLE, reason="ItemNotFoundException", target=name)
            )
        else:
            found.append(_module_info(match, modules[match]))
    return found if call.switch("PassThru") else []


@cmdlet(
    "Get-Variable",
    P("Name", "string[]", 0),
    P("ValueOnly", "switch"),
    P("Scope"),
    module=_UTILITY,
    class_name=_CLASS + "GetVariableCommand",
)
def get_variable(call: Call) -> Iterable[object]:
    found: list[object] = []
    for name in call.texts("Name"):
        key = name.casefold()
        if key not in call.table.variables:
            text = f"Cannot find a variable with the name '{name}'."
            error_id = f"VariableNotFound,{_CLASS}GetVariableCommand"
            call.error(record(text, error_id, Category.OBJECT_NOT_FOUND, reason="ItemNotFoundException", target=name))
            continue
        value = call.table.variables[key]
        types = ("System.Management.Automation.PSVariable", "System.Object")
        found.append(value if call.switch("ValueOnly") else Obj(types, {"Name": name, "Value": value}, text=types[0]))
    return found


@cmdlet(
    "Get-Date",
    P("Date", "datetime", 0),
    P("Format"),
    P("DisplayHint"),
    module=_UTILITY,
    class_name=_CLASS + "GetDateCommand",
)
def get_date(call: Call) -> Iterable[object]:
    moment = local_time(call.scope.windows, call.scope.world.clock.now())
    form = call.text("Format").casefold()
    if form == "s":
        return [f"{moment:%Y-%m-%dT%H:%M:%S}"]
    return [moment.isoformat(timespec="microseconds")] if form == "o" else [moment]


@cmdlet("Start-Sleep", P("Seconds", "int", 0), P("Milliseconds", "int", aliases=("ms",)), module=_UTILITY)
async def start_sleep(call: Call) -> Iterable[object]:
    """Takes real time, also where the lab's clock was moved; ends when the pipeline is stopped."""
    await asyncio.sleep(call.number("Seconds") + call.number("Milliseconds") / 1000)
    return []


def _through(call: Call) -> Iterable[object]:
    return [call.get("InputObject")] if call.has("InputObject") else list(call.input or [])


def _nothing(_call: Call) -> Iterable[object]:
    return []


def display_lines(value: object) -> str:
    """A value as Format-List would: good enough for Out-String, no claim to the formatting engine."""
    if not isinstance(value, Obj | dict):
        return to_text(value)
    names = property_names(value)
    width = max(map(len, names), default=0)
    rows = [f"{name:<{width}} : {to_text(prop(value, name))}" for name in names]
    return "\r\n" + "\r\n".join(rows) + "\r\n"


def _out_string(call: Call) -> Iterable[object]:
    lines = [display_lines(value) for value in _through(call)]
    return lines if call.switch("Stream") else ["\r\n".join(lines) + "\r\n"] if lines else []


out_default = cmdlet("Out-Default", P("InputObject", "object"), P("Transcript", "switch"))(_through)
out_host = cmdlet("Out-Host", P("InputObject", "object"), P("Paging", "switch"))(_through)
out_null = cmdlet("Out-Null", P("InputObject", "object"))(_nothing)
out_string = cmdlet(
    "Out-String", P("InputObject", "object"), P("Width", "int"), P("Stream", "switch"), module=_UTILITY
)(_out_string)

COMMANDS = (
    get_command,
    get_module,
    import_module,
    get_variable,
    get_date,
    start_sleep,
    out_default,
    out_host,
    out_null,
    out_string,
)
