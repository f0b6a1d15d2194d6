"""Every event as a log line, for `-v`: what was asked, in which order, when. Redaction is the last processor."""

from collections.abc import Callable
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from harness.engine import events
from harness.report._documents import plain
from harness.report._text import visible

__all__ = ["log_lines"]

_LARGE = ("plan", "verdict")


def log_lines(stream: TextIO, redact: Callable[[str], str]) -> events.Subscriber:
    """A subscriber that writes each event as ``key=value`` to ``stream``, freed of secrets after it was rendered.

    Args:
        stream: where lines go.
        redact: masks every known secret in a text; sees the finished line, whatever field it came from.
    """

    def last(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
        return redact(visible(str(line)))

    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[structlog.processors.KeyValueRenderer(key_order=["time", "event"], drop_missing=True), last],
    )

    def tell(event: events.Event) -> None:
        fields = plain(event)
        assert isinstance(fields, dict)
        for name in _LARGE:
            fields.pop(name, None)
        logger.info(type(event).__name__, **fields)

    return tell
