"""What a PowerShell value becomes on our side, whichever way it travelled: as JSON text or as a decoded object.

Windows PowerShell 5.1 writes JSON of its own: enums as numbers, dates as "/Date(ms)/", a date with note properties as
{"value": ..., "DateTime": ...}, some arrays as {"value": [...], "Count": n}, an enum out of another runspace as
{"value": 2, "Value": "Running"}. Property names keep the case of the class, not of the question. A row hides all that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from harness.core.witnesses.cim import moment, uint32
from harness.remoting.decode import EnumValue, RemoteObject

__all__ = ["Row", "guid_in", "json_ready", "plain"]

_LEAVES = (str, int, bool, type(None), float)
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def plain(value: object) -> object:
    """Numbers, texts, enums, lists and dictionaries only, without the wrappings of JSON and CLIXML."""
    if type(value) in _LEAVES:  # nearly all there is
        return value
    if isinstance(value, RemoteObject):
        return {key: plain(inner) for key, inner in value.properties.items()} or value.text
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return _unwrapped({str(key): plain(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _unwrapped(table: dict[str, object]) -> object:
    """The value inside what 5.1 wraps around arrays, dates and foreign enums; any other table as it is."""
    if "value" not in table or len(table) > 3:
        return table
    value, others = table["value"], set(table) - {"value"}
    if isinstance(value, list):
        return value if others <= {"Count"} else table
    return value if others and others <= {"Value", "DateTime", "DisplayHint"} else table


def json_ready(value: object) -> object:
    """A plain value as evidence that can be written as JSON: an enum by its name."""
    if isinstance(value, EnumValue):
        return value.name
    if isinstance(value, dict):
        return {key: json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [json_ready(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def guid_in(value: object) -> str | None:
    """The last GUID of a text in lower case, or None where it has none."""
    found = _GUID.findall(value) if isinstance(value, str) else []
    return found[-1].lower() if found else None


@dataclass(frozen=True, slots=True)
class Row:
    """One object of an answer. Properties are found in any case; a value of an unexpected kind reads as None."""

    values: Mapping[str, object]
    """By casefolded property name."""

    @classmethod
    def of(cls, table: Mapping[str, object]) -> "Row":
        """A row from a table as it travelled."""
        return cls({key.casefold(): plain(value) for key, value in table.items()})

    @classmethod
    def plain_table(cls, table: Mapping[str, object]) -> "Row":
        """A row from a table whose values are plain already."""
        return cls({key.casefold(): value for key, value in table.items()})

    def get(self, name: str) -> object:
        """The plain value, or None."""
        return self.values.get(name.casefold())

    def text(self, name: str) -> str | None:
        """A text or an enum's name; a number is spelled out, an empty text is None."""
        value = self.get(name)
        if isinstance(value, EnumValue):
            return value.name or None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value) or None

    def number(self, name: str) -> int | None:
        """A whole number or an enum's number, also from its decimal text."""
        value = self.get(name)
        if isinstance(value, EnumValue):
            return value.number
        if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,20}\s*", value, re.ASCII):
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def hresult(self, name: str) -> int | None:
        """A code as unsigned 32 bits, whatever integer type it travelled as."""
        return uint32(self.get(name))

    def flag(self, name: str) -> bool | None:
        """A Boolean, also from "True" and "False"."""
        value = self.get(name)
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.strip().casefold())
        return value if isinstance(value, bool) else None

    def moment(self, name: str) -> datetime | None:
        """An aware UTC time; None for none and for FILETIME 0 in any time zone (1601)."""
        return moment(self.get(name))

    def items(self, name: str) -> tuple[object, ...]:
        """The elements of a list; a single value is a list of one, null an empty one."""
        value = self.get(name)
        if value is None:
            return ()
        return tuple(value) if isinstance(value, list) else (value,)

    def guid(self, name: str) -> str | None:
        """The last GUID in a text, lower case."""
        return guid_in(self.get(name))

    def version(self, name: str) -> tuple[int, ...] | None:
        """A System.Version, from its dotted text or from its parts."""
        value = self.get(name)
        if isinstance(value, Mapping):
            parts = [value.get(part) for part in ("Major", "Minor", "Build", "Revision")]
            return tuple(part for part in parts if isinstance(part, int) and part >= 0) or None
        if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,3}", value.strip(), re.ASCII):
            return tuple(int(part) for part in value.strip().split("."))
        return None
