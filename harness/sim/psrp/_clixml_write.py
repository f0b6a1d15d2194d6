"""Objects to CLIXML, with PowerShell's rules of depth for remoting (engine/serialization.cs, read 2026-08-20).

Remoting writes at depth 1. An object at depth 1 shows its real properties at depth 0, where whatever is not primitive
becomes its text, enums included; its notes, which Select-Object makes, stay at depth 1, where an enum keeps its number
and an object its own properties. Lists and tables use up no depth, what they hold does.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from harness.sim.objects import Enum, ErrorRecord, Int64, NotedText, Obj, ProgressRecord, Secure, UInt32, Version
from harness.sim.psrp._error_object import error_object
from harness.sim.psrp._numbers import write_date, write_double, write_duration
from harness.sim.psrp._text import encode_attribute, encode_text
from harness.sim.psrp._typed import TypedList, TypedTable

__all__ = ["ENUM_TYPES", "REMOTING_DEPTH", "Writer", "display_text", "to_clixml"]

REMOTING_DEPTH = 1
ENUM_TYPES = ("System.Enum", "System.ValueType", "System.Object")
_BAG = "System.Management.Automation.PSCustomObject"
_ARRAY = ("System.Object[]", "System.Array", "System.Object")
_HASHTABLE = ("System.Collections.Hashtable", "System.Object")


def display_text(value: object) -> str:
    """What PowerShell's ToString makes of a value: ``True``, ``5.00:00:00``-free forms are left to the cmdlets."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "System.Object[]"
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, Obj) and value.text is None and _BAG in value.types:
        return "@{" + "; ".join(f"{name}={display_text(item)}" for name, item in value.notes.items()) + "}"
    return str(value)


@cache
def _attribute(name: str) -> str:
    return f' N="{encode_attribute(name)}"'


class Writer:
    """Writes one message: reference ids and type names are numbered within it.

    Args:
        encrypt: turns a secure string's text into what travels under the session key; None before the exchange.
    """

    def __init__(self, encrypt: Callable[[str], str] | None = None) -> None:
        self._encrypt = encrypt
        self._types: dict[tuple[str, ...], int] = {}
        self._objects = 0
        self._out: list[str] = []

    def text(self) -> str:
        """What was written so far."""
        return "".join(self._out)

    def raw(self, xml: str) -> None:
        """Add XML that the caller made."""
        self._out.append(xml)

    def open(self, types: tuple[str, ...], name: str | None = None, text: str | None = None) -> None:
        """Begin an ``Obj``: its reference id, its type names (written once a message) and its ToString."""
        add = self._out.append
        add(f'<Obj{_attribute(name) if name is not None else ""} RefId="{self._objects}">')
        self._objects += 1
        if types:
            known = self._types.get(types)
            if known is None:
                number = self._types[types] = len(self._types)
                names = "".join([f"<T>{encode_text(one)}</T>" for one in types])
                add(f'<TN RefId="{number}">{names}</TN>')
            else:
                add(f'<TNRef RefId="{known}" />')
        if text is not None:
            add(f"<ToString>{encode_text(text)}</ToString>")

    def close(self) -> None:
        """End the ``Obj`` that was opened last."""
        self._out.append("</Obj>")

    def value(self, value: object, name: str | None = None, depth: int = REMOTING_DEPTH) -> None:
        """Write any value under a property's name, as deep as ``depth`` allows."""
        primitive = _primitive(value)
        if primitive is not None:
            self._out.append(primitive(value, _attribute(name) if name is not None else ""))
            return
        if isinstance(value, dict):
            self._table(value, name, depth)
        elif isinstance(value, list | tuple):
            self._items(value, name, depth)
        elif isinstance(value, Secure):
            self._secure(value, name)
        elif depth <= 0:
            self.value(display_text(value), name)
        else:
            self._complex(value, name, depth)

    def _items(self, values: Sequence[object], name: str | None, depth: int) -> None:
        self.open(values.types if isinstance(values, TypedList) else _ARRAY, name)
        if not values:
            self._out.append("<LST />")
        else:
            self._out.append("<LST>")
            for item in values:
                self.value(item, None, depth)
            self._out.append("</LST>")
        self.close()

    def _table(self, table: Mapping[Any, object], name: str | None, depth: int) -> None:
        self.open(table.types if isinstance(table, TypedTable) else _HASHTABLE, name)
        if not table:
            self._out.append("<DCT />")
            self.close()
            return
        self._out.append("<DCT>")
        for key, item in table.items():
            self._out.append("<En>")
            self.value(key, "Key", depth)
            self.value(item, "Value", depth)
            self._out.append("</En>")
        self._out.append("</DCT>")
        self.close()

    def _secure(self, value: Secure, name: str | None) -> None:
        mark = _attribute(name) if name is not None else ""
        if self._encrypt is None:
            self._out.append(f"<S{mark}>System.Security.SecureString</S>")
        else:
            self._out.append(f"<SS{mark}>{self._encrypt(value.plain)}</SS>")

    def _complex(self, value: object, name: str | None, depth: int) -> None:
        if isinstance(value, Enum):
            self.enum(value, name)
        elif isinstance(value, NotedText):
            self._noted(value, name, depth)
        elif isinstance(value, Obj):
            self._object(value, name, depth)
        elif isinstance(value, ErrorRecord):
            self._object(error_object(value), name, depth)
        elif isinstance(value, ProgressRecord):
            self._object(_progress_object(value), name, depth)
        else:
            self.value(display_text(value), name)

    def _noted(self, value: NotedText, name: str | None, depth: int) -> None:
        self.open((), name)
        self._out.append(f"<S>{encode_text(value)}</S>")
        self.members("MS", value.notes, depth)
        self.close()

    def enum(self, value: Enum, name: str | None = None) -> None:
        """Write an enum with its name and its number."""
        self.open((value.type_name, *ENUM_TYPES), name, value.name)
        self._out.append(f"<I32>{value.value}</I32>")
        self.close()

    def _object(self, value: Obj, name: str | None, depth: int) -> None:
        bag = value.text is None and _BAG in value.types
        self.open(value.types, name, None if bag else str(value))
        if value.adapted:
            self.members("Props", value.adapted, depth - 1)
        if value.notes:
            self.members("MS", value.notes, depth)
        self.close()

    def members(self, tag: str, table: Mapping[str, object], depth: int) -> None:
        """Write properties: ``Props`` for real ones, ``MS`` for notes."""
        self._out.append(f"<{tag}>")
        for key, item in table.items():
            self.value(item, key, depth)
        self._out.append(f"</{tag}>")


def _progress_object(record: ProgressRecord) -> Obj:
    return Obj(
        ("System.Management.Automation.ProgressRecord", "System.Object"),
        {"Activity": record.activity, "StatusDescription": record.status, "PercentComplete": record.percent},
    )


def to_clixml(value: object, encrypt: Callable[[str], str] | None = None) -> str:
    """The CLIXML of one output object, as PIPELINE_OUTPUT carries it."""
    primitive = _primitive(value)
    if primitive is not None:
        return primitive(value, "")
    writer = Writer(encrypt)
    writer.value(value)
    return writer.text()


def _primitive(value: object) -> Callable[[Any, str], str] | None:
    """How to write a primitive value; one of a subclass is written as what it is derived from."""
    found = _PRIMITIVES.get(type(value))
    if found is None and isinstance(value, str | int | float) and not isinstance(value, NotedText):
        base = next(kind for kind in (str, int, float) if isinstance(value, kind))
        return _PRIMITIVES[base]
    return found


def _int(value: int, name: str) -> str:
    tag = "I32" if -0x80000000 <= value <= 0x7FFFFFFF else "I64"
    return f"<{tag}{name}>{int(value)}</{tag}>"


_PRIMITIVES: dict[type, Callable[[Any, str], str]] = {
    type(None): lambda _, name: f"<Nil{name} />",
    str: lambda value, name: f"<S{name}>{encode_text(str(value))}</S>",
    bool: lambda value, name: f"<B{name}>{'true' if value else 'false'}</B>",
    int: _int,
    UInt32: lambda value, name: f"<U32{name}>{int(value)}</U32>",
    Int64: lambda value, name: f"<I64{name}>{int(value)}</I64>",
    float: lambda value, name: f"<Db{name}>{write_double(value)}</Db>",
    Version: lambda value, name: f"<Version{name}>{encode_text(value)}</Version>",
    UUID: lambda value, name: f"<G{name}>{value}</G>",
    datetime: lambda value, name: f"<DT{name}>{write_date(value)}</DT>",
    timedelta: lambda value, name: f"<TS{name}>{write_duration(value)}</TS>",
    bytes: lambda value, name: f"<BA{name}>{base64.b64encode(value).decode()}</BA>",
}
