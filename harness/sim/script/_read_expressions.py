"""Expressions, from the concrete tree to records. What is not listed here is refused by its node's name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from tree_sitter import Node

from harness.sim.script import _literals as literals
from harness.sim.script import _nodes as nodes
from harness.sim.script._grammar import Source, parts

__all__ = ["ExpressionReader"]

_BINARY = frozenset({"bitwise", "comparison", "additive", "multiplicative", "format", "range"})
_KNOWN_OPERATORS = frozenset(
    {
        f"-{case}{name}"
        for case in ("", "c", "i")
        for name in (
            "eq",
            "ne",
            "gt",
            "ge",
            "lt",
            "le",
            "like",
            "notlike",
            "match",
            "notmatch",
            "contains",
            "notcontains",
            "in",
            "notin",
            "replace",
            "split",
        )
    }
    | {"-is", "-isnot", "-as", "-join", "-f", "+", "-", "*", "/", "%", "..", "-band", "-bor", "-bxor", "-shl", "-shr"}
)
_KNOWN_UNARY = frozenset({"-", "+", "!", "-not", "-bnot", "-join", "-split", ","})


class ExpressionReader(ABC):
    """Reads the expressions of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @abstractmethod
    def statement(self, node: Node) -> nodes.Statement: ...

    @abstractmethod
    def statements(self, found: Sequence[Node]) -> tuple[nodes.Statement, ...]: ...

    @abstractmethod
    def block(self, braces: Node, inside: Sequence[Node]) -> nodes.Block: ...

    def expression(self, node: Node) -> nodes.Expression:
        kind = node.type.replace("_argument_expression", "_expression")
        stem = kind.removesuffix("_expression")
        if stem in _BINARY and kind != stem:
            return self._binary(node)
        read = self._readers().get(kind)
        if read is None:
            raise self._source.unsupported(node)
        return read(node)

    def _readers(self) -> dict[str, Callable[[Node], nodes.Expression]]:
        return {
            "unary_expression": self._unwrap,
            "argument_expression": self._unwrap,
            "integer_literal": self._unwrap,
            "string_literal": self._unwrap,
            "expression_with_unary_operator": self._unary,
            "decimal_integer_literal": self._number,
            "hexadecimal_integer_literal": self._number,
            "real_literal": self._number,
            "verbatim_string_characters": lambda node: nodes.Literal(literals.verbatim_text(self._source.text(node))),
            "verbatim_here_string_characters": self._here_string,
            "expandable_string_literal": lambda node: self._expandable(node, 1, 1, here=False),
            "expandable_here_string_literal": self._expandable_here,
            "variable": self._variable,
            "hash_literal_expression": self._hash,
            "array_literal_expression": self._array_literal,
            "array_expression": lambda node: nodes.ArrayExpression(self._inner_statements(node)),
            "sub_expression": lambda node: nodes.SubExpression(self._inner_statements(node)),
            "parenthesized_expression": self._parenthesized,
            "script_block_expression": lambda node: nodes.ScriptBlockLiteral(self.block(node, parts(node)[1:-1])),
            "type_literal": lambda node: nodes.TypeLiteral(self.type(node)),
            "cast_expression": self._cast,
            "logical_expression": self._logical,
            "member_access": self._member,
            "element_access": self._index,
            "invocation_expression": self._invoke,
            "post_increment_expression": lambda node: self._step(node, 1, prefix=False),
            "post_decrement_expression": lambda node: self._step(node, -1, prefix=False),
            "pre_increment_expression": lambda node: self._step(node, 1, prefix=True),
            "pre_decrement_expression": lambda node: self._step(node, -1, prefix=True),
        }

    def type(self, node: Node) -> nodes.TypeName:
        found = literals.type_name(self._source.text(node))
        if found is None:
            raise self._source.unsupported(node, f"the type {self._source.text(node)}")
        return found

    def _unwrap(self, node: Node) -> nodes.Expression:
        inside = parts(node)
        if len(inside) != 1:
            raise self._source.unsupported(node)
        return self.expression(inside[0])

    def _number(self, node: Node) -> nodes.Expression:
        value = literals.number(self._source.text(node))
        if value is None:
            raise self._source.unsupported(node, f"the number {self._source.text(node)}")
        return nodes.Literal(value)

    def _here_string(self, node: Node) -> nodes.Expression:
        return nodes.Literal(literals.here_text(self._source.text(node)))

    def _expandable_here(self, node: Node) -> nodes.Expression:
        text = self._source.text(node)
        body = literals.here_text(text)
        start = text.index("\n") + 1
        end = len(text) - start - len(body)
        return self._expandable(node, len(text[:start].encode()), len(text[len(text) - end :].encode()), here=True)

    def _expandable(self, node: Node, head: int, tail: int, *, here: bool) -> nodes.Expression:
        """The pieces between the opening ``head`` bytes and the closing ``tail`` bytes."""
        pieces: list[str | nodes.Expression] = []
        position, end = node.start_byte + head, node.end_byte - tail
        for child in parts(node):
            if child.type not in ("variable", "sub_expression"):
                continue
            pieces.append(literals.expandable_text(self._source.between(position, child.start_byte), here=here))
            pieces.append(self.expression(child))
            position = child.end_byte
        pieces.append(literals.expandable_text(self._source.between(position, end), here=here))
        kept = tuple(piece for piece in pieces if piece != "")
        return (
            nodes.Literal("".join(map(str, kept)))
            if all(isinstance(one, str) for one in kept)
            else (nodes.Expandable(kept))
        )

    def _variable(self, node: Node) -> nodes.Expression:
        text = self._source.text(node)
        if text.startswith("@"):
            raise self._source.unsupported(node, f"the splatted {text} outside a command's arguments")
        name = text[2:-1] if text.startswith("${") else text[1:]
        scope, colon, rest = name.partition(":")
        if not colon:
            return nodes.Variable(name)
        if scope.lower() not in ("script", "global", "local", "private", "env"):
            raise self._source.unsupported(node, f"the variable {text}")
        return nodes.Variable(rest, scope.lower())

    def _hash(self, node: Node) -> nodes.Expression:
        entries = []
        for body in parts(node)[1:-1]:
            for entry in parts(body):
                inside = [part for part in parts(entry) if part.type not in ("=", ";")]
                key, value = inside
                entries.append((self._key(parts(key)[0]), self.statement(value)))
        return nodes.HashLiteral(tuple(entries))

    def _key(self, node: Node) -> nodes.Expression:
        return nodes.Literal(self._source.text(node)) if node.type == "simple_name" else self.expression(node)

    def _array_literal(self, node: Node) -> nodes.Expression:
        return nodes.ArrayLiteral(tuple(self.expression(item) for item in parts(node) if item.type != ","))

    def _inner_statements(self, node: Node) -> tuple[nodes.Statement, ...]:
        return self.statements(parts(node)[1:-1])

    def _parenthesized(self, node: Node) -> nodes.Expression:
        inside = parts(node)[1:-1]
        if len(inside) != 1:
            raise self._source.unsupported(node)
        return nodes.Parenthesized(self.statement(inside[0]))

    def _unary(self, node: Node) -> nodes.Expression:
        inside = parts(node)
        if len(inside) == 1:
            return self.expression(inside[0])
        operator = self._source.text(inside[0]).lower()
        if operator not in _KNOWN_UNARY:
            raise self._source.unsupported(node, f"the operator {operator}")
        return nodes.Unary(operator, self.expression(inside[1]), self._source.line(node))

    def _binary(self, node: Node) -> nodes.Expression:
        left, sign, right = parts(node)
        operator = self._source.text(sign).lower()
        if operator not in _KNOWN_OPERATORS:
            raise self._source.unsupported(sign, f"the operator {operator}")
        return nodes.Binary(operator, self.expression(left), self.expression(right), self._source.line(node))

    def _logical(self, node: Node) -> nodes.Expression:
        left, sign, right = parts(node)
        return nodes.Logical(self._source.text(sign).lower(), self.expression(left), self.expression(right))

    def _cast(self, node: Node) -> nodes.Expression:
        kind, operand = parts(node)
        return nodes.Cast(self.type(kind), self.expression(operand), self._source.line(node))

    def _member(self, node: Node) -> nodes.Expression:
        target, sign, name = parts(node)
        return nodes.Member(
            self.expression(target), self._key(parts(name)[0]), sign.type == "::", self._source.line(node)
        )

    def _index(self, node: Node) -> nodes.Expression:
        target, index = (part for part in parts(node) if part.type not in ("[", "]"))
        return nodes.Index(self.expression(target), self.expression(index), self._source.line(node))

    def _invoke(self, node: Node) -> nodes.Expression:
        inside = parts(node)
        if len(inside) != 4:
            raise self._source.unsupported(inside[0])
        target, sign, name, arguments = inside
        called = self._key(parts(name)[0])
        if not isinstance(called, nodes.Literal):
            raise self._source.unsupported(name, "a method whose name is computed")
        listed = [part for group in parts(arguments)[1:-1] for part in parts(group) if part.type != ","]
        read = tuple(self.expression(part) for part in listed)
        return nodes.Invoke(
            self.expression(target), str(called.value), read, sign.type == "::", self._source.line(node)
        )

    def _step(self, node: Node, by: int, *, prefix: bool) -> nodes.Expression:
        (target,) = (part for part in parts(node) if part.type not in ("++", "--"))
        return nodes.Step(self.expression(target), by, prefix, self._source.line(node))
