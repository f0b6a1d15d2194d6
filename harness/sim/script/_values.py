"""Values as the language sees them: text, truth, numbers, and how collections open in a pipeline.

After about_Booleans, about_Type_Conversion and about_Hash_Tables on Microsoft Learn (read 2025-11).
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from harness.sim.objects import ErrorRecord, Int64, Obj, Secure
from harness.sim.script._literals import fit, number

__all__ = [
    "NOTHING",
    "Nothing",
    "Sink",
    "as_items",
    "collapse",
    "emit",
    "is_number",
    "key_of",
    "number_text",
    "table_get",
    "to_bool",
    "to_number",
    "to_text",
    "whole",
]

Sink = Callable[[object], None]


class Nothing:
    """What a command without output leaves in a variable: null to an operator, no object to a pipeline."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = Nothing()
MAX_ITEMS = 200_000
MAX_TEXT = 1 << 22


def collapse(items: list[object]) -> object:
    """What a pipeline in an expression is worth: nothing, its one object, or the array of them."""
    if len(items) == 1:
        return items[0]
    return items if items else NOTHING


def as_items(value: object) -> list[object]:
    """A value opened as a pipeline opens it: one level of arrays."""
    if value is NOTHING:
        return []
    return list(value) if isinstance(value, list) else [value]


def emit(value: object, sink: Sink) -> None:
    for item in as_items(value):
        sink(item)


def whole(value: object) -> object:
    """An operand: null in the place of nothing."""
    return None if value is NOTHING else value


def to_bool(value: object) -> bool:
    """``if``'s view: an array of one counts as that one, an empty string, array or zero as false."""
    value = whole(value)
    if isinstance(value, list):
        return to_bool(value[0]) if len(value) == 1 else len(value) > 1
    if isinstance(value, bool | int | float | str):
        return bool(value)
    return value is not None


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def to_number(value: object) -> int | float | None:
    """A number where the language finds one, else None: null is 0, true is 1, text is read."""
    value = whole(value)
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        text = value.strip()
        sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
        found = number(digits) if digits else 0
        return None if found is None else _signed(found, sign)
    plain = getattr(value, "value", None)
    return plain if isinstance(plain, int) else None


def _signed(value: float, sign: int) -> int | float:
    if isinstance(value, Int64):
        return Int64(sign * value)
    return fit(sign * value) if isinstance(value, int) else sign * value


def number_text(value: float) -> str:
    """A Double as the invariant culture prints it: 15 significant digits, no trailing zeros."""
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.15g}"
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}E{exponent[0]}{exponent[1:].zfill(2)}" if mark else text


def to_text(value: object, separator: str = " ") -> str:
    """A value inside a double-quoted string."""
    value = whole(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | bytes):
        return separator.join(to_text(item) for item in value)
    if isinstance(value, Obj):
        return _object_text(value)
    rule = next((text for kind, text in _TEXTS if isinstance(value, kind)), str)
    return rule(value)


def _object_text(value: Obj) -> str:
    if value.text is not None or "System.Management.Automation.PSCustomObject" not in value.types:
        return str(value)
    table = {**value.adapted, **value.notes}
    return "@{" + "; ".join(f"{name}={to_text(one)}" for name, one in table.items()) + "}"


def _duration_text(value: timedelta) -> str:
    ticks = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(ticks, 1_000_000)
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{f'{days}.' if days else ''}{clock}{f'.{fraction:06}0' if fraction else ''}"


_TEXTS: tuple[tuple[type, Callable[..., str]], ...] = (
    (dict, lambda _: "System.Collections.Hashtable"),
    (datetime, lambda value: f"{value:%m/%d/%Y %H:%M:%S}"),
    (timedelta, _duration_text),
    (ErrorRecord, lambda value: value.message),
    (Secure, lambda _: "System.Security.SecureString"),
)


def key_of(table: dict[object, object], key: object) -> object:
    """The key as the table holds it: text compares without case."""
    if isinstance(key, str):
        wanted = key.casefold()
        return next((one for one in table if isinstance(one, str) and one.casefold() == wanted), key)
    return key


def table_get(table: dict[object, object], key: object) -> object:
    try:
        return table.get(key_of(table, key))
    except TypeError:  # an array or a table is no key
        return None


def wildcard(pattern: str, *, case: bool = False) -> re.Pattern[str]:
    """A ``-like`` pattern: ``*``, ``?``, ``[a-c]`` and backtick escapes."""
    pieces: Iterable[tuple[str, str, str, str]] = re.findall(r"`(.)|(\*|\?)|(\[[^\]]+\])|(.)", pattern, re.DOTALL)
    text = "".join(
        re.escape(escaped or other) if escaped or other else {"*": ".*", "?": "."}.get(mark, "") or group
        for escaped, mark, group, other in pieces
    )
    try:
        return re.compile(text, re.DOTALL if case else re.DOTALL | re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(pattern))
