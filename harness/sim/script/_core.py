"""What the parts of the evaluator share: the run's state, variables, and the doors between its rooms."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from harness.sim.machine import Parameter, Streams, TerminatingError
from harness.sim.objects import ErrorRecord, Version
from harness.sim.script import _nodes as nodes
from harness.sim.script._blocks import ScriptBlock
from harness.sim.script._casts import convert
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._scope import Budget, Frame, Limits, Scope
from harness.sim.script._values import Sink, to_text, whole

__all__ = ["Core", "ScriptHost"]

_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}
_READ_ONLY = frozenset({"true", "false", "error", "psversiontable", "pid", "home", "host", "?"})
DEFAULT_AUTOMATIC: Mapping[str, object] = {
    "psversiontable": {
        "PSVersion": Version("5.1.20348.1"),
        "PSEdition": "Desktop",
        "CLRVersion": Version("4.0.30319.42000"),
    },
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
}


class ScriptHost(Protocol):
    """The commands a script can call: one machine's cmdlets and programs, in one session."""

    async def run_command(
        self,
        name: str,
        parameters: Sequence[Parameter],
        items: Sequence[object] | None,
        streams: Streams,
        /,
    ) -> list[object]:
        """Run a command to its end.

        Args:
            name: as written: a name, an alias, a module-qualified name, a program's path.
            parameters: named and positional; a switch is True. A program's are all positional text.
            items: what the pipeline brings; None at its head.
            streams: takes errors and the other streams; what the command puts out is returned.

        Raises:
            TerminatingError: unknown command, arguments that do not bind, errors that end the command.
        """

    def knows(self, name: str, /) -> bool:
        """Whether ``run_command`` would find a cmdlet, function or alias of that name."""

    def is_switch(self, name: str, parameter: str, /) -> bool:
        """Whether the parameter, perhaps shortened, takes no argument of its own."""


class Core(ABC):
    """The state of one run. Subclasses evaluate expressions, statements and commands."""

    def __init__(self, host: ScriptHost, automatic: Mapping[str, object], limits: Limits) -> None:
        self.host = host
        self.budget = Budget(limits)
        self.errors: list[object] = []
        self.succeeded = True
        self._automatic = {**DEFAULT_AUTOMATIC, **{name.casefold(): value for name, value in automatic.items()}}

    @abstractmethod
    async def value(self, expression: nodes.Expression, frame: Frame) -> object:
        """What an expression is worth."""

    @abstractmethod
    async def run(self, statement: nodes.Statement, frame: Frame, sink: Sink) -> None:
        """Run one statement; what it puts out goes to ``sink`` at once."""

    @abstractmethod
    async def body(self, statements: Sequence[nodes.Statement], frame: Frame, sink: Sink) -> None:
        """Run statements in order, each error as the preference wants it."""

    @abstractmethod
    async def call(
        self,
        block: nodes.Block,
        arguments: Sequence[Parameter],
        items: Sequence[object] | None,
        frame: Frame,
        sink: Sink,
        *,
        name: str = "",
    ) -> None:
        """Run a block with arguments in the frame given; ``name`` is what binding errors call it."""

    async def collected(self, statements: Sequence[nodes.Statement], frame: Frame) -> list[object]:
        """What statements put out, as a list."""
        found: list[object] = []
        await self.body(statements, frame, found.append)
        return found

    def read(self, variable: nodes.Variable, frame: Frame) -> object:
        """A variable's value; null for one that nobody set."""
        name = variable.name.casefold()
        if variable.scope == "env":
            return self._automatic.get(f"env:{name}")
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name == "error":
            return self.errors
        if name == "?":
            return self.succeeded
        scope = self._level(variable, frame)
        if scope.has(name):
            return scope.get(name)
        return self._automatic.get(name)

    def write(self, variable: nodes.Variable, value: object, frame: Frame) -> None:
        """Assign; converts to the type the variable was given. Raises VariableNotWritable."""
        name = variable.name.casefold()
        if name == "null":
            return
        if variable.scope == "env":
            raise failure("The simulated lab does not set environment variables.", "EnvironmentNotSupported")
        if name in _READ_ONLY:
            raise failure(
                f"Cannot overwrite variable {variable.name} because it is read-only or constant.",
                "VariableNotWritable",
            )
        scope = self._level(variable, frame)
        kind = scope.constraint(name)
        scope.set(name, value if kind is None else self.converted(value, kind))

    def _level(self, variable: nodes.Variable, frame: Frame) -> Scope:
        return frame.scope.root if variable.scope in ("global", "script") else frame.scope

    def converted(self, value: object, kind: nodes.TypeName) -> object:
        if kind.name == "scriptblock" and not kind.array:
            if whole(value) is None or isinstance(value, ScriptBlock):
                return value
            raise failure(
                f'Cannot convert the "{to_text(value)}" value to type "System.Management.Automation.ScriptBlock".',
                "ConvertToFinalInvalidCastException",
                INVALID_ARGUMENT,
                reason="PSInvalidCastException",
            )
        return convert(value, kind)

    def remember(self, record: ErrorRecord) -> None:
        """Put an error at the head of ``$Error``."""
        self.succeeded = False
        if not self.errors or self.errors[0] is not record:
            self.errors.insert(0, record)
            del self.errors[256:]

    def report(self, error: TerminatingError, frame: Frame) -> None:
        """A statement ended by an error outside any ``try``: what the preference makes of it.

        After ExceptionHandlingOps.CheckActionPreference in PowerShell's engine/runtime/Operations/MiscOps.cs.
        """
        self.remember(error.record)
        if self.budget.tries or getattr(error, "ends_script", False):
            raise error
        action = self.preference(frame)
        if action in ("silentlycontinue", "ignore"):
            return
        if action == "stop":
            raise ScriptError(error.record, ends_script=True) from error
        if getattr(error, "thrown", False):
            raise error
        frame.streams.error(error.record)

    def preference(self, frame: Frame) -> str:
        return to_text(frame.scope.get("ErrorActionPreference")).casefold() or "continue"
