"""Reading a command line as cmd.exe does: variables, quotes, ``&``, ``&&``, ``||`` and redirection to nul."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Step", "expand", "split_steps", "split_words"]

_VARIABLE = re.compile(r"%([^%\r\n]+)%")
_REDIRECTION = re.compile(r"\s*(?:[12]?>&[12]|[12]?>>?\s*nul)(?=\s|&|\||$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a line. ``when`` says after what it runs: always, after success ("&&"), after failure ("||")."""

    text: str
    when: str = "&"
    silent: bool = False
    merged: bool = False


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace %NAME%; an unknown name stays as it is, as on the command line."""
    known = {name.casefold(): value for name, value in environment.items()}
    return _VARIABLE.sub(lambda found: known.get(found[1].casefold(), found[0]), text)


def split_steps(line: str) -> Iterator[Step]:
    """The commands of a line in order."""
    when, start, quoted, at = "&", 0, False, 0
    while at < len(line):
        if line[at] == '"':
            quoted = not quoted
        elif not quoted and line[at] in "&|" and not _in_redirection(line, at):
            operator = line[at : at + 2] if line[at : at + 2] in {"&&", "||"} else line[at]
            yield _step(line[start:at], when)
            when, at = operator, at + len(operator) - 1
            start = at + 1
        at += 1
    yield _step(line[start:], when)


def _in_redirection(line: str, at: int) -> bool:
    return line[at] == "&" and at > 0 and line[at - 1] == ">"


def _step(text: str, when: str) -> Step:
    found = [match[0].strip().casefold() for match in _REDIRECTION.finditer(text)]
    silent = any("nul" in item and not item.startswith("2") for item in found)
    return Step(_REDIRECTION.sub("", text).strip().strip("()").strip(), when, silent, "2>&1" in found)


def split_words(text: str) -> list[str]:
    """Words between blanks; quotes keep blanks together and are dropped."""
    words = re.findall(r'(?:[^\s"]|"[^"]*"?)+', text)
    return [word.replace('"', "") for word in words]
