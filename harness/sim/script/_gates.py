"""Streams behind an error action or a redirection, as a command sees them."""

from collections.abc import Callable, Sequence

from harness.sim.machine import Streams
from harness.sim.objects import ErrorRecord, ProgressRecord
from harness.sim.script._errors import ScriptError
from harness.sim.script._nodes import Redirection
from harness.sim.script._values import Sink

__all__ = ["ErrorGate", "Redirected", "redirected"]

_NUMBERS = {"error": "2", "warning": "3", "verbose": "4", "debug": "5", "information": "6"}


class Passing:
    """Streams that pass everything on; the base of the two below."""

    def __init__(self, inner: Streams) -> None:
        self._inner = inner

    def output(self, value: object) -> None:
        self._inner.output(value)

    def error(self, record: ErrorRecord) -> None:
        self._inner.error(record)

    def warning(self, text: str) -> None:
        self._inner.warning(text)

    def verbose(self, text: str) -> None:
        self._inner.verbose(text)

    def debug(self, text: str) -> None:
        self._inner.debug(text)

    def information(self, value: object) -> None:
        self._inner.information(value)

    def progress(self, record: ProgressRecord) -> None:
        self._inner.progress(record)

    async def host(self, method: str, *arguments: object) -> object:
        return await self._inner.host(method, *arguments)


class ErrorGate(Passing):
    """Non-terminating errors under an action: continue, silentlycontinue, ignore or stop.

    Args:
        inner: where errors go under ``continue``.
        action: the action's name, lower case.
        remember: puts an error into ``$Error``.
        kept: takes every error, for ``-ErrorVariable``.
    """

    def __init__(
        self, inner: Streams, action: str, remember: Callable[[ErrorRecord], None], kept: list[object]
    ) -> None:
        super().__init__(inner)
        self._action = action
        self._remember = remember
        self._kept = kept

    def error(self, record: ErrorRecord) -> None:
        self._kept.append(record)
        if self._action == "ignore":
            return
        self._remember(record)
        if self._action == "stop":
            raise ScriptError(record, ends_script=True)
        if self._action != "silentlycontinue":
            self._inner.error(record)


class Redirected(Passing):
    """Streams some of which are dropped (``2>$null``) or joined to the output (``2>&1``)."""

    def __init__(self, inner: Streams, redirections: Sequence[Redirection], sink: Sink) -> None:
        super().__init__(inner)
        self._targets: dict[str, Callable[[object], None]] = {}
        for one in redirections:
            names = [name for name, number in _NUMBERS.items() if one.source in (number, "*")]
            self._targets |= dict.fromkeys(names, sink if one.target == 1 else _drop)

    def error(self, record: ErrorRecord) -> None:
        self._targets.get("error", self._inner.error)(record)

    def warning(self, text: str) -> None:
        self._targets.get("warning", self._inner.warning)(text)

    def verbose(self, text: str) -> None:
        self._targets.get("verbose", self._inner.verbose)(text)

    def debug(self, text: str) -> None:
        self._targets.get("debug", self._inner.debug)(text)

    def information(self, value: object) -> None:
        self._targets.get("information", self._inner.information)(value)


def _drop(_: object) -> None:
    """What ``$null`` does with an object."""


def redirected(streams: Streams, redirections: Sequence[Redirection], sink: Sink) -> tuple[Streams, Sink]:
    """The streams and the output of a command behind its redirections."""
    if not redirections:
        return streams, sink
    closed = any(one.target is None and one.source in ("1", "*") for one in redirections)
    output = _drop if closed else sink
    return Redirected(streams, redirections, output), output
