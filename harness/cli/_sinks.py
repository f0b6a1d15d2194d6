"""stdout and stderr as sinks that mask: whatever prints there, a traceback too, no secret of this process gets out.

Nothing is imported before there is a secret, since most commands have none and start-up time is measured.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, TypeVar, cast

if TYPE_CHECKING:
    from harness.core.redaction import Redactor

__all__ = ["beneath", "masked_streams", "redactor", "shown"]

T = TypeVar("T")
_here: "list[Redactor]" = []
"""The redactor of the command under way, once it has one."""


def redactor() -> "Redactor":
    """The one redactor of this command: every secret is registered with it as it is resolved."""
    from harness.core.redaction import Redactor

    if not _here:
        _here.append(Redactor())
    return _here[0]


def shown(value: T) -> T:
    """A record as it may be shown: masked text by text, before a table wraps its lines."""
    from harness.core.masking import masked

    return masked(value, _here[0].redact) if _here else value


@contextmanager
def masked_streams() -> Iterator[None]:
    """For one command: stdout and stderr mask what is written to them."""
    before = sys.stdout, sys.stderr
    _here.clear()
    sys.stdout, sys.stderr = (cast("TextIO", _Sink(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        _here.clear()


def beneath(stream: TextIO) -> TextIO:
    """The stream under a sink: for documents whose values are masked already, so that their keys stay what they are."""
    return stream.stream if isinstance(stream, _Sink) else stream


class _Sink:
    """A text stream in front of another one."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write it masked; counts what was given, as callers expect."""
        self.stream.write(_here[0].redact(text) if _here else text)
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write each masked."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self.stream, name)  # type: ignore[no-any-return]
