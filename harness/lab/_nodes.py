"""YAML nodes to plain data, keeping the way back: which node, and so which line and column, each value came from.

ruamel.yaml composes the node graph; the data is built here and not by its constructors, since those raise at the first
duplicate key and forget where plain values stood. Keys are always texts: in our files each one is a name.
"""

from collections.abc import Iterator, Sequence

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from harness.core.model import Place
from harness.lab._problems import Problem

__all__ = ["NodeReader", "Path", "is_silent"]

Path = Sequence[str | int]
"""Where a value stands in the data: names of keys and indices of list items, from the top."""

_TAG = "tag:yaml.org,2002:"
_LARGEST = 200_000
_LONGEST_NUMBER = 100  # longer ones stay texts: Python refuses to read thousands of digits
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class NodeReader:
    """Turns one document's nodes into dicts, lists, texts, numbers and truth values, collecting problems on the way.

    Anchors, aliases and merge keys (``<<``) work; an alias stands where its anchor stands. Dates stay texts.
    """

    def __init__(self, file: str, root: Node) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._root = root
        self._data: dict[int, object] = {}
        self._size: dict[int, int] = {}
        self._keys: dict[int, dict[str, tuple[Node, Node]]] = {}
        self._open: set[int] = set()

    def read(self) -> object:
        """The data of the whole document; None where aliases would blow it up."""
        data = self._convert(self._root)
        if self._size[id(self._root)] > _LARGEST:
            self._report(self._root, "too_large", "The aliases in this file unfold to far too many values.")
            return None
        return data

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where the value at ``path`` stands, or its key; the nearest place around it where the path leads nowhere."""
        key_node, node = self._root, self._root
        for part in path:
            found = self._child(node, part)
            if found is None:
                break
            key_node, node = found
        return self._place(key_node if key or is_silent(node) else node)

    def _child(self, node: Node, part: str | int) -> tuple[Node, Node] | None:
        if isinstance(node, MappingNode):
            return self._entries(node).get(str(part))
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part], node.value[part]
        return None

    def _convert(self, node: Node) -> object:
        known = id(node)
        if known in self._data:
            return self._data[known]
        if known in self._open:
            self._report(node, "recursive_alias", "This value contains itself through an alias.")
            self._size.setdefault(known, 1)
            return None
        self._open.add(known)
        children: list[Node] = []
        if isinstance(node, ScalarNode):
            self._data[known] = self._scalar(node)
        elif isinstance(node, SequenceNode):
            children = list(node.value)
            self._data[known] = [self._convert(child) for child in children]
        elif isinstance(node, MappingNode):
            entries = self._entries(node)
            children = [value for _, value in entries.values()]
            self._data[known] = {name: self._convert(value) for name, (_, value) in entries.items()}
        self._size[known] = 1 + sum(self._size[id(child)] for child in children)
        self._open.discard(known)
        return self._data[known]

    def _entries(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        known = id(node)
        if known not in self._keys:
            self._keys[known] = {}  # a merge that leads back here finds nothing more
            own: dict[str, tuple[Node, Node]] = {}
            merged: dict[str, tuple[Node, Node]] = {}
            for key, value in node.value:
                if key.tag == f"{_TAG}merge":
                    for source in self._merged(value):
                        merged = {**self._entries(source), **merged}
                elif self._is_name(key, own):
                    own[key.value] = (key, value)
            self._keys[known] = {**own, **{name: pair for name, pair in merged.items() if name not in own}}
        return self._keys[known]

    def _is_name(self, key: Node, own: dict[str, tuple[Node, Node]]) -> bool:
        if not isinstance(key, ScalarNode):
            self._report(key, "bad_key", "A key must be a plain name.")
            return False
        if key.value in own:
            first = self._place(own[key.value][0])
            self._report(
                key,
                "duplicate_key",
                f"This key was given before, on line {first.line}, column {first.column}.",
                "Keep one of the two.",
            )
            return False
        return True

    def _merged(self, value: Node) -> Iterator[MappingNode]:
        for source in value.value if isinstance(value, SequenceNode) else [value]:
            if isinstance(source, MappingNode):
                yield source
            else:
                self._report(value, "bad_merge", "`<<` merges mappings only.", "Write `<<: *anchor`.")

    def _scalar(self, node: ScalarNode) -> object:
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if len(text) <= _LONGEST_NUMBER:
                return _whole_number(text)
            case "float":
                return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
            case "str" | "int" | "timestamp" | "value" | "merge":
                return text
            case _:
                self._report(node, "unsupported_tag", "Tags (`!...`) are not supported here.", "Remove the tag.")
                return text

    def _place(self, node: Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _report(self, node: Node, code: str, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(self._place(node), code, message, suggestion))


def is_silent(node: Node) -> bool:
    """A value that nobody wrote, as in ``hosts:`` with nothing after it, has no place but its key's."""
    return isinstance(node, ScalarNode) and node.value == "" and node.style is None


def _whole_number(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    return sign * int(digits, _BASES.get(digits[:2].lower(), 10))
