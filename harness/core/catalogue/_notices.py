"""What other tools say about a node's right to activate guests, and the code under which we speak of the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

from harness.core.catalogue._load import table

__all__ = ["NoticeRow", "notices", "notices_in"]

_LONGEST = 2000
"""A line longer than this is no notice."""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One message. ``code`` is that of a cause or an outcome of ours, and ``next_step`` what we advise there.

    ``says`` are its known wordings, English as every source shows them; ``whole``: only a line of its own counts.
    """

    says: tuple[str, ...]
    whole: bool
    code: str
    meaning: str
    next_step: str
    source: str
    date: str


@cache
def notices() -> tuple[NoticeRow, ...]:
    """Every known message, in the file's order."""
    return tuple(
        NoticeRow(
            says=tuple(cast("list[str]", row["says"])),
            whole=bool(row["whole"]),
            code=str(row["code"]),
            meaning=str(row["meaning"]),
            next_step=str(row["next_step"]),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("notices", "notice")
    )


def notices_in(text: str) -> tuple[NoticeRow, ...]:
    """The messages that a text holds, each once, in the order of the table.

    Example:
        >>> [row.code for row in notices_in("Error 3: “Server is down”")]
        ['cluster_not_covered']
    """
    lines = tuple(_lines(text))
    return tuple(row for row in notices() if any(_is_in(row, line) for line in lines))


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and len(line) <= _LONGEST:
            yield _plain(line)


def _plain(text: str) -> str:
    straight = text.casefold().replace("\u2019", "'").replace("\u2018", "'")
    return " ".join(straight.split())


def _is_in(row: NoticeRow, line: str) -> bool:
    if not row.whole:
        return any(_plain(said) in line for said in row.says)
    bare = re.sub(r"^(?:error(?: \d)?|warning)\s*:\s*", "", line).strip("\"'`\u201c\u201d .!*")
    return any(_plain(said) == bare for said in row.says)
