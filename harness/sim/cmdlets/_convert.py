"""Argument conversion: what a wire value becomes for a parameter's type (LanguagePrimitives, as far as used)."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from harness.sim.machine import Parameter
from harness.sim.objects import Enum, Obj, UInt32

__all__ = ["ConversionError", "ScriptBlock", "as_list", "convert", "to_text"]


@runtime_checkable
class ScriptBlock(Protocol):
    """A script block as the script evaluator hands it to a cmdlet. One never comes over the wire."""

    @property
    def text(self) -> str:
        """The text between the braces."""

    async def invoke(
        self, arguments: Sequence[Parameter] = (), *, underscore: object = ..., items: Sequence[object] = ()
    ) -> list[object]:
        """Run it with ``underscore`` as its $_."""


class ConversionError(ValueError):
    """A value has no way to become the wanted type; the text names both."""


def to_text(value: object) -> str:
    """A value as PowerShell prints it inside a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list):
        return " ".join(to_text(item) for item in value)
    if isinstance(value, datetime):
        return f"{value:%m/%d/%Y %H:%M:%S}"
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    return str(value)


def as_list(value: object) -> list[object]:
    """A value as a list: a list stays, anything else becomes its only item."""
    return value if isinstance(value, list) else [value]


def _fail(value: object, wanted: str) -> ConversionError:
    return ConversionError(f'Cannot convert value "{to_text(value)}" to type "{wanted}".')


def _string(value: object) -> object:
    if isinstance(value, dict):
        raise _fail(value, "System.String")
    return to_text(value)


def _integer(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if value is None:
        return 0
    try:
        return int(value) if isinstance(value, int | float) else int(to_text(value).strip(), 0)
    except ValueError as error:
        raise _fail(value, "System.Int32") from error


def _boolean(value: object) -> object:
    if isinstance(value, bool | int | float):
        return bool(value)
    raise _fail(value, "System.Boolean")


def _switch(value: object) -> object:
    return True if value is None else _boolean(value)


def _guid(value: object) -> object:
    if isinstance(value, UUID):
        return value
    try:
        return UUID(to_text(value).strip("{} "))
    except ValueError as error:
        raise _fail(value, "System.Guid") from error


def _table(value: object) -> object:
    if isinstance(value, dict):
        return value
    raise _fail(value, "System.Collections.Hashtable")


_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?")


def _date(value: object) -> object:
    if isinstance(value, datetime):
        return value
    text = to_text(value).strip()
    match = _DATE.fullmatch(text)
    if match is None:
        raise _fail(value, "System.DateTime")
    zone = (match[3] or "Z").replace("Z", "+00:00")
    return datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}{zone}").astimezone(UTC)


def _credential(value: object) -> object:
    if isinstance(value, Obj) and value.get("UserName") is not None:
        return value
    raise _fail(value, "System.Management.Automation.PSCredential")


def _script_block(value: object) -> object:
    """A string never becomes a script block; only the script evaluator hands one over."""
    if isinstance(value, ScriptBlock):
        return value
    raise _fail(value, "System.Management.Automation.ScriptBlock")


def _unsigned(value: object) -> object:
    return UInt32(_integer(value))  # type: ignore[call-overload]


_ONE: dict[str, Callable[[object], object]] = {
    "object": lambda value: value,
    "string": _string,
    "int": _integer,
    "uint": _unsigned,
    "bool": _boolean,
    "switch": _switch,
    "guid": _guid,
    "hashtable": _table,
    "datetime": _date,
    "credential": _credential,
    "scriptblock": _script_block,
}


def convert(value: object, kind: str) -> object:
    """``value`` as ``kind``: a name of ``_ONE``, with ``[]`` behind it for a list of them.

    Raises:
        ConversionError: there is no conversion.
    """
    if kind.endswith("[]"):
        return [_ONE[kind[:-2]](item) for item in as_list(value)]
    one = _ONE[kind]
    if isinstance(value, list) and kind in {"int", "guid", "datetime", "bool", "switch", "hashtable"}:
        if len(value) != 1:
            raise _fail(value, kind)
        return one(value[0])
    return one(value)
