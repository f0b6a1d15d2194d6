"""The eight commands that every restricted endpoint shows, each a function with few parameters.

After CommandMetadata.GetRestrictedCommands and the list of default commands in Microsoft Learn "JEA Session
Configurations", read 2026-11-22. They serve implicit remoting and Enter-PSSession, hence their odd sets.
"""

from collections.abc import Mapping

from harness.sim.cmdlets import Call, Command, Scope, cmdlet, record
from harness.sim.cmdlets import ParameterSpec as P
from harness.sim.jea._role import ParameterRule

__all__ = ["STUBS", "STUB_ALIASES", "STUB_RULES"]

STUB_ALIASES = {
    "clear": "Clear-Host",
    "cls": "Clear-Host",
    "exsn": "Exit-PSSession",
    "gcm": "Get-Command",
    "measure": "Measure-Object",
    "select": "Select-Object",
}

_SELECTABLE = (
    "ModuleName",
    "Namespace",
    "OutputType",
    "Count",
    "HelpUri",
    "Name",
    "CommandType",
    "ResolvedCommandName",
    "DefaultParameterSet",
    "CmdletBinding",
    "Parameters",
)
_SAFE_NAME = r"[-._:\\\w]{1,100}"

STUB_RULES: Mapping[str, tuple[ParameterRule, ...]] = {
    "Get-Command": tuple(
        ParameterRule(name) for name in ("Name", "Module", "ArgumentList", "CommandType", "ListImported")
    ),
    "Measure-Object": (ParameterRule("InputObject"),),
    "Out-Default": (ParameterRule("InputObject"),),
    "Select-Object": (ParameterRule("Property", _SELECTABLE), ParameterRule("InputObject")),
}
"""The stubs that stand before a cmdlet of the lab, with what they let through."""


def _nothing(_call: Call) -> list[object]:
    return []


def _no_help(call: Call) -> list[object]:
    name = call.text("Name")
    text = f"Get-Help could not find {name} in a help file in this session: the simulated lab keeps no help."
    call.error(record(text, "HelpNotFound,Microsoft.PowerShell.Commands.GetHelpCommand", 13, target=name))
    return []


STUBS: tuple[Command[Scope], ...] = (
    cmdlet("Clear-Host", module="", kind="Function")(_nothing),
    cmdlet("Exit-PSSession", module="", kind="Function")(_nothing),
    cmdlet("Get-FormatData", P("TypeName", "string[]", 0), P("PowerShellVersion"), module="", kind="Function")(
        _nothing
    ),
    cmdlet("Get-Help", P("Name", "string", 0, pattern=f"^{_SAFE_NAME}$"), P("Category"), module="", kind="Function")(
        _no_help
    ),
)
"""The stubs that stand alone."""
