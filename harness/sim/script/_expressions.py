"""Evaluating expressions, and assigning to the places an expression names."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from harness.sim.machine import Parameter
from harness.sim.script import _nodes as nodes
from harness.sim.script._blocks import ScriptBlock
from harness.sim.script._casts import is_instance
from harness.sim.script._comparison import compare, joined
from harness.sim.script._core import Core, ScriptHost
from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._members import element, property_of, set_element, set_property
from harness.sim.script._methods import call_method, call_static, is_void, static_property
from harness.sim.script._operators import ARITHMETIC, bounded, numeric
from harness.sim.script._reader import read
from harness.sim.script._scope import Frame, Limits
from harness.sim.script._values import NOTHING, as_items, collapse, key_of, to_bool, to_text, whole

__all__ = ["Expressions"]


class Expressions(Core):
    """Evaluates every kind of expression of the subset."""

    def __init__(self, host: ScriptHost, automatic: Mapping[str, object], limits: Limits) -> None:
        super().__init__(host, automatic, limits)
        self._rules: dict[type, Callable[[Any, Frame], Awaitable[object]]] = {
            nodes.Literal: self._literal,
            nodes.Variable: self._variable,
            nodes.Expandable: self._expandable,
            nodes.HashLiteral: self._hash,
            nodes.ArrayLiteral: self._array,
            nodes.ArrayExpression: self._array_expression,
            nodes.SubExpression: self._sub,
            nodes.Parenthesized: self._parenthesized,
            nodes.Unary: self._unary,
            nodes.Binary: self._binary,
            nodes.Logical: self._logical,
            nodes.Cast: self._cast,
            nodes.TypeLiteral: self._type,
            nodes.Member: self._member,
            nodes.Index: self._index,
            nodes.Invoke: self._invoke,
            nodes.Step: self._step,
            nodes.ScriptBlockLiteral: self._block,
        }

    async def value(self, expression: nodes.Expression, frame: Frame) -> object:
        return await self._rules[type(expression)](expression, frame)

    async def _literal(self, node: nodes.Literal, _frame: Frame) -> object:
        return node.value

    async def _variable(self, node: nodes.Variable, frame: Frame) -> object:
        return self.read(node, frame)

    async def _expandable(self, node: nodes.Expandable, frame: Frame) -> object:
        mark = frame.scope.get("OFS")
        separator = " " if whole(mark) is None else to_text(mark)
        found = [
            part if isinstance(part, str) else to_text(await self.value(part, frame), separator) for part in node.parts
        ]
        return bounded("".join(found))

    async def _hash(self, node: nodes.HashLiteral, frame: Frame) -> object:
        table: dict[object, object] = {}
        for key, statement in node.entries:
            name = whole(await self.value(key, frame))
            if name is None or isinstance(name, list | dict):
                raise failure("A null key is not allowed in a hash literal.", "InvalidNullKey")
            if key_of(table, name) in table:
                raise failure(
                    f"Duplicate keys '{to_text(name)}' are not allowed in hash literals.", "DuplicateKeyInHashLiteral"
                )
            table[name] = whole(await self._statement_value(statement, frame))
        return table

    async def _array(self, node: nodes.ArrayLiteral, frame: Frame) -> object:
        return [whole(await self.value(item, frame)) for item in node.items]

    async def _array_expression(self, node: nodes.ArrayExpression, frame: Frame) -> object:
        return await self.collected(node.body, frame)

    async def _sub(self, node: nodes.SubExpression, frame: Frame) -> object:
        return collapse(await self.collected(node.body, frame))

    async def _parenthesized(self, node: nodes.Parenthesized, frame: Frame) -> object:
        return await self._statement_value(node.statement, frame)

    async def _statement_value(self, statement: nodes.Statement, frame: Frame) -> object:
        """A statement in an expression's place: a bare expression keeps its arrays, all else is collected."""
        if isinstance(statement, nodes.Pipeline) and len(statement.elements) == 1 and not statement.redirections:
            only = statement.elements[0]
            if not isinstance(only, nodes.Command):
                await self.budget.step()
                return await self.value(only, frame)
        if isinstance(statement, nodes.Assign):
            await self.run(statement, frame, lambda _: None)
            return await self.value(statement.target, frame)
        found: list[object] = []
        await self.run(statement, frame, found.append)
        return collapse(found)

    async def _unary(self, node: nodes.Unary, frame: Frame) -> object:
        operand = whole(await self.value(node.operand, frame))
        if node.operator in ("!", "-not"):
            return not to_bool(operand)
        if node.operator == ",":
            return [operand]
        if node.operator == "-join":
            return joined(operand, "")
        if node.operator == "-split":
            return [word for item in as_items(operand) for word in to_text(item).split()]
        if node.operator == "-bnot":
            return ~int(numeric(operand))
        return ARITHMETIC["-" if node.operator == "-" else "+"](0, operand)

    async def _binary(self, node: nodes.Binary, frame: Frame) -> object:
        left = await self.value(node.left, frame)
        right = await self.value(node.right, frame)
        if node.operator in ARITHMETIC:
            return ARITHMETIC[node.operator](whole(left), whole(right))
        if node.operator == "-join":
            return joined(left, right)
        if node.operator in ("-is", "-isnot", "-as"):
            return self._typed(node.operator, left, right)
        result, matches = compare(node.operator, left, right)
        if matches is not None:
            frame.scope.set("Matches", matches)
        return result

    def _typed(self, operator: str, left: object, right: object) -> object:
        if not isinstance(right, nodes.TypeName):
            raise failure("The right side of a type operator must be a type.", "TypeOperatorNotType", INVALID_ARGUMENT)
        if operator != "-as":
            return is_instance(left, right) == (operator == "-is")
        try:
            return self.converted(left, right)
        except ScriptError as error:
            if error.record.fq_id == "TypeNotSupported":
                raise
            return None

    async def _logical(self, node: nodes.Logical, frame: Frame) -> object:
        left = to_bool(await self.value(node.left, frame))
        if (node.operator == "-and" and not left) or (node.operator == "-or" and left):
            return left
        right = to_bool(await self.value(node.right, frame))
        return left != right if node.operator == "-xor" else right

    async def _cast(self, node: nodes.Cast, frame: Frame) -> object:
        if node.type.name == "ordered":
            raise failure("The simulated lab evaluates [ordered] under [pscustomobject] only.", "TypeNotSupported")
        inner = node.operand
        if node.type.name == "pscustomobject" and isinstance(inner, nodes.Cast) and inner.type.name == "ordered":
            inner = inner.operand
        return self.converted(await self.value(inner, frame), node.type)

    async def _type(self, node: nodes.TypeLiteral, _frame: Frame) -> object:
        return node.type

    async def _member(self, node: nodes.Member, frame: Frame) -> object:
        target = await self.value(node.target, frame)
        name = to_text(await self.value(node.name, frame))
        if node.static:
            return static_property(self._type_of(target), name)
        return property_of(target, name)

    def _type_of(self, target: object) -> nodes.TypeName:
        if not isinstance(target, nodes.TypeName):
            raise failure("The simulated lab evaluates static members of a type's name only.", "MemberNotSupported")
        return target

    async def _index(self, node: nodes.Index, frame: Frame) -> object:
        return element(await self.value(node.target, frame), await self.value(node.index, frame))

    async def _invoke(self, node: nodes.Invoke, frame: Frame) -> object:
        target = await self.value(node.target, frame)
        arguments = [whole(await self.value(one, frame)) for one in node.arguments]
        if not node.static:
            result = call_method(target, node.name, arguments)
            return NOTHING if is_void(target, node.name) else result
        kind = self._type_of(target)
        if (kind.name, node.name.casefold()) == ("scriptblock", "create"):
            return self.script_block(read(to_text(arguments[0] if arguments else "")), frame)
        return call_static(kind, node.name, arguments)

    async def _block(self, node: nodes.ScriptBlockLiteral, frame: Frame) -> object:
        return self.script_block(node.block, frame)

    def script_block(self, block: nodes.Block, frame: Frame) -> ScriptBlock:
        return ScriptBlock(block, _Here(self, frame))

    async def _step(self, node: nodes.Step, frame: Frame) -> object:
        before = whole(await self.value(node.target, frame))
        after = ARITHMETIC["+"](0 if before is None else before, node.by)
        await self.assign(node.target, after, frame)
        return after if node.prefix else (0 if before is None else before)

    async def assign(self, target: nodes.Expression, value: object, frame: Frame) -> None:
        """Give a value to a variable, a member, an element or several of them."""
        if isinstance(target, nodes.Variable):
            self.write(target, value, frame)
        elif isinstance(target, nodes.Member):
            place = await self.value(target.target, frame)
            set_property(place, to_text(await self.value(target.name, frame)), value)
        elif isinstance(target, nodes.Index):
            set_element(await self.value(target.target, frame), await self.value(target.index, frame), value)
        elif isinstance(target, nodes.Cast):
            await self._assign_typed(target, value, frame)
        elif isinstance(target, nodes.ArrayLiteral):
            await self._assign_many(target, value, frame)

    async def _assign_typed(self, target: nodes.Cast, value: object, frame: Frame) -> None:
        converted = self.converted(value, target.type)
        if isinstance(target.operand, nodes.Variable):
            frame.scope.types[target.operand.name.casefold()] = target.type
        await self.assign(target.operand, converted, frame)

    async def _assign_many(self, target: nodes.ArrayLiteral, value: object, frame: Frame) -> None:
        """``$a, $b = 1, 2, 3``: the last one takes the rest."""
        values = as_items(value)
        for place, one in enumerate(target.items):
            last = place == len(target.items) - 1
            rest = values[place:] if last else values[place : place + 1]
            await self.assign(one, whole(collapse(rest)), frame)


class _Here:
    """A block's way back into the frame it was written in."""

    def __init__(self, core: Core, frame: Frame) -> None:
        self._core = core
        self._frame = frame

    async def run_block(
        self, block: nodes.Block, arguments: Sequence[Parameter], underscore: object, items: Sequence[object]
    ) -> list[object]:
        found: list[object] = []
        with self._frame.scope.current_object(underscore):
            await self._core.call(block, arguments, items, self._frame, found.append)
        return found
