"""How-to pages as programs: what a reader types and writes, done against the simulated lab that the page names.

The convention, so that a page reads like any other and can still be run:

* ``<!-- lab: PATH -->`` names the topology. Machines on the page are those of the topology; ``NAME.contoso.com`` stands
  for a machine's address, ``...`` in an ``export`` for the secret, ``./NAME.key`` for a file with that host key, and a
  file named by ``ca:`` holds the lab's authority. RUN is the id that a person reads off `avma runs`.
* A ``console`` block holds commands, one a line: ``$ avma ...``, ``$ pytest ...``, ``$ export NAME=VALUE``. ``# 7`` at
  the end is the exit code, 0 where none is told; ``&`` leaves the command running until the page ends.
* A block after a line that ends in "`NAME`:" is a file of that name.
* A ``powershell`` block is for Windows: every line is parsed, and runs on the lab's first host where the lab knows all
  its commands.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Language, Node, Parser
from tree_sitter_pwsh import language

__all__ = ["Command", "Export", "File", "HowTo", "Script", "read_page"]

_LAB = re.compile(r"^<!-- lab: (\S+) -->$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w./-]+)`:\s*\Z")
_LINE = re.compile(r"\$ (?P<words>[^\s#][^#]*?)(?P<stay> &)?(?: +# (?P<code>\d+))?")


@dataclass(frozen=True)
class Command:
    """A command line, how it ends, and whether it stays while the rest of the page goes on."""

    words: tuple[str, ...]
    code: int
    stays: bool


@dataclass(frozen=True)
class Export:
    """A variable of the environment."""

    name: str
    value: str


@dataclass(frozen=True)
class File:
    """A file that the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Script:
    """One statement of PowerShell, with the names of its commands."""

    text: str
    commands: tuple[str, ...]


Step = Command | Export | File | Script


@dataclass(frozen=True)
class HowTo:
    """A page: the topology it is run against, and its steps in order."""

    topology: str
    steps: tuple[Step, ...]


def read_page(path: Path) -> HowTo:
    """A page of docs/. Raises ValueError for a line that is no step."""
    text = path.read_text("utf-8")
    found = _LAB.search(text)
    if found is None:
        raise ValueError(f"{path} names no lab")
    return HowTo(found[1], tuple(_steps(text)))


def _steps(text: str) -> Iterator[Step]:
    for block in _BLOCK.finditer(text):
        kind, body = block[1], block[2]
        named = _NAMED.search(text[: block.start()])
        if named:
            yield File(named[1], body)
        elif kind == "console":
            yield from map(_typed, body.splitlines())
        elif kind == "powershell":
            yield from _statements(body)


def _typed(line: str) -> Step:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"{line!r} is no command with its exit code")
    words = tuple(shlex.split(found["words"]))
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        return Export(name, value)
    return Command(words, int(found["code"] or 0), found["stay"] is not None)


def _statements(body: str) -> Iterator[Script]:
    tree = Parser(Language(language())).parse(body.encode())
    if tree.root_node.has_error:
        raise ValueError(f"this is no PowerShell: {body}")
    for statement in _each(tree.root_node, "pipeline"):
        names = tuple(_text(node) for node in _each(statement, "command_name"))
        yield Script(_text(statement), names)


def _each(node: Node, kind: str) -> Iterator[Node]:
    for child in node.children:
        if child.type == kind:
            yield child
        elif kind == "command_name" or child.type != "pipeline":
            yield from _each(child, kind)


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()
