"""The concrete syntax tree of a script, from tree-sitter-pwsh, and the places where that grammar errs.

tree-sitter-pwsh 0.38 takes an expression that starts with a number and has no spaces (``1..3``, ``5GB/2``) for a
command's name. The text is rewritten to ``(1)..3`` before the tree is used, and every position is counted back to the
text as it was written.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

import tree_sitter
import tree_sitter_pwsh

from harness.sim.script._errors import ScriptNotSupportedError, ScriptParseError

__all__ = ["Source", "is_function_param_block", "parts"]

_LANGUAGE = tree_sitter.Language(tree_sitter_pwsh.language())
_LEADING_NUMBER = re.compile(rb"(0x[0-9a-f]+|\d+(?:\.\d+)?(?:[kmgtp]b)?)(?:\.\.|[-+*/%,])", re.IGNORECASE)
_MAX_BYTES = 1 << 20
_MAX_DEPTH = 240
_SILENT = frozenset({"comment", "command_argument_sep", "empty_statement"})
_MISSING_IDS = {
    "}": "MissingEndCurlyBrace",
    ")": "MissingEndParenthesisInExpression",
    "]": "MissingEndSquareBracket",
}


class Source:
    """A script's text with its tree. Raises ScriptParseError where the text is no PowerShell."""

    def __init__(self, text: str) -> None:
        self._original = text.encode("utf-8", "surrogatepass")
        if len(self._original) > _MAX_BYTES:
            raise ScriptNotSupportedError("a script of more than 1 MiB", 1)
        self._bytes = self._original
        self._inserted: list[int] = []
        self._tree = self._parse()
        self.root = self._tree.root_node
        self._refuse_errors()

    def place(self, node: tree_sitter.Node) -> tuple[int, int]:
        """Line and column of a node in the text as it was written, from 1."""
        before = self._original[: self._back(node.start_byte)]
        last = before.rfind(b"\n") + 1
        return before.count(b"\n") + 1, len(before[last:].decode("utf-8", "replace")) + 1

    def line(self, node: tree_sitter.Node) -> int:
        return self.place(node)[0]

    def text(self, node: tree_sitter.Node) -> str:
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """The original text between two offsets of the tree."""
        return self._original[self._back(start) : self._back(end)].decode("utf-8", "surrogatepass")

    def next_byte(self, node: tree_sitter.Node) -> bytes:
        """The byte that follows a node."""
        return self._bytes[node.end_byte : node.end_byte + 1]

    def unsupported(self, node: tree_sitter.Node, construct: str | None = None) -> ScriptNotSupportedError:
        """The refusal of a construct, by the name its grammar node has."""
        return ScriptNotSupportedError(construct or node.type, *self.place(node))

    def _parse(self) -> tree_sitter.Tree:
        parser = tree_sitter.Parser(_LANGUAGE)
        tree = parser.parse(self._bytes)
        starts = sorted({node.start_byte for node in _walk(tree.root_node) if _starts_with_number(node)})
        if not starts:
            return tree
        pieces, last = [], 0
        for start in starts:
            found = _LEADING_NUMBER.match(self._bytes, start)
            end = found.end(1) if found else start
            pieces += [self._bytes[last:start], b"(", self._bytes[start:end], b")"]
            self._inserted += [start + len(self._inserted), end + len(self._inserted) + 1]
            last = end
        self._bytes = b"".join([*pieces, self._bytes[last:]])
        return parser.parse(self._bytes)

    def _back(self, offset: int) -> int:
        return offset - bisect_left(self._inserted, offset)

    def _refuse_errors(self) -> None:
        for node in _walk(self.root):
            if node.is_missing:
                fq_id = _MISSING_IDS.get(node.type, "UnexpectedToken")
                raise ScriptParseError(f"Missing '{node.type}' in the script.", *self.place(node), fq_id)
            if node.is_error and not is_function_param_block(node):
                token = self.text(node).strip().splitlines() or [""]
                raise ScriptParseError(
                    f"Unexpected token '{token[0][:60]}' in expression or statement.", *self.place(node)
                )


def parts(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The children that mean something: no comments, separators or empty statements."""
    return [child for child in node.children if child.type not in _SILENT]


def is_function_param_block(node: tree_sitter.Node) -> bool:
    """``function f { param($x) $x }`` on one line: the grammar marks the sound param block as an error."""
    parent = node.parent
    return (
        node.is_error
        and parent is not None
        and parent.type == "function_statement"
        and [child.type for child in parts(node)] == ["param_block"]
    )


def _starts_with_number(node: tree_sitter.Node) -> bool:
    return node.type == "command_name" and _LEADING_NUMBER.match(node.text or b"") is not None


def _walk(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Every node in the order of the text. Refuses a tree too deep to be read by recursion."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise ScriptNotSupportedError("a script nested that deeply", node.start_point.row + 1)
        yield node
        waiting += [(child, depth + 1) for child in reversed(node.children)]
