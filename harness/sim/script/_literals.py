"""Literals of the language: numbers with suffixes, quoted text with backtick escapes, type names.

After about_Numeric_Literals, about_Quoting_Rules and about_Special_Characters on Microsoft Learn (read 2025-11).
"""

import re

from harness.sim.objects import Int64
from harness.sim.script._nodes import TypeName

__all__ = ["bareword", "expandable_text", "here_text", "number", "type_name", "verbatim_text"]

_NUMBER = re.compile(r"(0x[0-9a-f]+|\d*\.?\d+(?:e[+-]?\d+)?|\d+\.)(l|d)?([kmgtp]b)?", re.IGNORECASE)
_SCALE = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_BACKTICK = re.compile(r"`(.)", re.DOTALL)
_INT32 = range(-(1 << 31), 1 << 31)
_INT64 = range(-(1 << 63), 1 << 63)


def number(text: str) -> int | float | None:
    """The value of a numeric literal; None for a form outside the subset, as a decimal's ``d``.

    >>> number("4KB"), number("0x1F"), number("1.5")
    (4096, 31, 1.5)
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    digits, suffix, scale = found[1].lower(), (found[2] or "").lower(), _SCALE.get((found[3] or "").lower(), 1)
    if suffix == "d":
        return None
    if digits.startswith("0x"):
        value = int(digits, 16) * scale
        # eight hexadecimal digits are the bits of an Int32
        return value - (1 << 32) if scale == 1 and (1 << 31) <= value < (1 << 32) and len(digits) == 10 else fit(value)
    if not digits.isdigit():
        return float(digits) * scale
    return Int64(int(digits) * scale) if suffix == "l" else fit(int(digits) * scale)


def fit(value: int) -> int | float:
    """An Int32 where it fits, an Int64 where it must, a Double beyond."""
    if value in _INT32:
        return value
    return Int64(value) if value in _INT64 else float(value)


def verbatim_text(quoted: str) -> str:
    return quoted[1:-1].replace("''", "'")


def here_text(quoted: str) -> str:
    """The body of a here-string: without the first line and the line break before the closing mark."""
    body = quoted[2:-2]
    body = body[body.index("\n") + 1 :]
    return body[:-2] if body.endswith("\r\n") else body[:-1]


def expandable_text(raw: str, *, here: bool = False) -> str:
    """A literal piece of a double-quoted string."""
    return _BACKTICK.sub(lambda found: _ESCAPES.get(found[1], found[1]), raw if here else raw.replace('""', '"'))


def bareword(raw: str) -> str:
    return _BACKTICK.sub(lambda found: _ESCAPES.get(found[1], found[1]), raw)


def type_name(text: str) -> TypeName | None:
    """``[System.String[]]`` as TypeName("string", array=True); None for generic and deeper array types."""
    name = re.sub(r"\s", "", text)[1:-1].lower().removeprefix("system.")
    array = name.endswith("[]")
    name = name.removesuffix("[]")
    return None if re.search(r"[\[\],]", name) else TypeName(_SHORT.get(name, name), array)


_SHORT = {
    "int32": "int",
    "int64": "long",
    "boolean": "bool",
    "object": "object",
    "single": "double",
    "float": "double",
    "collections.hashtable": "hashtable",
    "management.automation.pscredential": "pscredential",
    "management.automation.psobject": "pscustomobject",
    "management.automation.pscustomobject": "pscustomobject",
    "management.automation.scriptblock": "scriptblock",
    "management.automation.switchparameter": "switch",
    "psobject": "pscustomobject",
    "text.regularexpressions.regex": "regex",
}
