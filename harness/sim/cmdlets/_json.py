r"""ConvertTo-Json of Windows PowerShell 5.1.

Enums as numbers, dates as "\/Date(ms)\/", what lies deeper than -Depth as its text, and the escapes of
JavaScriptSerializer: < > & ' as \u00xx, everything beyond ASCII as it is (except U+0085, U+2028, U+2029).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from harness.sim.cmdlets._convert import to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.objects import Enum, Obj, Version

__all__ = ["COMMANDS", "to_json"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSAFE = re.compile("[\x00-\x1f\"\\\\'<>&\x85\u2028\u2029]")
_COMMON = (("\\", "\\\\"), ('"', '\\"'), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027"))
"""The escapes of printable ASCII, the backslash first."""


class _Raw(str):
    """A piece of JSON that needs no quotes."""

    __slots__ = ()


def to_json(value: object, depth: int = 2, *, compress: bool = False) -> str:
    """One value as JSON text."""
    plain = _plain(value, 0, depth)
    return _compact(plain) if compress else _pretty(plain, 0)


def _plain(value: object, level: int, depth: int) -> object:
    """The value as dict, list, str, bool, None or a raw piece of JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _Raw(value.value)
    if isinstance(value, int | float):
        return _Raw(_number(value))
    if isinstance(value, datetime):
        return _Raw(f'"\\/Date({(value - _EPOCH) // timedelta(milliseconds=1)})\\/"')
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and not isinstance(value, Version):
        return value
    if level > depth:
        return _deep_text(value)
    if isinstance(value, list):
        return [_plain(item, level + 1, depth) for item in value]
    return {name: _plain(item, level + 1, depth) for name, item in _members(value).items()}


def _number(value: float) -> str:
    return repr(value).replace("e+", "E+") if isinstance(value, float) else str(int(value))


def _deep_text(value: object) -> str:
    """What stands for an object below the depth: its text, a pure custom object's as @{a=1; b=2}."""
    if isinstance(value, Obj) and "System.Management.Automation.PSCustomObject" in value.types:
        return "@{" + "; ".join(f"{name}={to_text(item)}" for name, item in value.notes.items()) + "}"
    return to_text(value)


def _members(value: object) -> dict[str, object]:
    if isinstance(value, Obj):
        return {**value.adapted, **value.notes}
    if isinstance(value, dict):
        return {to_text(key): item for key, item in value.items()}
    if isinstance(value, timedelta):
        return _timespan(value)
    if isinstance(value, Version):
        parts = [int(part) for part in value.split(".")] + [-1, -1, -1]
        names = ("Major", "Minor", "Build", "Revision")
        return {**dict(zip(names, parts, strict=False)), "MajorRevision": -1, "MinorRevision": -1}
    return {"value": to_text(value)}


def _timespan(value: timedelta) -> dict[str, object]:
    ticks = value // timedelta(microseconds=1) * 10
    seconds = value.total_seconds()
    hours, rest = divmod(value.seconds, 3600)
    return {
        "Ticks": ticks,
        "Days": value.days,
        "Hours": hours,
        "Milliseconds": value.microseconds // 1000,
        "Minutes": rest // 60,
        "Seconds": rest % 60,
        "TotalDays": seconds / 86400,
        "TotalHours": seconds / 3600,
        "TotalMilliseconds": seconds * 1000,
        "TotalMinutes": seconds / 60,
        "TotalSeconds": seconds,
    }


def _quote(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        return '"' + _UNSAFE.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
    for char, escape in _COMMON:  # several times faster than the expression, and texts here are long
        text = text.replace(char, escape)
    return f'"{text}"'


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _Raw) else _quote(str(value))


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """A member's name in quotes: the same few come again and again."""
    return _quote(name)


def _compact(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(name)}:{_compact(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return _scalar(value)


def _pretty(value: object, column: int) -> str:
    """5.1 sets each level four columns right of the bracket that opens it."""
    if not isinstance(value, dict | list):
        return _scalar(value)
    inner, outer = "\r\n" + " " * (column + 4), "\r\n" + " " * column
    if isinstance(value, list):
        items = [_pretty(item, column + 4) for item in value]
        first, last = "[", "]"
    else:
        keys = [f"{_quote(name)}:  " for name in value]
        items = [key + _pretty(item, column + 4 + len(key)) for key, item in zip(keys, value.values(), strict=True)]
        first, last = "{", "}"
    return first + inner + ("," + inner).join(items) + outer + last if items else first + "\r\n" + outer + last


@cmdlet(
    "ConvertTo-Json",
    P("InputObject", "object", 0),
    P("Depth", "int"),
    P("Compress", "switch"),
    module="Microsoft.PowerShell.Utility",
    class_name="Microsoft.PowerShell.Commands.ConvertToJsonCommand",
)
def convert_to_json(call: Call) -> Iterable[object]:
    objects = [call.get("InputObject")] if call.has("InputObject") else list(call.input or [])
    if not objects:
        return []
    value = objects if len(objects) > 1 else objects[0]
    if isinstance(value, datetime) and len(objects) == 1:
        value = {"value": value, "DisplayHint": 2, "DateTime": f"{value:%A, %B %d, %Y %H:%M:%S}"}
    return [to_json(value, call.number("Depth", 2), compress=call.switch("Compress"))]


COMMANDS = (convert_to_json,)
