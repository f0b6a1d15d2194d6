"""The commands that belong to the language itself, and the way into a run."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from harness.sim.machine import Parameter, Streams, TerminatingError
from harness.sim.script import _nodes as nodes
from harness.sim.script._blocks import ScriptBlock
from harness.sim.script._commands import Commands
from harness.sim.script._core import ScriptHost
from harness.sim.script._errors import failure
from harness.sim.script._reader import read
from harness.sim.script._scope import Frame, Limits, Scope, call_depth_overflow
from harness.sim.script._statements import BreakSignal, ContinueSignal, ExitSignal
from harness.sim.script._values import NOTHING, Sink, to_bool, to_text, whole

__all__ = ["run_block"]

_ALIASES = {
    "%": "ForEach-Object",
    "foreach": "ForEach-Object",
    "?": "Where-Object",
    "where": "Where-Object",
    "icm": "Invoke-Command",
    "iex": "Invoke-Expression",
}
_MODULES = ("microsoft.powershell.core\\", "microsoft.powershell.utility\\")
_REFUSED = frozenset(
    f"{verb}-{noun}"
    for verb, noun in (
        ("set", "strictmode"),
        ("get", "variable"),
        ("set", "variable"),
        ("new", "variable"),
        ("remove", "variable"),
        ("clear", "variable"),
        ("add", "type"),
        ("new", "object"),
        ("start", "job"),
        ("tee", "object"),
        ("import", "module"),
        ("set", "alias"),
        ("new", "alias"),
        ("new", "module"),
    )
)
_OWN = frozenset({"where-object", "foreach-object", "out-null", "invoke-expression", "invoke-command"})
_ELSEWHERE = frozenset({"vmid", "vmname", "computername", "cn", "session", "hostname", "connectionuri", "containerid"})
_ITS_OWN = ("args", "input", "psboundparameters")
_BLOCK_PLACES = {1: ("process",), 2: ("begin", "process"), 3: ("begin", "process", "end")}


class _Evaluator(Commands):
    """A run: the rooms above, and the commands that take script blocks or text of the language."""

    def owns(self, name: str) -> bool:
        full = canonical(name).casefold()
        return full in _OWN or (full in _REFUSED and not self.host.knows(full))

    async def run_host(
        self, name: str, arguments: Sequence[Parameter], items: list[object] | None, frame: Frame, sink: Sink
    ) -> None:
        own: dict[str, Callable[..., Awaitable[bool]]] = {
            "where-object": self._where,
            "foreach-object": self._for_each,
            "out-null": self._out_null,
            "invoke-expression": self._invoke_expression,
            "invoke-command": self._invoke_command,
        }
        full = canonical(name)
        rule = own.get(full.casefold())
        if rule is not None and await rule(arguments, items or [], frame, sink):
            return
        if rule is None and self.owns(name):
            raise failure(f"The simulated lab does not evaluate the command {full}.", "CommandNotSupported")
        await super().run_host(full if rule is not None else name, arguments, items, frame, sink)

    async def _out_null(self, *_: object) -> bool:
        return True

    async def _where(self, arguments: Sequence[Parameter], items: list[object], frame: Frame, sink: Sink) -> bool:
        blocks = [one.value for one in arguments if isinstance(one.value, ScriptBlock)]
        if not blocks:
            return False
        for item in _given(arguments, items):
            found: list[object] = []
            await self._each(blocks[0].block, item, frame, found.append)
            if to_bool(found):
                sink(item)
        return True

    async def _for_each(self, arguments: Sequence[Parameter], items: list[object], frame: Frame, sink: Sink) -> bool:
        blocks = _blocks(arguments)
        if not blocks:
            return False
        for block in blocks.get("begin", []):
            await self._each(block.block, NOTHING, frame, sink)
        for item in _given(arguments, items):
            for block in blocks.get("process", []):
                await self._each(block.block, item, frame, sink)
        for block in blocks.get("end", []):
            await self._each(block.block, NOTHING, frame, sink)
        return True

    async def _each(self, block: nodes.Block, item: object, frame: Frame, sink: Sink) -> None:
        """A block over one object, in the caller's own scope."""
        await self.budget.step()
        with frame.scope.current_object(item):
            await self.call(block, (), None, frame, sink)

    async def _invoke_expression(
        self, arguments: Sequence[Parameter], items: list[object], frame: Frame, sink: Sink
    ) -> bool:
        for text in _given(arguments, items, "command", take_positional=True):
            await self.call(read(to_text(text)), (), None, frame, sink)
        return True

    async def _invoke_command(
        self, arguments: Sequence[Parameter], items: list[object], frame: Frame, sink: Sink
    ) -> bool:
        """Without a machine to go to, a block runs here in a scope of its own."""
        names = {one.name.casefold() for one in arguments if one.name}
        blocks = [one.value for one in arguments if isinstance(one.value, ScriptBlock)]
        if names & _ELSEWHERE or not blocks or not names <= {"scriptblock", "argumentlist", "args", "command"}:
            return False
        given = [one.value for one in arguments if one.name and one.name.casefold() in ("argumentlist", "args")]
        values = [Parameter(None, item) for value in given for item in _listed(value)]
        await self.call(blocks[0].block, values, items, frame.inner(), sink)
        return True


def canonical(name: str) -> str:
    """A command's full name, without the modules that every session has."""
    bare = next((name[len(module) :] for module in _MODULES if name.casefold().startswith(module)), name)
    return _ALIASES.get(bare.casefold(), bare)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [whole(value)]


def _given(
    arguments: Sequence[Parameter], items: list[object], name: str = "inputobject", *, take_positional: bool = False
) -> list[object]:
    """The objects a command works on: its own argument if given, else what the pipeline brought."""
    for one in arguments:
        if (one.name is None and take_positional) or (one.name and one.name.casefold() == name):
            return _listed(one.value)
    return items


def _blocks(arguments: Sequence[Parameter]) -> dict[str, list[ScriptBlock]]:
    """ForEach-Object's blocks by their phase, named or by position."""
    found: dict[str, list[ScriptBlock]] = {}
    loose: list[ScriptBlock] = []
    for one in arguments:
        listed = [block for block in _listed(one.value) if isinstance(block, ScriptBlock)]
        if one.name is None:
            loose += listed
        else:
            found.setdefault(one.name.casefold(), []).extend(listed)
    places = _BLOCK_PLACES.get(len(loose)) or ("begin", *("process",) * (len(loose) - 2), "end")[: len(loose)]
    if "process" in found and len(loose) == 1:
        places = ("begin",)
    for place, block in zip(places, loose, strict=True):
        found.setdefault(place, []).append(block)
    return {name: blocks for name, blocks in found.items() if blocks}


async def run_block(
    block: nodes.Block,
    parameters: Sequence[Parameter],
    items: Sequence[object] | None,
    host: ScriptHost,
    streams: Streams,
    *,
    variables: dict[str, object],
    automatic: Mapping[str, object],
    limits: Limits,
) -> bool:
    """Run a script that has been read. See ``run_script`` in the package."""
    evaluator = _Evaluator(host, automatic, limits)
    before = {name: variables[name] for name in _ITS_OWN if name in variables}
    try:
        await evaluator.call(
            block,
            parameters,
            items,
            Frame(Scope(None, variables), streams),
            lambda value: streams.output(_outward(value)),
        )
    except (BreakSignal, ContinueSignal):
        pass  # outside a loop they end the script without a word
    except ExitSignal as ended:
        with suppress(TerminatingError):  # a client without a host is not told
            await streams.host("SetShouldExit", ended.code)
        return True
    except RecursionError:
        raise call_depth_overflow() from None
    finally:
        for name in _ITS_OWN:
            variables.pop(name, None)
        variables.update(before)
    return evaluator.succeeded


def _outward(value: object) -> object:
    """A value as it leaves the script: blocks as their text, types as their name."""
    value = whole(value)
    if isinstance(value, ScriptBlock | nodes.TypeName):
        return str(value)
    if isinstance(value, list):
        return [_outward(item) for item in value]
    return {name: _outward(one) for name, one in value.items()} if isinstance(value, dict) else value
