"""A YAML file as data with places: the one door through which inventories and playbooks come in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from harness.core.catalogue import is_public_key
from harness.core.model import Place
from harness.lab._nodes import NodeReader, Path
from harness.lab._problems import LabFileError, Problem

__all__ = ["Document", "read_document"]

_DEEPEST = 64
_PRODUCT_KEY = re.compile(
    r"(?<![A-Z0-9-])(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}(?![A-Z0-9-])"
    r"|(?<![A-Za-z0-9+/=])[BCDFGHJKMNPQRTVWXY2346789]{25}(?![A-Za-z0-9+/=])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file's data, the way back to its places, and what was already found wrong with it."""

    file: str
    data: dict[str, object]
    problems: tuple[Problem, ...]
    reader: NodeReader

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where the value at ``path`` stands, or its key."""
        return self.reader.place(path, key=key)


def read_document(path: FilePath) -> Document:
    """Read one YAML mapping.

    Raises:
        LabFileError: there is no such file, it is not UTF-8, empty, not well-formed YAML or not a mapping.
    """
    file = str(path)
    text = _text(path)
    keys = tuple(_product_keys(file, text))
    node = _compose(file, text)
    if node is None:
        raise _error(
            Place(file, 1, 1), "empty_file", "The file is empty.", "Start from an example that the harness ships."
        )
    reader = NodeReader(file, node)
    data = reader.read()
    if not isinstance(data, dict):
        found = reader.problems or [_not_a_mapping(reader.place(()))]
        raise LabFileError([*found, *keys])
    return Document(file, data, (*reader.problems, *keys), reader)


def _error(place: Place, code: str, message: str, suggestion: str = "") -> LabFileError:
    return LabFileError([Problem(place, code, message, suggestion)])


def _not_a_mapping(place: Place) -> Problem:
    return Problem(place, "wrong_type", "The file must hold keys with values.", "Begin with `version: 1`.")


def _text(path: FilePath) -> str:
    file = str(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise _error(Place(file, 1, 1), "file_missing", "There is no such file.", "Check the path.") from error
    except OSError as error:
        raise _error(Place(file, 1, 1), "file_unreadable", f"The file cannot be read: {error.strerror}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        advice = "Save the file as UTF-8."
        raise _error(
            Place(file, line, column), "not_utf8", "The file is not UTF-8 text from here on.", advice
        ) from error


def _product_keys(file: str, text: str) -> Iterator[Problem]:
    for number, line in enumerate(text.splitlines(), 1):
        for match in _PRODUCT_KEY.finditer(line):
            place = Place(file, number, match.start() + 1)
            if is_public_key(match[0]):
                message = "This is one of Microsoft's public keys: the harness knows them and picks the right one."
                yield Problem(place, "public_key", message, "Remove it.")
            else:
                message = "A product key stands here in the clear."
                advice = "Take it out of the file, also out of its history, and write a reference: `key: {env: NAME}`."
                yield Problem(place, "product_key", message, advice)


def _compose(file: str, text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "A control character stands here, which YAML does not allow."
        raise _error(Place(file, line, column), "yaml_syntax", message, "Remove it.") from None
    except MarkedYAMLError as error:
        raise LabFileError([_syntax_problem(file, text, error)]) from None
    except YAMLError:
        raise _error(Place(file, 1, 1), "yaml_syntax", "This is not YAML.") from None
    return node


_SYNTAX = (
    ("undefined alias", "This alias has no anchor before it.", "Quote a text that begins with `*`."),
    ("another document", "A second document begins here.", "Keep one document per file."),
    (
        "mapping values are not allowed",
        "A `:` stands where no key can be.",
        "Quote the text, or check the indentation.",
    ),
    ("unexpected end of stream", "The quotation that begins here never ends.", "Add the closing quote."),
    ("maximum depth", "The nesting is too deep.", ""),
    ("cannot start any token", "This character cannot begin a value.", "Quote the text."),
    ("could not find expected ':'", "A key without `:` stands before this place.", "Add `:` after the key."),
    (
        "expected <block end>",
        "This line does not fit the indentation of the lines above.",
        "Align it with its siblings.",
    ),
    ("expected ',' or", "A list or mapping in brackets is not closed before this place.", "Close the bracket."),
    ("unknown escape", "This backslash escape is unknown.", "Use single quotes for a text with backslashes."),
)


def _syntax_problem(file: str, text: str, error: MarkedYAMLError) -> Problem:
    """A syntax error in our words: ruamel's own may quote pieces of a value, which may be a secret."""
    problem = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if "end of stream" in problem and error.context_mark is not None:
        mark = error.context_mark
    tab = _tab_in_indentation(text, mark.line)
    if tab is not None:
        place = Place(file, tab[0] + 1, tab[1] + 1)
        return Problem(place, "tab", "A tab stands in the indentation.", "YAML indents with spaces.")
    place = Place(file, mark.line + 1, mark.column + 1)
    for beginning, message, advice in _SYNTAX:
        if beginning in problem:
            return Problem(place, "yaml_syntax", message, advice)
    return Problem(place, "yaml_syntax", "The YAML is not well formed here.", "Check indentation, quotes and brackets.")


def _tab_in_indentation(text: str, last: int) -> tuple[int, int] | None:
    for number in range(last, max(last - 2, -1), -1):
        lines = text.splitlines()
        line = lines[number] if number < len(lines) else ""
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation:
            return number, indentation.index("\t")
    return None
