"""The global options, and the two streams: data to stdout, talk to stderr."""

import json
import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.cli._sinks import beneath, shown

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Options", "Output"]


class Output(StrEnum):
    """How data is written to stdout."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class Options:
    """What stood on the command line before or after the command's name."""

    output: Output = Output.TEXT
    inventory: str | None = None
    limit: str | None = None
    store: str | None = None
    forks: int | None = None
    color: bool = True
    verbose: int = 0

    def console(self) -> "Console":
        """Where tables go."""
        from rich.console import Console

        width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "160"))
        return Console(no_color=not self.color, highlight=False, width=width, soft_wrap=False)

    def talk(self) -> "Console":
        """Where progress and remarks go."""
        from rich.console import Console

        return Console(stderr=True, no_color=not self.color, highlight=False)

    def document(self, document: dict[str, object]) -> None:
        """One JSON document to stdout; indented for `json`, on one line for `ndjson`."""
        indent = 2 if self.output is Output.JSON else None
        stream = beneath(sys.stdout)
        stream.write(json.dumps(shown(document), indent=indent, ensure_ascii=False) + "\n")
        stream.flush()
