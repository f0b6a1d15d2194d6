"""How a command's name and arguments find their code: the table, the binder, the error actions.

A cmdlet is a ``Command``: a name, its parameters and a function that takes a ``Bound`` call and returns (or yields)
objects. Commands of a chain run one after the other over whole lists; nothing in the lab needs streaming.
"""

import fnmatch
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from harness.sim.cmdlets._binding import NO_CONVERSION, bind, takes_no_argument
from harness.sim.cmdlets._convert import to_text
from harness.sim.cmdlets._records import command_not_found
from harness.sim.machine import Parameter, Streams, TerminatingError
from harness.sim.objects import ErrorRecord

__all__ = ["Bound", "Command", "CommandTable", "ParameterSpec"]

ScopeT = TypeVar("ScopeT")
Result = Iterable[object] | Awaitable[Iterable[object]]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter.

    ``kind`` is a type of ``_convert``; ``choices`` an enum's or ValidateSet's names; ``refusal`` the error id of
    a value of another type.
    """

    name: str
    kind: str = "string"
    position: int | None = None
    aliases: tuple[str, ...] = ()
    mandatory: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    refusal: str = NO_CONVERSION


@dataclass(frozen=True, slots=True, eq=False)
class Command(Generic[ScopeT]):
    """A cmdlet or function.

    ``class_name`` stands after the comma of its error ids; ``module`` decides where it exists; ``exclusive`` groups
    parameters of different parameter sets; ``changes`` marks what would change the world.
    """

    name: str
    run: Callable[["Bound[ScopeT]"], Result]
    parameters: tuple[ParameterSpec, ...] = ()
    module: str = "Microsoft.PowerShell.Core"
    class_name: str = ""
    kind: str = "Cmdlet"
    changes: bool = False
    exclusive: tuple[tuple[str, ...], ...] = ()

    @property
    def id_suffix(self) -> str:
        return self.class_name or self.name


@dataclass(slots=True, eq=False)
class Bound(Generic[ScopeT]):
    """One call with its arguments bound. ``input`` is what the pipeline brought, None at its head."""

    command: Command[ScopeT]
    arguments: Mapping[str, object]
    input: Sequence[object] | None
    scope: ScopeT
    streams: Streams
    table: "CommandTable[ScopeT]"

    def get(self, name: str, default: object = None) -> object:
        """The bound value of a parameter, or ``default`` when it was not given."""
        return self.arguments.get(name, default)

    def has(self, name: str) -> bool:
        return name in self.arguments

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name)
        return default if value is None else to_text(value)

    def texts(self, name: str) -> list[str]:
        value = self.arguments.get(name)
        return [to_text(item) for item in value] if isinstance(value, list) else []

    def number(self, name: str, default: int = 0) -> int:
        value = self.arguments.get(name)
        return value if isinstance(value, int) else default

    def switch(self, name: str) -> bool:
        return self.arguments.get(name) is True

    @property
    def error_action(self) -> str:
        return str(self.arguments.get("ErrorAction", "Continue"))

    def error(self, record: ErrorRecord) -> None:
        """Report a non-terminating error as -ErrorAction wants it. Raises TerminatingError under Stop."""
        if self.error_action == "Stop":
            raise TerminatingError(record)
        if self.error_action not in {"SilentlyContinue", "Ignore"}:
            self.streams.error(record)

    def warning(self, text: str) -> None:
        if str(self.arguments.get("WarningAction", "Continue")) not in {"SilentlyContinue", "Ignore"}:
            self.streams.warning(text)


@dataclass(slots=True, eq=False)
class CommandTable(Generic[ScopeT]):
    """The commands one session can see.

    ``run`` is the whole interface for a script evaluator: it binds, runs and returns what the command put out.
    Non-terminating errors go to ``streams``; a terminating one is raised as TerminatingError.

    Args:
        commands: by lower-case name.
        aliases: lower-case alias to name.
        scope: what the cmdlets work on.
        streams: where errors, warnings and verbose lines go.
        external: runs a native program (cscript.exe ...): name and arguments as text in, lines out; None: no such file.
        observe: told of each command before it runs, for the counters.
    """

    commands: Mapping[str, Command[ScopeT]]
    aliases: Mapping[str, str]
    scope: ScopeT
    streams: Streams
    external: Callable[[str, list[str], Streams], Awaitable[list[object] | None]] | None = None
    observe: Callable[[Command[ScopeT], Mapping[str, object]], None] | None = None
    variables: dict[str, object] = field(default_factory=dict)

    def find(self, name: str) -> Command[ScopeT] | None:
        """The command of that name or alias; a module-qualified name must name its module rightly."""
        module, _, bare = name.rpartition("\\")
        bare = self.aliases.get(bare.casefold(), bare)
        command = self.commands.get(bare.casefold())
        if command is None or (module and command.module.casefold() != module.casefold()):
            return None
        return command

    def matching(self, pattern: str) -> list[Command[ScopeT]]:
        """Commands whose name matches a wildcard pattern, in name order."""
        wanted = pattern.casefold()
        return [self.commands[name] for name in sorted(self.commands) if fnmatch.fnmatchcase(name, wanted)]

    def knows(self, name: str) -> bool:
        """Whether ``run`` would find a cmdlet, function or alias of that name."""
        return self.find(name) is not None

    def is_switch(self, name: str, parameter: str) -> bool:
        """Whether a parameter of a command, perhaps shortened, takes no argument."""
        command = self.find(name)
        return command is not None and takes_no_argument(command, parameter)

    def bind(self, command: Command[ScopeT], parameters: Sequence[Parameter]) -> Mapping[str, object]:
        """Arguments by parameter name. Raises TerminatingError where they do not bind."""
        return bind(command, parameters)

    async def run_command(
        self,
        name: str,
        parameters: Sequence[Parameter],
        input: Sequence[object] | None,  # noqa: A002 - the evaluator's name for it
        streams: Streams,
    ) -> list[object]:
        """As ``run``, with streams of the caller's: the shape in which the script evaluator asks."""
        return await replace(self, streams=streams).run(name, parameters, input)

    async def run(
        self, name: str, parameters: Sequence[Parameter] = (), input_objects: Sequence[object] | None = None
    ) -> list[object]:
        """Run one command.

        Args:
            name: cmdlet, function, alias, name behind its module's name, or a program's path.
            parameters: named and positional arguments in order; a switch is True or None.
            input_objects: what the pipeline brings; None when the command stands at its head.

        Raises:
            TerminatingError: unknown command, arguments that do not bind, or an error under -ErrorAction Stop.
        """
        command = self.find(name)
        if command is None:
            return await self._run_external(name, parameters)
        bound = Bound(command, self.bind(command, parameters), input_objects, self.scope, self.streams, self)
        if self.observe is not None:
            self.observe(command, bound.arguments)
        if command.changes and bound.switch("WhatIf"):
            return []
        result = command.run(bound)
        if inspect.isawaitable(result):
            result = await result
        output = list(result)
        self._keep(bound, output)
        return output

    async def _run_external(self, name: str, parameters: Sequence[Parameter]) -> list[object]:
        words = [to_text(p.value) if p.name is None else p.name for p in parameters]
        output = await self.external(name, words, self.streams) if self.external else None
        if output is None:
            raise command_not_found(name)
        return output

    def _keep(self, bound: Bound[ScopeT], output: list[object]) -> None:
        """-OutVariable: the one common parameter with an effect on the session's variables."""
        if bound.has("OutVariable"):
            self.variables[bound.text("OutVariable").casefold()] = list(output)
