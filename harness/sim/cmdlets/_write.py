"""Write-*: one cmdlet for each stream of PowerShell (about_Output_Streams)."""

from collections.abc import Callable, Iterable

from harness.sim.cmdlets._convert import as_list, to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.objects import Obj, ProgressRecord

__all__ = ["COMMANDS", "HOST_MESSAGE"]

_UTILITY = "Microsoft.PowerShell.Utility"
_CLASS = "Microsoft.PowerShell.Commands."
_TEXT = P("Message", "string", 0, ("Msg",))
HOST_MESSAGE = "System.Management.Automation.HostInformationMessage"
"""What Write-Host puts into the information stream since Windows PowerShell 5.0."""


@cmdlet("Write-Output", P("InputObject", "object", 0), P("NoEnumerate", "switch"), module=_UTILITY)
def _output(call: Call) -> Iterable[object]:
    values = as_list(call.get("InputObject")) if call.has("InputObject") else list(call.input or [])
    return [values] if call.switch("NoEnumerate") else values


@cmdlet("Write-Error", _TEXT, P("ErrorId"), P("Category"), P("TargetObject", "object"), module=_UTILITY)
def _error(call: Call) -> Iterable[object]:
    text = call.text("Message")
    call.error(record(text, call.text("ErrorId", f"{_CLASS}WriteErrorException"), reason="WriteErrorException"))
    return []


@cmdlet("Write-Warning", _TEXT, module=_UTILITY)
def _warning(call: Call) -> Iterable[object]:
    call.warning(call.text("Message"))
    return []


@cmdlet("Write-Verbose", _TEXT, module=_UTILITY)
def _verbose(call: Call) -> Iterable[object]:
    return _on_demand(call, "Verbose", call.streams.verbose)


@cmdlet("Write-Debug", _TEXT, module=_UTILITY)
def _debug(call: Call) -> Iterable[object]:
    return _on_demand(call, "Debug", call.streams.debug)


def _on_demand(call: Call, stream: str, say: Callable[[str], None]) -> Iterable[object]:
    """Silent unless the switch of that name is given, or the preference variable is Continue."""
    if call.switch(stream) or to_text(call.table.variables.get(f"{stream.casefold()}preference")) == "Continue":
        say(call.text("Message"))
    return []


@cmdlet("Write-Information", P("MessageData", "object", 0, ("Msg",)), P("Tags", "string[]", 1), module=_UTILITY)
def _information(call: Call) -> Iterable[object]:
    """The record enters the stream whatever the preference says; that decides only whether a host shows it."""
    call.streams.information(call.get("MessageData"))
    return []


@cmdlet(
    "Write-Host",
    P("Object", "object", 0, ("Msg", "Message")),
    P("NoNewline", "switch"),
    P("Separator", "object"),
    P("ForegroundColor"),
    P("BackgroundColor"),
    module=_UTILITY,
)
def _host(call: Call) -> Iterable[object]:
    separator = call.text("Separator", " ")
    text = separator.join(to_text(value) for value in as_list(call.get("Object")))
    members = {"Message": text, "NoNewLine": call.switch("NoNewline")}
    call.streams.information(Obj((HOST_MESSAGE, "System.Object"), members, text=text))
    return []


@cmdlet(
    "Write-Progress",
    P("Activity", "string", 0),
    P("Status", "string", 1),
    P("Id", "int", 2),
    P("PercentComplete", "int"),
    P("SecondsRemaining", "int"),
    P("CurrentOperation"),
    P("ParentId", "int"),
    P("Completed", "switch"),
    P("SourceId", "int"),
    module=_UTILITY,
)
def _progress(call: Call) -> Iterable[object]:
    call.streams.progress(
        ProgressRecord(call.text("Activity"), call.text("Status", "Processing"), call.number("PercentComplete", -1))
    )
    return []


COMMANDS = (_output, _error, _warning, _verbose, _debug, _information, _host, _progress)
