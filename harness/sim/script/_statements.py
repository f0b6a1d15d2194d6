"""Running statements: branches, loops, try, and what an error does to the statements around it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from harness.sim.machine import TerminatingError
from harness.sim.objects import ErrorRecord, Obj
from harness.sim.script import _nodes as nodes
from harness.sim.script._casts import convert
from harness.sim.script._core import ScriptHost
from harness.sim.script._errors import OPERATION_STOPPED, ScriptError
from harness.sim.script._expressions import Expressions
from harness.sim.script._operators import ARITHMETIC
from harness.sim.script._scope import Frame, Limits
from harness.sim.script._values import NOTHING, Sink, as_items, collapse, emit, to_bool, to_text, whole

__all__ = ["BreakSignal", "ContinueSignal", "ExitSignal", "ReturnSignal", "Statements"]

_RUNTIME = ("System.Management.Automation.RuntimeException", "System.SystemException", "System.Exception")


class BreakSignal(Exception):  # noqa: N818 - no error: how break leaves its loop
    """``break``."""


class ContinueSignal(Exception):  # noqa: N818
    """``continue``."""


class ReturnSignal(Exception):  # noqa: N818
    """``return``, after its value was put out."""


class ExitSignal(Exception):  # noqa: N818
    """``exit``, with its code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Statements(Expressions):
    """Runs every kind of statement of the subset."""

    def __init__(self, host: ScriptHost, automatic: Mapping[str, object], limits: Limits) -> None:
        super().__init__(host, automatic, limits)
        self._statements: dict[type, Callable[[Any, Frame, Sink], Awaitable[None]]] = {
            nodes.Pipeline: self.pipeline,
            nodes.Assign: self._assign_statement,
            nodes.If: self._if,
            nodes.ForEach: self._foreach,
            nodes.For: self._for,
            nodes.While: self._while,
            nodes.Try: self._try,
            nodes.Function: self._function,
            nodes.Flow: self._flow,
        }

    async def pipeline(self, node: nodes.Pipeline, frame: Frame, sink: Sink) -> None:
        """Run a pipeline; the commands' room says how."""
        raise NotImplementedError

    async def run(self, statement: nodes.Statement, frame: Frame, sink: Sink) -> None:
        await self.budget.step()
        await self._statements[type(statement)](statement, frame, sink)

    async def body(self, statements: Sequence[nodes.Statement], frame: Frame, sink: Sink) -> None:
        for statement in statements:
            try:
                await self.run(statement, frame, sink)
            except TerminatingError as error:
                self.report(error, frame)

    async def _assign_statement(self, node: nodes.Assign, frame: Frame, _sink: Sink) -> None:
        value = await self._statement_value(node.value, frame)
        if node.operator != "=":
            target = node.target.operand if isinstance(node.target, nodes.Cast) else node.target
            before = whole(await self.value(target, frame))
            value = ARITHMETIC[node.operator[:-1]](before, value if node.operator == "+=" else whole(value))
        await self.assign(node.target, value, frame)
        self.succeeded = True

    async def _condition(self, statement: nodes.Statement, frame: Frame) -> bool:
        return to_bool(await self._statement_value(statement, frame))

    async def _if(self, node: nodes.If, frame: Frame, sink: Sink) -> None:
        for condition, branch in node.branches:
            if await self._condition(condition, frame):
                await self.body(branch, frame, sink)
                return
        await self.body(node.otherwise, frame, sink)

    async def _turn(self, body: Sequence[nodes.Statement], frame: Frame, sink: Sink) -> bool:
        """One turn of a loop; False when it was the last by ``break``."""
        await self.budget.step()
        try:
            await self.body(body, frame, sink)
        except BreakSignal:
            return False
        except ContinueSignal:
            return True
        return True

    async def _foreach(self, node: nodes.ForEach, frame: Frame, sink: Sink) -> None:
        source = await self._statement_value(node.source, frame)
        for item in [] if whole(source) is None else as_items(source):
            self.write(node.variable, item, frame)
            if not await self._turn(node.body, frame, sink):
                return

    async def _for(self, node: nodes.For, frame: Frame, sink: Sink) -> None:
        if node.start is not None:
            await self._quietly(node.start, frame)
        while node.condition is None or await self._condition(node.condition, frame):
            if not await self._turn(node.body, frame, sink):
                return
            if node.step is not None:
                await self._quietly(node.step, frame)

    async def _quietly(self, statement: nodes.Statement, frame: Frame) -> None:
        await self.run(statement, frame, lambda _: None)

    async def _while(self, node: nodes.While, frame: Frame, sink: Sink) -> None:
        if node.after and not await self._turn(node.body, frame, sink):
            return
        while await self._condition(node.condition, frame) != node.negated:
            if not await self._turn(node.body, frame, sink):
                return

    async def _try(self, node: nodes.Try, frame: Frame, sink: Sink) -> None:
        try:
            await self._guarded(node, frame, sink)
        finally:
            await self._cleanup(node.cleanup, frame, sink)

    async def _cleanup(self, cleanup: Sequence[nodes.Statement], frame: Frame, sink: Sink) -> None:
        tries, self.budget.tries = self.budget.tries, 0
        try:
            await self.body(cleanup, frame, sink)
        finally:
            self.budget.tries = tries

    async def _guarded(self, node: nodes.Try, frame: Frame, sink: Sink) -> None:
        if not node.catches:
            await self.body(node.body, frame, sink)
            return
        self.budget.tries += 1
        try:
            await self.body(node.body, frame, sink)
        except TerminatingError as error:
            caught = error
        else:
            return
        finally:
            self.budget.tries -= 1
        clause = next((one for one in node.catches if _catches(one, caught.record)), None)
        if clause is None:
            raise caught
        self.remember(caught.record)
        with frame.scope.current_object(caught.record):
            await self.body(clause.body, frame, sink)

    async def _function(self, node: nodes.Function, frame: Frame, _sink: Sink) -> None:
        frame.scope.set_function(node.name, node.block)

    async def _flow(self, node: nodes.Flow, frame: Frame, sink: Sink) -> None:
        if node.kind == "break":
            raise BreakSignal
        if node.kind == "continue":
            raise ContinueSignal
        if node.kind == "exit":
            raise ExitSignal(_exit_code(None if node.value is None else await self._statement_value(node.value, frame)))
        if node.kind == "throw":
            value = NOTHING if node.value is None else await self._statement_value(node.value, frame)
            raise ScriptError(self._thrown(value, frame), ends_script=False, thrown=True)
        if node.value is not None:
            if isinstance(node.value, nodes.Pipeline):
                await self.run(node.value, frame, sink)
            else:
                emit(await self._statement_value(node.value, frame), sink)
        raise ReturnSignal

    def _thrown(self, value: object, frame: Frame) -> ErrorRecord:
        current = frame.scope.get("_")
        if value is NOTHING and isinstance(current, ErrorRecord):
            return current
        if isinstance(value, ErrorRecord):
            return value
        if isinstance(value, Obj) and any(name.endswith("Exception") for name in value.types):
            return ErrorRecord(
                str(value),
                to_text(value),
                OPERATION_STOPPED,
                value.types,
                category_reason=value.types[0].rpartition(".")[2],
            )
        text = "ScriptHalted" if value is NOTHING else to_text(value)
        return ErrorRecord(
            text,
            text,
            OPERATION_STOPPED,
            _RUNTIME,
            target=whole(collapse(as_items(value))),
            category_reason="RuntimeException",
        )


def _exit_code(value: object) -> int:
    """What ``exit`` makes of its argument: 0 of nothing and of what is no number (PipelineOps.GetExitException)."""
    try:
        code = convert(value, nodes.TypeName("int"))
    except ScriptError:
        return 0
    return code if isinstance(code, int) else 0


def _catches(clause: nodes.Catch, record: ErrorRecord) -> bool:
    """Whether a ``catch`` takes the error: by the types of its exception, which all are Exception."""
    names = {name.lower() for name in record.exception_types} | {"system.exception"}
    return not clause.types or any(kind.name in names or f"system.{kind.name}" in names for kind in clause.types)
