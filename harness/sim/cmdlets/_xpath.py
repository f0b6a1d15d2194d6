"""The event query subset of Get-WinEvent -FilterXPath: *[System[...]] with ids, provider, level, record ids and times.

Understood in the brackets: EventID, Level, EventRecordID compared with a number; Provider[@Name='...'] with or/and;
TimeCreated[timediff(@SystemTime) <= ms] and TimeCreated[@SystemTime >= '...']; and, or, parentheses.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from harness.sim.world import Event

__all__ = ["XPathError", "compile_xpath"]

Test = Callable[[Event, datetime], bool]

_OUTER = re.compile(r"\s*\*\s*(?:\[\s*System\s*\[(?P<inner>.*)\]\s*\]\s*)?", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'[^']*'|"[^"]*")|(?P<number>\d+)|(?P<operator><=|>=|!=|=|<|>|\(|\)|\[|\])"""
    r"""|(?P<word>@?[A-Za-z_][\w-]*))"""
)


class XPathError(ValueError):
    """The query is outside the subset or malformed."""


def compile_xpath(text: str) -> Test:
    """A test for one event at one present time. Raises XPathError."""
    outer = _OUTER.fullmatch(text)
    if outer is None:
        raise XPathError(f"the query {text!r} is not of the form *[System[...]]")
    if outer["inner"] is None:
        return lambda _event, _now: True
    reader = _Reader(outer["inner"])
    test = reader.either()
    reader.end()
    return test


def _compare(operator: str, left: float, right: float) -> bool:
    order = (left > right) - (left < right)
    return {"=": order == 0, "!=": order != 0, "<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[
        operator
    ]


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise XPathError(f"unexpected text {text[at:]!r}")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    def end(self) -> None:
        if self._tokens:
            raise XPathError(f"unexpected {self._tokens[0][1]!r}")

    def _take(self, kind: str) -> str:
        if not self._tokens or self._tokens[0][0] != kind:
            raise XPathError(f"a {kind} is missing")
        return self._tokens.pop(0)[1]

    def _accept(self, text: str) -> bool:
        if self._tokens and self._tokens[0][1] == text and self._tokens[0][0] != "string":
            self._tokens.pop(0)
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._accept(text):
            raise XPathError(f"{text!r} is missing")

    def either(self) -> Test:
        tests = [self._both()]
        while self._accept("or"):
            tests.append(self._both())
        return lambda event, now: any(test(event, now) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._accept("and"):
            tests.append(self._one())
        return lambda event, now: all(test(event, now) for test in tests)

    def _one(self) -> Test:
        if self._accept("("):
            test = self.either()
            self._need(")")
            return test
        name = self._take("word")
        if name in _NUMBERS:
            operator, wanted, read = self._take("operator"), int(self._take("number")), _NUMBERS[name]
            return lambda event, _now: _compare(operator, read(event), wanted)
        self._need("[")
        if name not in {"Provider", "TimeCreated"}:
            raise XPathError(f"the lab does not filter by {name}")
        test = self._provider() if name == "Provider" else self._time()
        self._need("]")
        return test

    def _provider(self) -> Test:
        names = []
        while True:
            self._need("@Name")
            self._need("=")
            names.append(self._take("string")[1:-1].casefold())
            if not self._accept("or"):
                return lambda event, _now: event.provider.casefold() in names

    def _time(self) -> Test:
        if self._accept("timediff"):
            for piece in ("(", "@SystemTime", ")"):
                self._need(piece)
            operator, milliseconds = self._take("operator"), int(self._take("number"))
            return lambda event, now: _compare(operator, (now - event.time) / timedelta(milliseconds=1), milliseconds)
        tests = [self._bound()]
        while self._accept("and"):
            tests.append(self._bound())
        return lambda event, now: all(test(event, now) for test in tests)

    def _bound(self) -> Test:
        self._need("@SystemTime")
        operator, text = self._take("operator"), self._take("string")[1:-1]
        try:
            limit = datetime.fromisoformat(text).timestamp()
        except ValueError as error:
            raise XPathError(f"{text!r} is no time") from error
        return lambda event, _now: _compare(operator, event.time.timestamp(), limit)


_NUMBERS: dict[str, Callable[[Event], int]] = {
    "EventID": lambda event: event.event_id,
    "Level": lambda event: event.level,
    "EventRecordID": lambda event: event.record_id,
}
