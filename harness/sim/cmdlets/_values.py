"""Reading and comparing values the way PowerShell does: without case, across types, None for what is absent."""

import fnmatch
import re
from datetime import datetime
from uuid import UUID

from harness.sim.cmdlets._convert import to_text
from harness.sim.objects import Enum, Obj

__all__ = ["base_type", "equal", "less", "like", "matches", "order_key", "prop", "property_names", "type_names"]

_PRIMITIVE_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "System.Boolean"),
    (str, "System.String"),
    (int, "System.Int32"),
    (float, "System.Double"),
    (UUID, "System.Guid"),
    (datetime, "System.DateTime"),
    (dict, "System.Collections.Hashtable"),
    (list, "System.Object[]"),
)


def prop(value: object, name: str) -> object:
    """A property of any value, or None. Exact spelling is tried first: it is what the harness sends."""
    if isinstance(value, Obj):
        if name in value.notes:
            return value.notes[name]
        if name in value.adapted:
            return value.adapted[name]
        return value.get(name)
    if isinstance(value, dict):
        wanted = name.casefold()
        return next((item for key, item in value.items() if to_text(key).casefold() == wanted), None)
    if isinstance(value, str | list) and name.casefold() in {"length", "count"}:
        return len(value) if not (isinstance(value, str) and name.casefold() == "count") else 1
    if isinstance(value, Enum) and name.casefold() == "value__":
        return value.value
    return None


def property_names(value: object) -> list[str]:
    """Names of a value's properties in the order Windows shows them."""
    if isinstance(value, Obj):
        return [*value.adapted, *(name for name in value.notes if name not in value.adapted)]
    if isinstance(value, dict):
        return [to_text(key) for key in value]
    return ["Length"] if isinstance(value, str) else []


def base_type(value: object) -> str:
    """The .NET type's name, without a CIM object's class behind it."""
    if isinstance(value, Obj):
        if "System.Management.Automation.PSCustomObject" in value.types:
            return "System.Management.Automation.PSCustomObject"
        return value.types[0].partition("#")[0]
    if isinstance(value, Enum):
        return value.type_name
    return next((name for kind, name in _PRIMITIVE_TYPES if isinstance(value, kind)), "System.Object")


def type_names(value: object) -> tuple[str, ...]:
    """The type-name chain of any value."""
    return value.types if isinstance(value, Obj) else (base_type(value), "System.Object")


def _number(value: object) -> float | None:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(to_text(value))
    except ValueError:
        return None


def equal(left: object, right: object) -> bool:
    """-eq: strings without case, an enum by its name or its number."""
    if left is None or right is None:
        return left is right
    if isinstance(left, Enum):
        return to_text(right).casefold() in {left.name.casefold(), str(left.value)}
    if isinstance(left, bool):
        return left is (right is True or to_text(right).casefold() == "true")
    if isinstance(left, int | float):
        number = _number(right)
        return number is not None and number == left
    return to_text(left).casefold() == to_text(right).casefold()


def less(left: object, right: object) -> bool:
    """-lt: numbers as numbers, times as times, all else as text without case."""
    return order_key(left) < order_key(right)


def order_key(value: object) -> tuple[int, float, str]:
    """A key that sorts values of mixed types as Sort-Object does: nothing, numbers, times, text."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float | Enum):
        return (1, _number(value) or 0.0, "")
    if isinstance(value, datetime):
        return (2, value.timestamp(), "")
    return (3, 0.0, to_text(value).casefold())


def like(value: object, pattern: object) -> bool:
    """-like: PowerShell wildcards, without case."""
    text = to_text(pattern).casefold().replace("`", "")
    return fnmatch.fnmatchcase(to_text(value).casefold(), text.replace("[!", "[^"))


def matches(value: object, pattern: object) -> bool:
    """-match: a regular expression anywhere, without case."""
    return re.search(to_text(pattern), to_text(value), re.IGNORECASE) is not None
