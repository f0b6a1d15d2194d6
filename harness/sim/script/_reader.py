"""Statements and blocks, from the concrete tree to records. The public way in is ``read``."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from tree_sitter import Node

from harness.sim.script import _nodes as nodes
from harness.sim.script._errors import ScriptNotSupportedError
from harness.sim.script._grammar import Source, is_function_param_block, parts
from harness.sim.script._read_commands import CommandReader
from harness.sim.script._read_parameters import ParameterReader

__all__ = ["read"]

_KINDS = ("return", "throw", "break", "continue", "exit")


@lru_cache(maxsize=32)
def read(text: str) -> nodes.Block:
    """A script's text as a block; the last ones are kept, since a lab hears the same script from every host.

    Raises:
        ScriptParseError: the text is no PowerShell.
        ScriptNotSupportedError: it holds a construct outside the subset, which the error names with its place.
    """
    source = Source(text)
    try:
        return _Reader(source).script()
    except RecursionError:
        raise ScriptNotSupportedError("a script nested that deeply", 1) from None


class _Reader(ParameterReader, CommandReader):
    def script(self) -> nodes.Block:
        return self.block(self._source.root, parts(self._source.root))

    def statements(self, found: Sequence[Node]) -> tuple[nodes.Statement, ...]:
        listed = [inner for node in found for inner in (parts(node) if node.type == "statement_list" else [node])]
        return tuple(self.statement(node) for node in listed)

    def statement(self, node: Node) -> nodes.Statement:
        read_one = self._statement_readers().get(node.type)
        if read_one is None:
            raise self._source.unsupported(node)
        return read_one(node)

    def _statement_readers(self) -> dict[str, Callable[[Node], nodes.Statement]]:
        return {
            "pipeline": self._pipeline,
            "pipeline_chain": self._chain,
            "assignment_value": self._pipeline,
            "assignment_expression": self._assignment,
            "if_statement": self._if,
            "foreach_statement": self._foreach,
            "for_statement": self._for,
            "while_statement": self._while,
            "do_statement": self._do,
            "try_statement": self._try,
            "function_statement": self._function,
            "flow_control_statement": self._flow,
        }

    def block(self, braces: Node, inside: Sequence[Node]) -> nodes.Block:
        """A block of code; ``inside`` is what stands between its braces."""
        flat = [inner for node in inside for inner in (parts(node) if node.type == "script_block" else [node])]
        header = [node for node in flat if node.type == "param_block"]
        parameters, advanced = self.param_block(header[0]) if header else ((), False)
        body = [
            inner
            for node in flat
            if node.type != "param_block"
            for inner in (parts(node) if node.type == "script_block_body" else [node])
        ]
        return self._body(braces, body, parameters, advanced=advanced)

    def _body(
        self, braces: Node, body: list[Node], parameters: tuple[nodes.Parameter, ...], *, advanced: bool
    ) -> nodes.Block:
        text = self._source.text(braces)
        text = text if braces.type == "program" else text[text.index("{") + 1 : text.rindex("}")]
        line = self._source.line(braces)
        if body and body[0].type == "named_block_list":
            named = {self._source.text(parts(one)[0]).lower(): self._braced(parts(one)[1]) for one in parts(body[0])}
            if extra := set(named) - {"begin", "process", "end"}:
                raise self._source.unsupported(body[0], f"the block {sorted(extra)[0]}")
            return nodes.Block(
                text, line, parameters, named.get("begin", ()), named.get("process"), named.get("end", ()), advanced
            )
        return nodes.Block(text, line, parameters, end=self.statements(body), advanced=advanced)

    def _braced(self, node: Node) -> tuple[nodes.Statement, ...]:
        return self.statements(parts(node)[1:-1])

    def _pipeline(self, node: Node) -> nodes.Statement:
        inside = parts(node)
        if len(inside) != 1:
            raise self._source.unsupported(inside[-1] if len(inside) < 3 else inside[1])
        return self.statement(inside[0])

    def _chain(self, node: Node) -> nodes.Statement:
        elements: list[nodes.Expression | nodes.Command] = []
        redirections: tuple[nodes.Redirection, ...] = ()
        for part in parts(node):
            if part.type == "redirections":
                redirections = self.redirections(parts(part))
            elif part.type == "command":
                elements.append(self.command(part))
            elif part.type != "|":
                elements.append(self.expression(part))
        if any(not isinstance(one, nodes.Command) for one in elements[1:]):
            raise self._source.unsupported(node, "an expression after a pipe")
        return nodes.Pipeline(tuple(elements), self._source.line(node), redirections)

    def _assignment(self, node: Node) -> nodes.Statement:
        left, sign, value = parts(node)
        operator = self._source.text(sign)
        if operator not in ("=", "+=", "-=", "*=", "/=", "%="):
            raise self._source.unsupported(sign, f"the assignment {operator}")
        target = self.expression(parts(left)[0])
        self._require_place(target, left)
        return nodes.Assign(target, operator, self.statement(value), self._source.line(node))

    def _require_place(self, target: nodes.Expression, node: Node) -> None:
        inner = target
        while isinstance(inner, nodes.Cast):
            inner = inner.operand
        places = inner.items if isinstance(inner, nodes.ArrayLiteral) else (inner,)
        if not all(isinstance(place, nodes.Variable | nodes.Member | nodes.Index) for place in places):
            raise self._source.unsupported(node, "this target of an assignment")

    def _if(self, node: Node) -> nodes.Statement:
        branches = [(self.statement(parts(node)[2]), self._braced(parts(node)[4]))]
        otherwise: tuple[nodes.Statement, ...] = ()
        for extra in parts(node)[5:]:
            if extra.type == "else_clause":
                otherwise = self._braced(parts(extra)[1])
                continue
            branches += [(self.statement(parts(one)[2]), self._braced(parts(one)[4])) for one in parts(extra)]
        return nodes.If(tuple(branches), otherwise, self._source.line(node))

    def _foreach(self, node: Node) -> nodes.Statement:
        inside = parts(node)
        if len(inside) != 7:
            raise self._source.unsupported(inside[1], "the foreach parameter")
        variable = self.expression(inside[2])
        assert isinstance(variable, nodes.Variable)
        return nodes.ForEach(variable, self.statement(inside[4]), self._braced(inside[6]), self._source.line(node))

    def _for(self, node: Node) -> nodes.Statement:
        pieces = {part.type: parts(part)[0] for part in parts(node) if part.type.startswith("for_")}
        start, condition, step = (
            self.statement(pieces[name]) if name in pieces else None
            for name in ("for_initializer", "for_condition", "for_iterator")
        )
        return nodes.For(start, condition, step, self._braced(parts(node)[-1]), self._source.line(node))

    def _while(self, node: Node) -> nodes.Statement:
        condition = self.statement(parts(parts(node)[2])[0])
        return nodes.While(condition, self._braced(parts(node)[4]), False, False, self._source.line(node))  # noqa: FBT003

    def _do(self, node: Node) -> nodes.Statement:
        inside = parts(node)
        return nodes.While(
            self.statement(parts(inside[4])[0]),
            self._braced(inside[1]),
            after=True,
            negated=inside[2].type.lower() == "until",
            line=self._source.line(node),
        )

    def _try(self, node: Node) -> nodes.Statement:
        catches: list[nodes.Catch] = []
        cleanup: tuple[nodes.Statement, ...] = ()
        for part in parts(node)[2:]:
            if part.type == "finally_clause":
                cleanup = self._braced(parts(part)[1])
                continue
            catches += [self._catch(clause) for clause in parts(part)]
        return nodes.Try(self._braced(parts(node)[1]), tuple(catches), cleanup, self._source.line(node))

    def _catch(self, node: Node) -> nodes.Catch:
        listed = [one for part in parts(node) if part.type == "catch_type_list" for one in parts(part)]
        types = tuple(self.type(one) for one in listed if one.type == "type_literal")
        return nodes.Catch(types, self._braced(parts(node)[-1]))

    def _function(self, node: Node) -> nodes.Statement:
        inside = [parts(part)[0] if is_function_param_block(part) else part for part in parts(node)]
        if inside[0].type.lower() != "function":
            raise self._source.unsupported(node, inside[0].type.lower())
        name = self._source.text(inside[1])
        start = next(place for place, part in enumerate(inside) if part.type == "{")
        block = self.block(node, inside[start + 1 : -1])
        declared = [part for part in inside if part.type == "function_parameter_declaration"]
        if declared:
            block = nodes.Block(
                block.text,
                block.line,
                self.declared(declared[0]),
                block.begin,
                block.process,
                block.end,
                block.advanced,
            )
        return nodes.Function(name.rpartition(":")[2], block, self._source.line(node))

    def _flow(self, node: Node) -> nodes.Statement:
        inside = parts(node)
        kind = inside[0].type.lower()
        if kind not in _KINDS:
            raise self._source.unsupported(node, kind)
        if len(inside) > 1 and kind in ("break", "continue"):
            raise self._source.unsupported(inside[1], "a loop's label")
        value = self.statement(inside[1]) if len(inside) > 1 else None
        return nodes.Flow(kind, value, self._source.line(node))
