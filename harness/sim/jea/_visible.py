"""What a role leaves of a computer's commands: cmdlets as they are, and proxy functions for what is limited.

A limited command is a proxy function of the same name (InitialSessionState.cs, read 2026-11-22): CommandType Function,
no module, only the visible parameters beside the common ones, and objects of the cmdlet's own types. A parameter that
takes the pipeline's objects takes them only while it is visible.
"""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harness.sim.cmdlets import Bound, Command, Scope, record
from harness.sim.jea._role import ParameterRule, Role, VisibleCommand
from harness.sim.jea._stubs import STUB_RULES, STUBS
from harness.sim.objects import ErrorRecord

__all__ = ["Rules", "visible_commands"]

Rules = dict[str, dict[str, ParameterRule]]
"""By lower-case command name and parameter name: what a proxy function checks."""

_PIPED: Mapping[str, tuple[str, ...]] = {
    "Get-VMIntegrationService": ("VM",),
    "Enable-VMIntegrationService": ("VMIntegrationService", "VM"),
    "Disable-VMIntegrationService": ("VMIntegrationService", "VM"),
    "Get-Service": ("Name", "InputObject"),
    "Suspend-ClusterNode": ("Name", "InputObject"),
    "Resume-ClusterNode": ("Name", "InputObject"),
    "Move-ClusterVirtualMachineRole": ("Name", "InputObject"),
}
"""Parameters that take what the pipeline brings, where InputObject is not the one (Microsoft Learn, per cmdlet)."""
_UNBOUND = (
    "The input object cannot be bound to any parameters for the command either because the command does not take "
    "pipeline input or the input and its properties do not match any of the parameters that take pipeline input."
)


def visible_commands(role: Role, commands: Mapping[str, Command[Scope]]) -> tuple[dict[str, Command[Scope]], Rules]:
    """The commands of an endpoint by lower-case name, and the rules that its proxy functions check.

    A cmdlet that stands behind a function of the same name is found under its full name only, as in PowerShell, where
    a function goes before a cmdlet.

    Args:
        role: what is visible.
        commands: all the commands of the computer, by lower-case name.
    """
    shown: dict[str, Command[Scope]] = {stub.name.casefold(): stub for stub in STUBS}
    rules: Rules = {}
    stubs = (VisibleCommand(name, limits) for name, limits in STUB_RULES.items())
    for visible in (*stubs, *(one for one in role.commands if one.parameters is not None)):
        for command in _meant(visible.name, commands.values()):
            limits = {rule.name.casefold(): rule for rule in visible.parameters or ()}
            shown[command.name.casefold()] = _proxy(command, limits)
            rules[command.name.casefold()] = limits
    for visible in role.commands:
        if visible.parameters is None:
            for command in _meant(visible.name, commands.values()):
                bare = command.name.casefold()
                behind = bare in shown and shown[bare] is not command
                shown[f"{command.module}\\{command.name}".casefold() if behind else bare] = command
    return shown, rules


def _meant(name: str, commands: Iterable[Command[Scope]]) -> Iterator[Command[Scope]]:
    module, _, bare = name.casefold().rpartition("\\")
    for command in commands:
        if fnmatch.fnmatchcase(command.name.casefold(), bare) and module in {"", command.module.casefold()}:
            yield command


def _proxy(command: Command[Scope], limits: Mapping[str, ParameterRule]) -> Command[Scope]:
    parameters = tuple(spec for spec in command.parameters if spec.name.casefold() in limits)
    takes = any(name.casefold() in limits for name in _PIPED.get(command.name, ("InputObject",)))

    def run(bound: Bound[Scope]) -> object:
        given = bound.input
        if given is not None and not takes:
            for item in given:
                bound.error(_unbound(bound, item))
            return []
        return command.run(replace(bound, command=command))

    return replace(
        command,
        run=run,  # type: ignore[arg-type]
        parameters=parameters,
        module="",
        class_name="",
        kind="Function",
    )


def _unbound(bound: Bound[Scope], item: object) -> ErrorRecord:
    error_id = f"InputObjectNotBound,{bound.command.name}"
    return record(_UNBOUND, error_id, 5, reason="ParameterBindingException", target=item)
