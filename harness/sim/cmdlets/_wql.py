"""A WQL subset: SELECT list or *, FROM a class, WHERE with = <> != < > <= >= LIKE, IS [NOT] NULL, AND, OR, NOT, ( ).

After "Querying with WQL" on Microsoft Learn: names and strings compare without case, LIKE knows % _ and [sets].
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Query", "WqlError", "parse_filter", "parse_query"]

Row = Mapping[str, object]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<number>-?\d+)"""
    r"""|(?P<operator><=|>=|<>|!=|=|<|>|\(|\)|,|\*)|(?P<word>[A-Za-z_]\w*))"""
)


class WqlError(ValueError):
    """The query does not parse, or names a property that the class has not."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. ``properties`` empty means all; ``named`` is every property the text mentions."""

    class_name: str
    properties: tuple[str, ...]
    named: frozenset[str]
    test: Test


def parse_query(text: str) -> Query:
    """A whole SELECT. Raises WqlError."""
    reader = _Reader(text)
    reader.keyword("select")
    properties: list[str] = []
    if not reader.accept("*"):
        properties.append(reader.name())
        while reader.accept(","):
            properties.append(reader.name())
    reader.keyword("from")
    class_name = reader.name()
    test: Test = _always
    if not reader.done:
        reader.keyword("where")
        test = reader.condition()
    reader.end()
    return Query(class_name, tuple(properties), frozenset((*properties, *reader.named)), test)


def parse_filter(text: str) -> tuple[Test, frozenset[str]]:
    """The part behind WHERE, as -Filter takes it; with the properties it names. Raises WqlError."""
    reader = _Reader(text)
    test = reader.condition()
    reader.end()
    return test, frozenset(reader.named)


def _always(_row: Row) -> bool:
    return True


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self.named: set[str] = set()
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.end() == at:
                raise WqlError(f"unexpected text at {text[at : at + 20]!r}")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    @property
    def done(self) -> bool:
        return not self._tokens

    def end(self) -> None:
        if self._tokens:
            raise WqlError(f"unexpected {self._tokens[0][1]!r}")

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise WqlError("the query ends too early")
        return self._tokens.pop(0)

    def accept(self, text: str) -> bool:
        if self._tokens and self._tokens[0][0] != "string" and self._tokens[0][1].casefold() == text:
            self._tokens.pop(0)
            return True
        return False

    def keyword(self, word: str) -> None:
        if not self.accept(word):
            raise WqlError(f"{word.upper()} is missing")

    def name(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise WqlError(f"{text!r} is no name")
        return text

    def condition(self) -> Test:
        test = self._conjunction()
        while self.accept("or"):
            test = _either(test, self._conjunction())
        return test

    def _conjunction(self) -> Test:
        test = self._factor()
        while self.accept("and"):
            test = _both(test, self._factor())
        return test

    def _factor(self) -> Test:
        if self.accept("not"):
            inner = self._factor()
            return lambda row: not inner(row)
        if self.accept("("):
            test = self.condition()
            if not self.accept(")"):
                raise WqlError("a parenthesis is not closed")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        name = self.name()
        self.named.add(name)
        if self.accept("is"):
            negated = self.accept("not")
            self.keyword("null")
            return lambda row: (_read(row, name) is None) is not negated
        if self.accept("like"):
            pattern = _like_pattern(str(self._literal()))
            return lambda row: pattern.fullmatch(_text(_read(row, name))) is not None
        operator = self._next()[1]
        if operator not in _OPERATORS:
            raise WqlError(f"{operator!r} is no operator")
        wanted = self._literal()
        return lambda row: _compare(operator, _read(row, name), wanted)

    def _literal(self) -> object:
        kind, text = self._next()
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return int(text)
        constants: dict[str, object] = {"true": True, "false": False, "null": None}
        if text.casefold() in constants:
            return constants[text.casefold()]
        raise WqlError(f"{text!r} is no value")


def _either(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def _both(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)


def _read(row: Row, name: str) -> object:
    if name in row:
        return row[name]
    wanted = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == wanted), None)


def _text(value: object) -> str:
    return "" if value is None else str(value)


_OPERATORS: dict[str, Callable[[tuple[object, object]], bool]] = {
    "=": lambda pair: pair[0] == pair[1],
    "<>": lambda pair: pair[0] != pair[1],
    "!=": lambda pair: pair[0] != pair[1],
    "<": lambda pair: pair[0] < pair[1],  # type: ignore[operator]
    ">": lambda pair: pair[0] > pair[1],  # type: ignore[operator]
    "<=": lambda pair: pair[0] <= pair[1],  # type: ignore[operator]
    ">=": lambda pair: pair[0] >= pair[1],  # type: ignore[operator]
}


def _compare(operator: str, left: object, right: object) -> bool:
    """NULL equals nothing; a boolean compares with 0 and 1, a number with its digits, text without case."""
    if left is None or right is None:
        return (left is right) is (operator == "=") if operator in {"=", "<>", "!="} else False
    return _OPERATORS[operator](_comparable(left, right))


def _comparable(left: object, right: object) -> tuple[object, object]:
    if isinstance(left, bool) or isinstance(right, bool):
        return _text(left).casefold() in {"true", "1"}, _text(right).casefold() in {"true", "1"}
    if isinstance(left, int) and _text(right).lstrip("-").isdecimal():
        return int(left), int(_text(right))
    if isinstance(left, datetime):
        return left.strftime("%Y%m%d%H%M%S"), _text(right)[:14]
    return _text(left).casefold(), _text(right).casefold()


def _like_pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\[[^\]]*\]|%|_)", text)
    joined = "".join(
        {"%": ".*", "_": "."}.get(part) or (part if part[:1] == "[" else re.escape(part)) for part in parts
    )
    return re.compile(joined, re.IGNORECASE | re.DOTALL)
