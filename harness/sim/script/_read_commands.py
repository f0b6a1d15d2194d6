"""Command lines, from the concrete tree to records: names, arguments, splats, redirections."""

from tree_sitter import Node

from harness.sim.script import _literals as literals
from harness.sim.script import _nodes as nodes
from harness.sim.script._grammar import parts
from harness.sim.script._read_expressions import ExpressionReader

__all__ = ["CommandReader"]

_TEXT_IN_ARGUMENTS = ("type_literal", "cast_expression")


class CommandReader(ExpressionReader):
    """Reads the commands of one source."""

    def command(self, node: Node) -> nodes.Command:
        operator, name = "", None
        elements: list[Node] = []
        for part in parts(node):
            if part.type == "command_invocation_operator":
                operator = self._source.text(part)
            elif part.type == "command_elements":
                elements = parts(part)
            elif part.type in ("command_name", "command_name_expr"):
                name = part
            else:
                raise self._source.unsupported(part)
        if name is None or not self._source.text(name):
            raise self._source.unsupported(node, "a command without a name")
        redirections = [part for part in elements if part.type == "redirection"]
        plain = [part for part in elements if part.type != "redirection"]
        return nodes.Command(
            operator,
            self._command_name(name),
            self._arguments(plain),
            self.redirections(redirections),
            self._source.line(node),
        )

    def redirections(self, found: list[Node]) -> tuple[nodes.Redirection, ...]:
        return tuple(self._redirection(node) for node in found)

    def _command_name(self, node: Node) -> nodes.Expression:
        if node.type == "command_name":
            return nodes.Literal(literals.bareword(self._source.text(node)))
        inside = parts(node)
        if inside and inside[0].type == "path_command_name":
            inside = parts(inside[0])
        if len(inside) != 1:
            raise self._source.unsupported(node, "a command's name of several pieces")
        if inside[0].type in ("path_command_name_token", "command_name"):
            return nodes.Literal(literals.bareword(self._source.text(inside[0])))
        return self.expression(inside[0])

    def _arguments(self, elements: list[Node]) -> tuple[nodes.Argument, ...]:
        read: list[nodes.Argument] = []
        waiting: str | None = None  # a parameter with its colon, whose value comes next
        for node in elements:
            if node.type == "command_parameter":
                name = self._parameter_name(node)
                if self._source.next_byte(node) == b":":
                    waiting = name
                else:
                    read.append(nodes.Argument(name, None))
                continue
            argument = self._argument(node)
            read.append(argument if waiting is None else nodes.Argument(waiting, argument.value))
            waiting = None
        return tuple(read)

    def _parameter_name(self, node: Node) -> str:
        text = self._source.text(node)
        if "$" in text or text.startswith("--"):
            raise self._source.unsupported(node, f"the argument {text}")
        return text[1:]

    def _argument(self, node: Node) -> nodes.Argument:
        text = self._source.text(node)
        if node.type == "unary_expression" and text.startswith("@") and text[1:2] not in ("(", "{", "'", '"'):
            return nodes.Argument(None, nodes.Variable(text[1:]), splat=True)
        return nodes.Argument(None, self._argument_value(node))

    def _argument_value(self, node: Node) -> nodes.Expression:
        if node.type == "generic_token":
            return self._token(node)
        if node.type == "bareword_argument_list":
            return nodes.ArrayLiteral(tuple(self._argument_value(item) for item in parts(node) if item.type != ","))
        if node.type in ("concatenated_command_argument", "expandable_bareword"):
            return nodes.Expandable(tuple(self._piece(part) for part in parts(node)))
        if self._is_type_text(node):
            return nodes.Literal(self._source.text(node))
        return self.expression(node)

    def _token(self, node: Node) -> nodes.Expression:
        text = self._source.text(node)
        if text.startswith(","):
            raise self._source.unsupported(node, f"the argument {text}")
        value = (
            literals.number(text.removeprefix("-"))
            if text[-1].isdigit() and text.removeprefix("-")[0].isdigit()
            else None
        )
        if value is not None:
            return nodes.Literal(-value if text.startswith("-") else value)
        return nodes.Literal(literals.bareword(text))

    def _piece(self, node: Node) -> str | nodes.Expression:
        return literals.bareword(self._source.text(node)) if node.type == "generic_token" else self.expression(node)

    def _is_type_text(self, node: Node) -> bool:
        """In argument mode ``[int]`` and ``[int]5`` are text, not types."""
        while node.type in ("unary_expression", "expression_with_unary_operator") and len(parts(node)) == 1:
            node = parts(node)[0]
        return node.type in _TEXT_IN_ARGUMENTS

    def _redirection(self, node: Node) -> nodes.Redirection:
        inside = parts(node)
        sign = self._source.text(inside[0]).replace(" ", "")
        if inside[0].type == "merging_redirection_operator":
            if not sign.endswith(">&1"):
                raise self._source.unsupported(node, f"the redirection {sign}")
            return nodes.Redirection(sign[0], 1)
        target = self._source.text(inside[1]).strip()
        if target.lower() != "$null":
            raise self._source.unsupported(node, f"the redirection to a file ({target})")
        return nodes.Redirection(sign[0] if sign[0] != ">" else "1", None)
