"""Where names live while a script runs: scopes, the frame of a running block, the bounds of the run.

Scoping is dynamic, as about_Scopes on Microsoft Learn says (read 2025-11): a call sees its caller's variables and
writes its own.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from harness.sim.machine import Streams
from harness.sim.script._errors import OPERATION_STOPPED, ScriptError, failure
from harness.sim.script._nodes import Block, TypeName
from harness.sim.script._values import NOTHING

__all__ = ["Budget", "Frame", "Limits", "Scope", "call_depth_overflow"]


class Scope:
    """Variables and functions of one level; names compare without case.

    A function is the variable ``function:name``, as it is on PowerShell's function drive, so that a session that
    keeps its variables keeps its functions.
    """

    def __init__(self, parent: "Scope | None" = None, variables: dict[str, object] | None = None) -> None:
        self.parent = parent
        self.variables: dict[str, object] = {} if variables is None else variables
        self.types: dict[str, TypeName] = {}

    @property
    def root(self) -> "Scope":
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def get(self, name: str) -> object:
        """The nearest value of a name; NOTHING when no scope has it."""
        key = name.casefold()
        scope: Scope | None = self
        while scope is not None:
            if key in scope.variables:
                return scope.variables[key]
            scope = scope.parent
        return NOTHING

    def has(self, name: str) -> bool:
        key = name.casefold()
        scope: Scope | None = self
        while scope is not None and key not in scope.variables:
            scope = scope.parent
        return scope is not None

    def set(self, name: str, value: object) -> None:
        self.variables[name.casefold()] = value

    @contextmanager
    def current_object(self, value: object) -> Iterator[None]:
        """``$_`` for the time of a block; NOTHING leaves the surrounding one."""
        if value is NOTHING:
            yield
            return
        names = ("_", "psitem")
        before = {name: self.variables[name] for name in names if name in self.variables}
        self.variables.update(dict.fromkeys(names, value))
        try:
            yield
        finally:
            for name in names:
                self.variables.pop(name, None)
            self.variables.update(before)

    def constraint(self, name: str) -> TypeName | None:
        """The type that ``[int]$x = …`` or a parameter gave the variable of this level."""
        return self.types.get(name.casefold())

    def function(self, name: str) -> Block | None:
        found = self.get(f"function:{name}")
        return found if isinstance(found, Block) else None

    def set_function(self, name: str, block: Block) -> None:
        self.set(f"function:{name}", block)


@dataclass(frozen=True, slots=True)
class Frame:
    """A running piece of script: its scope and where its errors and warnings go."""

    scope: Scope
    streams: Streams

    def inner(self) -> "Frame":
        return replace(self, scope=Scope(self.scope))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do: statements and iterations, calls inside calls."""

    steps: int = 100_000
    depth: int = 24


@dataclass(slots=True)
class Budget:
    """What is left of the limits. Gives the event loop a turn now and then, so that a loop can be stopped."""

    limits: Limits
    steps: int = 0
    depth: int = 0
    tries: int = 0

    async def step(self) -> None:
        self.steps += 1
        if self.steps > self.limits.steps:
            raise _exhausted()
        if self.steps % 256 == 0:
            await asyncio.sleep(0)

    def enter(self) -> None:
        if self.depth >= self.limits.depth:
            raise call_depth_overflow()
        self.depth += 1

    def leave(self) -> None:
        self.depth -= 1


def call_depth_overflow() -> ScriptError:
    """PowerShell's own error for calls inside calls; the lab's bound is lower than Windows'."""
    error = failure(
        "The script failed due to call depth overflow.", "CallDepthOverflow", reason="ScriptCallDepthException"
    )
    error.ends_script = True
    return error


def _exhausted() -> ScriptError:
    error = failure(
        "The simulated lab bounds how long a script runs, and this one ran longer.",
        "ScriptStepsExhausted",
        OPERATION_STOPPED,
    )
    error.ends_script = True
    return error
