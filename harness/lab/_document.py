"""A YAML file as data with places: the one door through which inventories and playbooks come in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from harness.core.catalogue import is_public_key
from harness.core.model import Place
from harness.lab._nodes import NodeReader, Path, is_silent
from harness.lab._problems import LabFileError, Problem
from harness.lab._syntax import compose

__all__ = ["Document", "read_document"]

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
    node = compose(file, text)
    if node is None or is_silent(node):
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
            quoted = line[: match.start()].endswith(("'", '"'))
            place = Place(file, number, match.start() + (0 if quoted else 1))
            if is_public_key(match[0]):
                message = "This is one of Microsoft's public keys: the harness knows them and picks the right one."
                yield Problem(place, "public_key", message, "Remove it.")
            else:
                message = "A product key stands here in the clear."
                advice = "Take it out of the file, also out of its history, and write a reference: `key: {env: NAME}`."
                yield Problem(place, "product_key", message, advice)
