"""Composite formatting and ToString(format) of .NET in the invariant culture, as far as scripts use them.

After "Composite formatting" and "Standard and custom format strings" on Microsoft Learn (read 2025-11). A format
outside the list is refused by name.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from harness.sim.script._errors import INVALID_ARGUMENT, ScriptError, failure
from harness.sim.script._values import is_number, number_text, to_text

__all__ = ["composite", "formatted"]

_HOLE = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]*))?\}|[{}]")
_STANDARD = re.compile(r"([cdefgnpx])(\d{0,2})", re.IGNORECASE)
_CUSTOM = re.compile(r"([#,]*)(0*)(?:\.(0*)(#*))?")
_DATE_TOKEN = re.compile(
    r"yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|tt|zzz|K|'([^']*)'|\\(.)|.", re.DOTALL
)
_STANDARD_DATES = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
}


def _bad_format(text: str) -> ScriptError:
    return failure(f"Error formatting a string: {text}", "FormatError", INVALID_ARGUMENT)


def composite(template: str, values: Sequence[object]) -> str:
    """``'{0,-8}{1:N2}' -f $name, $size``."""

    def one(found: re.Match[str]) -> str:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found[1] is None:
            raise _bad_format("Input string was not in a correct format.")
        if int(found[1]) >= len(values):
            raise _bad_format(
                "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."
            )
        text = formatted(values[int(found[1])], found[3] or "")
        width = max(-1000, min(1000, int(found[2] or 0)))
        return text.ljust(-width) if width < 0 else text.rjust(width)

    return _HOLE.sub(one, template)


def formatted(value: object, form: str) -> str:
    """``value.ToString(form)``; a type that knows no formats ignores it, as .NET does."""
    if not form:
        return to_text(value)
    if isinstance(value, bool):
        return to_text(value)
    if isinstance(value, int | float) and is_number(value):
        return _number(value, form)
    if isinstance(value, datetime):
        return _date(value, form)
    if isinstance(value, UUID):
        return _guid(value, form)
    if isinstance(value, timedelta):
        return _duration(value, form)
    return to_text(value)


def _number(value: float, form: str) -> str:
    standard = _STANDARD.fullmatch(form)
    if standard is None:
        return _custom_number(value, form)
    kind, digits = standard[1], int(standard[2]) if standard[2] else None
    lower = kind.lower()
    if lower in ("d", "x"):
        return _integer(value, kind, digits or 0)
    if lower == "n":
        return f"{value:,.{2 if digits is None else digits}f}"
    if lower == "f":
        return f"{value:.{2 if digits is None else digits}f}"
    if lower == "p":
        return f"{value * 100:,.{2 if digits is None else digits}f} %"
    if lower == "g" and digits is None:
        return number_text(value) if isinstance(value, float) else str(value)
    raise failure(f"The simulated lab does not evaluate the number format '{form}'.", "FormatNotSupported")


def _integer(value: float, kind: str, digits: int) -> str:
    if not isinstance(value, int):
        raise _bad_format("Format specifier was invalid.")
    if kind.lower() == "d":
        return f"{'-' if value < 0 else ''}{str(abs(value)).zfill(digits)}"
    bits = value & 0xFFFFFFFF if -(1 << 31) <= value < 1 << 31 else value & 0xFFFFFFFFFFFFFFFF
    return f"{bits:{kind}}".zfill(digits)


def _custom_number(value: float, form: str) -> str:
    found = _CUSTOM.fullmatch(form)
    if found is None:
        raise failure(f"The simulated lab does not evaluate the number format '{form}'.", "FormatNotSupported")
    hashes, zeros, fixed, optional = found[1], found[2], found[3] or "", found[4] or ""
    text = f"{abs(value):{',' if ',' in hashes else ''}.{len(fixed) + len(optional)}f}"
    left, _, right = text.partition(".")
    while len(right) > len(fixed) and right.endswith("0"):
        right = right[:-1]
    left = left.zfill(len(zeros)) if zeros else ("" if left == "0" else left)
    return f"{'-' if value < 0 else ''}{left}{f'.{right}' if right else ''}"


def _date(value: datetime, form: str) -> str:
    if len(form) == 1:
        if form not in _STANDARD_DATES:
            raise failure(f"The simulated lab does not evaluate the date format '{form}'.", "FormatNotSupported")
        form = _STANDARD_DATES[form]
    return _DATE_TOKEN.sub(lambda found: _date_piece(value, found), form)


def _date_piece(value: datetime, found: re.Match[str]) -> str:
    token = found[0]
    if found[1] is not None or found[2] is not None:
        return found[1] or found[2] or ""
    if set(token) == {"f"}:
        return f"{value.microsecond:06}0"[: len(token)]
    offset = f"{value:%z}"
    zone = f"{offset[:3]}:{offset[3:]}" if offset else ""
    pieces = {
        "K": "Z" if zone == "+00:00" else zone,
        "zzz": zone,
        "M": str(value.month),
        "d": str(value.day),
        "H": str(value.hour),
        "h": str(value.hour % 12 or 12),
        "m": str(value.minute),
        "s": str(value.second),
        "yyyy": f"{value.year:04}",
    }
    rules = {
        "yy": "%y",
        "MMMM": "%B",
        "MMM": "%b",
        "MM": "%m",
        "dddd": "%A",
        "ddd": "%a",
        "dd": "%d",
        "HH": "%H",
        "hh": "%I",
        "mm": "%M",
        "ss": "%S",
        "tt": "%p",
    }
    return pieces[token] if token in pieces else value.strftime(rules[token]) if token in rules else token


def _guid(value: UUID, form: str) -> str:
    forms = {"d": "{}", "b": "{{{}}}", "p": "({})", "n": "{}"}
    if form.lower() not in forms:
        raise _bad_format("Format String can be only 'D', 'd', 'N', 'n', 'P', 'p', 'B', 'b', 'X' or 'x'.")
    return forms[form.lower()].format(value.hex if form.lower() == "n" else value)


def _duration(value: timedelta, form: str) -> str:
    if form in ("c", "g"):
        return to_text(value)
    raise failure(f"The simulated lab does not evaluate the time span format '{form}'.", "FormatNotSupported")
