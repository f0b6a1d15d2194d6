"""Pipelines and commands: arguments, functions and blocks, and the commands of the host."""

from collections.abc import Sequence
from dataclasses import replace

from harness.sim.machine import Parameter
from harness.sim.script import _nodes as nodes
from harness.sim.script._binding import COMMON_SWITCHES, bind, common_name, find
from harness.sim.script._blocks import ScriptBlock
from harness.sim.script._errors import ScriptError, failure
from harness.sim.script._gates import ErrorGate, redirected
from harness.sim.script._scope import Frame
from harness.sim.script._statements import ReturnSignal, Statements
from harness.sim.script._values import NOTHING, Sink, as_items, emit, to_text, whole

__all__ = ["Commands"]

_PROGRAM_ENDINGS = (".exe", ".cmd", ".bat", ".com", ".vbs")
_ACTIONS = {name: name for name in ("silentlycontinue", "stop", "continue", "ignore")} | {
    "0": "silentlycontinue",
    "1": "stop",
    "2": "continue",
    "4": "ignore",
}
_VOID = (nodes.Step,)


class Commands(Statements):
    """Runs pipelines."""

    async def pipeline(self, node: nodes.Pipeline, frame: Frame, sink: Sink) -> None:
        streams, sink = redirected(frame.streams, node.redirections, sink)
        frame = replace(frame, streams=streams)
        items: list[object] | None = None
        for place, one in enumerate(node.elements):
            last = place == len(node.elements) - 1
            found: list[object] = []
            target = sink if last else found.append
            if isinstance(one, nodes.Command):
                await self.command(one, items, frame, target)
            else:
                await self._bare_expression(one, frame, target)
            items = found

    async def _bare_expression(self, one: nodes.Expression, frame: Frame, sink: Sink) -> None:
        value = await self.value(one, frame)
        self.succeeded = True
        if not isinstance(one, nodes.Step):
            emit(value, sink)

    async def command(self, node: nodes.Command, items: list[object] | None, frame: Frame, sink: Sink) -> None:
        """Run one command of a pipeline with what the command before it put out."""
        streams, sink = redirected(frame.streams, node.redirections, sink)
        frame = replace(frame, streams=streams)
        called = await self._called(node, frame)
        name = called if isinstance(called, str) else ""
        block = frame.scope.function(called) if isinstance(called, str) else called.block
        self.succeeded = True
        if block is None:
            await self._host_command(name, node, items, frame, sink)
            return
        arguments = await self._arguments(node, frame, block, name)
        await self.call(block, arguments, items, frame if node.operator == "." else frame.inner(), sink, name=name)

    async def _called(self, node: nodes.Command, frame: Frame) -> str | ScriptBlock:
        called = whole(await self.value(node.name, frame))
        if isinstance(called, ScriptBlock):
            return called
        if not isinstance(called, str) or not called:
            raise failure(
                "The expression after '&' in a pipeline element produced an object that was not valid. It must result "
                "in a command name, a script block, or a CommandInfo object.",
                "BadExpression",
            )
        return called

    async def _arguments(
        self, node: nodes.Command, frame: Frame, block: nodes.Block | None, name: str
    ) -> list[Parameter]:
        """The arguments as a binder takes them: values beside their names, splats opened, switches True."""
        found: list[Parameter] = []
        waiting: str | None = None
        for one in node.arguments:
            if one.value is None:
                if waiting is not None:
                    raise _missing_argument(waiting, name)
                assert one.name is not None
                if self._is_switch(block, name, one.name):
                    found.append(Parameter(one.name, True))  # noqa: FBT003
                else:
                    waiting = one.name
                continue
            if one.splat:
                assert isinstance(one.value, nodes.Variable)
                found += _opened(self.read(one.value, frame))
                continue
            value = whole(await self.value(one.value, frame))
            found.append(Parameter(waiting if one.name is None else one.name, value))
            waiting = None if one.name is None else waiting
        if waiting is not None:
            raise _missing_argument(waiting, name)
        return found

    def _is_switch(self, block: nodes.Block | None, command: str, parameter: str) -> bool:
        if block is None:
            return self.host.is_switch(command, parameter)
        declared = find(block.parameters, parameter)
        if declared is not None:
            return declared.switch
        return not block.advanced or common_name(parameter) in COMMON_SWITCHES

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
        self.budget.enter()
        try:
            frame = await self._bound(block, arguments, frame, name)
            await self._run_block(block, items, frame, sink)
        except ReturnSignal:
            return
        finally:
            self.budget.leave()

    async def _bound(self, block: nodes.Block, arguments: Sequence[Parameter], frame: Frame, name: str) -> Frame:
        bound = bind(block, arguments, self.converted, name)
        scope = frame.scope
        if block.parameters or arguments:
            scope.set("args", bound.rest)
            scope.set("PSBoundParameters", dict(bound.values))
        for one in block.parameters:
            value = bound.values.get(one.name, NOTHING)
            if value is NOTHING:
                value = await self._default(one, frame)
            scope.set(one.name, value)
            if one.types and not one.switch:
                scope.types[one.name.casefold()] = one.types[-1]
        if "erroraction" in bound.common:
            scope.set("ErrorActionPreference", bound.common["erroraction"])
        return frame

    async def _default(self, one: nodes.Parameter, frame: Frame) -> object:
        """An argument not given: its default, converted; else what its type starts with."""
        value = whole(await self.value(one.default, frame)) if one.default is not None else None
        if value is None:
            starts: dict[str, object] = {
                "string": "",
                "int": 0,
                "long": 0,
                "double": 0.0,
                "bool": False,
                "switch": False,
            }
            kind = one.types[-1] if one.types else None
            return None if kind is None or kind.array else starts.get(kind.name)
        for kind in reversed(one.types):
            value = self.converted(value, kind)
        return value

    async def _run_block(self, block: nodes.Block, items: Sequence[object] | None, frame: Frame, sink: Sink) -> None:
        scope = frame.scope
        if block.process is None:
            scope.set("input", list(items or []))
        await self.body(block.begin, frame, sink)
        if block.process is not None:
            taker = next((one for one in block.parameters if one.from_pipeline), None)
            for item in [NOTHING] if items is None else items:
                await self.budget.step()
                if taker is not None and item is not NOTHING:
                    scope.set(taker.name, self._piped(taker, item))
                with scope.current_object(item):
                    await self.body(block.process, frame, sink)
        await self.body(block.end, frame, sink)

    def _piped(self, taker: nodes.Parameter, item: object) -> object:
        for kind in reversed(taker.types):
            item = self.converted(item, kind)
        return item

    async def _host_command(
        self, name: str, node: nodes.Command, items: list[object] | None, frame: Frame, sink: Sink
    ) -> None:
        if self.owns(name) or (self.host.knows(name) and not is_program(name)):
            arguments = await self._arguments(node, frame, None, name)
            await self.run_host(name, arguments, items, frame, sink)
            return
        await self._through_gate(name, await self._words(node, frame), items, frame, sink)

    def owns(self, name: str) -> bool:
        """Whether the command belongs to the language and not to the host."""
        raise NotImplementedError

    async def run_host(
        self, name: str, arguments: Sequence[Parameter], items: list[object] | None, frame: Frame, sink: Sink
    ) -> None:
        """A cmdlet of the machine behind its error action; -ErrorVariable is kept here as well."""
        await self._through_gate(name, arguments, items, frame, sink)

    async def _through_gate(
        self, name: str, arguments: Sequence[Parameter], items: list[object] | None, frame: Frame, sink: Sink
    ) -> None:
        plain, common = _split_common(arguments)
        action = _ACTIONS.get(to_text(common.get("erroraction")).casefold()) or self.preference(frame)
        kept: list[object] = []
        gate = ErrorGate(frame.streams, action, self.remember, kept)
        try:
            found = await self.host.run_command(name, plain, items, gate)
        finally:
            variable = to_text(common.get("errorvariable"))
            if variable:
                before = as_items(frame.scope.get(variable[1:])) if variable.startswith("+") else []
                frame.scope.set(variable.removeprefix("+"), [*before, *kept])
        for item in found:
            sink(item)

    async def _words(self, node: nodes.Command, frame: Frame) -> list[Parameter]:
        """A program's arguments: text, parameters with their dash."""
        words: list[Parameter] = []
        for one in node.arguments:
            head = "" if one.name is None else f"-{one.name}"
            if one.value is None:
                words.append(Parameter(None, head))
                continue
            if one.splat:
                assert isinstance(one.value, nodes.Variable)
                words += [Parameter(None, to_text(item)) for item in as_items(self.read(one.value, frame))]
                continue
            values = as_items(await self.value(one.value, frame))
            texts = [to_text(item) for item in values]
            words += [Parameter(None, text) for text in ([f"{head}:{' '.join(texts)}"] if head else texts)]
        return words


def is_program(name: str) -> bool:
    """A native program by its ending, with or without a path."""
    return name.casefold().endswith(_PROGRAM_ENDINGS)


def _opened(value: object) -> list[Parameter]:
    """A splatted value: a table by names, an array by positions, null as nothing."""
    value = whole(value)
    if isinstance(value, dict):
        return [Parameter(to_text(name), whole(one)) for name, one in value.items()]
    return [] if value is None else [Parameter(None, whole(one)) for one in as_items(value)]


def _split_common(arguments: Sequence[Parameter]) -> tuple[list[Parameter], dict[str, object]]:
    """The two common parameters that the evaluator sees to, apart from the rest."""
    common: dict[str, object] = {}
    plain: list[Parameter] = []
    for one in arguments:
        full = common_name(one.name) if one.name else None
        ours = full == "errorvariable" or (full == "erroraction" and to_text(one.value).casefold() in _ACTIONS)
        if ours and full:
            common[full] = one.value
        else:
            plain.append(one)
    return plain, common


def _missing_argument(parameter: str, command: str) -> ScriptError:
    return failure(
        f"Missing an argument for parameter '{parameter}'. Specify a parameter and try again.",
        f"MissingArgument,{command}" if command else "MissingArgument",
        5,
        reason="ParameterBindingException",
    )
