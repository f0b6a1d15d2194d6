"""PowerShell cmdlets over the world. Typed objects, parameter binding, error ids as Windows PowerShell 5.1 has them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.sim.cmdlets import (
    _avma,
    _azure,
    _cim,
    _cluster,
    _core,
    _direct,
    _events,
    _hyperv,
    _json,
    _select,
    _system,
    _write,
)
from harness.sim.cmdlets._aliases import ALIASES
from harness.sim.cmdlets._cim import CHANGING_METHODS
from harness.sim.cmdlets._convert import as_list, to_text
from harness.sim.cmdlets._core import display_lines
from harness.sim.cmdlets._dispatch import Bound, Command, CommandTable, ParameterSpec
from harness.sim.cmdlets._records import binding_failure, command_not_found, record
from harness.sim.cmdlets._scope import Call, GuestRunner, Scope, cmdlet
from harness.sim.cmdlets._write import HOST_MESSAGE

__all__ = [
    "ALIASES",
    "CHANGING_METHODS",
    "HOST_MESSAGE",
    "SHAPING",
    "Bound",
    "Call",
    "Command",
    "CommandTable",
    "GuestRunner",
    "ParameterSpec",
    "Scope",
    "as_list",
    "available_commands",
    "binding_failure",
    "cmdlet",
    "command_not_found",
    "display_lines",
    "record",
    "to_text",
]

_ALL: tuple[Command[Scope], ...] = (
    *_core.COMMANDS,
    *_write.COMMANDS,
    *_select.COMMANDS,
    *_json.COMMANDS,
    *_cim.COMMANDS,
    *_events.COMMANDS,
    *_system.COMMANDS,
    *_hyperv.COMMANDS,
    *_avma.COMMANDS,
    *_azure.COMMANDS,
    *_cluster.COMMANDS,
    *_direct.COMMANDS,
)
_OPTIONAL = frozenset({"Hyper-V", "FailoverClusters", "ServerAVMAManager", "AzureStackHCI", "Az.StackHCI"})


SHAPING = ("avma_set_validation", "avma_set_parameter", "script_block_refusal")
"""The variants that change what ``available_commands`` returns."""


def available_commands(modules: Iterable[str], variants: Mapping[str, str]) -> dict[str, Command[Scope]]:
    """The commands of a computer with these modules, by lower-case name."""
    validation, parameter, refusal = (variants[name] for name in SHAPING)
    installed = frozenset(modules)
    found = {
        command.name.casefold(): command
        for command in _ALL
        if command.module not in _OPTIONAL or command.module in installed
    }
    setter = _avma.setter(validation, parameter)
    if setter.name.casefold() in found:
        found[setter.name.casefold()] = setter
    if refusal == "plain":
        found = {name: _plain_refusal(command) for name, command in found.items()}
    return found


def _plain_refusal(command: Command[Scope]) -> Command[Scope]:
    """The same command, refusing text in the place of a script block with the shorter of the two error ids."""
    parameters = tuple(
        replace(one, refusal="CannotConvertArgument") if one.kind == "scriptblock" else one
        for one in command.parameters
    )
    return replace(command, parameters=parameters)
