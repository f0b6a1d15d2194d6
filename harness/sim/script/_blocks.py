"""A script block as a value: what ``{ … }`` is worth, and how a cmdlet calls it."""

from collections.abc import Sequence
from typing import Protocol

from harness.sim.machine import Parameter
from harness.sim.script._nodes import Block
from harness.sim.script._values import NOTHING

__all__ = ["ScriptBlock"]


class Caller(Protocol):
    """Who runs a block where it was written."""

    async def run_block(
        self, block: Block, arguments: Sequence[Parameter], underscore: object, items: Sequence[object]
    ) -> list[object]: ...


class ScriptBlock:
    """``{ … }``: its text, and the place it was written in.

    A cmdlet that takes one calls ``invoke`` per object, as Where-Object does; a command that carries it elsewhere,
    as Invoke-Command, sends ``text`` alone.
    """

    __slots__ = ("_caller", "block")

    def __init__(self, block: Block, caller: Caller) -> None:
        self.block = block
        self._caller = caller

    @property
    def text(self) -> str:
        return self.block.text

    async def invoke(
        self, arguments: Sequence[Parameter] = (), *, underscore: object = NOTHING, items: Sequence[object] = ()
    ) -> list[object]:
        """Run it in the scope it was written in.

        Args:
            arguments: for its ``param()``, or ``$args``.
            underscore: the ``$_`` it sees; the surrounding one when left out.
            items: what ``$input`` holds.

        Raises:
            TerminatingError: as any script.
        """
        return await self._caller.run_block(self.block, arguments, underscore, items)

    def __str__(self) -> str:
        return self.text
