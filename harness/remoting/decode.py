"""What PowerShell objects become on our side: plain Python where there is a plain form, one frozen record elsewhere.

Read from CLIXML (MS-PSRP 2.2.5) and not from pypsrp's objects: pypsrp 0.9.1 turns a string that carries notes, as each
output of PowerShell Direct does, into its XML text, and spends more time on writing elements back than on reading them.
Remoting writes an object one level deep, so that a decoded object is mostly flat: deeper values arrive as text.
"""

import base64
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["EnumValue", "RemoteObject", "from_clixml", "to_plain"]


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A .NET enum: ``name`` as the type spells it, ``number`` where the wire carried one (None at depth 0)."""

    name: str
    number: int | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """A complex object: its type-name chain, its adapted and extended properties in one table, its ToString().

    Type names come without the prefix "Deserialized." that a second hop adds.

    Example:
        >>> vm = RemoteObject(("Microsoft.HyperV.PowerShell.VirtualMachine",), {"Name": "web01"}, "VirtualMachine")
        >>> vm.get("name")
        'web01'
    """

    types: tuple[str, ...]
    properties: Mapping[str, object] = field(default_factory=dict)
    text: str | None = None

    def get(self, name: str) -> object:
        """The property of that name in any case, or None, as PowerShell answers for a missing one."""
        wanted = name.casefold()
        return next((value for key, value in self.properties.items() if key.casefold() == wanted), None)


def from_clixml(document: str | bytes | ET.Element) -> object:
    r"""One serialized object as Python.

    Returns:
        None, str, bool, int, float, bytes; Guid, DateTime, TimeSpan, Decimal, Version and Uri as str (a Guid in lower
        case); list for every collection, dict for a Hashtable, EnumValue, RemoteObject. A SecureString is never opened.

    Raises:
        ValueError, ET.ParseError: it is no CLIXML.

    Example:
        >>> from_clixml('<Obj RefId="0"><LST><I32>1</I32><S>a_x000A_b</S><Nil/></LST></Obj>')
        [1, 'a\nb', None]
    """
    element = document if isinstance(document, ET.Element) else ET.fromstring(document)  # noqa: S314 - no entities here
    return _Reader().read(element)


def to_plain(value: object) -> object:
    r"""The value as JSON can hold it, for evidence and reports.

    Example:
        >>> to_plain([EnumValue("Running", 2), b"\x00"])
        [{'name': 'Running', 'number': 2}, 'AA==']
    """
    if isinstance(value, EnumValue):
        return value.name if value.number is None else {"name": value.name, "number": value.number}
    if isinstance(value, RemoteObject):
        return to_plain(value.properties) if value.properties else value.text
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


_ESCAPE = re.compile(r"_[xX]([0-9A-Fa-f]{4})_")


def _text(element: ET.Element) -> str:
    return _unescaped(element.text or "")


def _unescaped(text: str) -> str:
    """A string with its escapes undone; a character past U+FFFF travels as two of them (MS-PSRP 2.2.5.3.2)."""
    if "_x" not in text and "_X" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _integer(element: ET.Element) -> int:
    return int(element.text or "")


def _real(element: ET.Element) -> float:
    return float(element.text or "")


_PRIMITIVES: dict[str, Callable[[ET.Element], object]] = {
    **dict.fromkeys(("S", "URI", "XD", "SBK"), _text),
    **dict.fromkeys(("DT", "TS", "D", "Version"), lambda element: element.text or ""),
    **dict.fromkeys(("By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"), _integer),
    **dict.fromkeys(("Sg", "Db"), _real),
    "B": lambda element: (element.text or "").lower() == "true",
    "C": lambda element: chr(int(element.text or "")),
    "BA": lambda element: base64.b64decode(element.text or ""),
    "G": lambda element: (element.text or "").lower(),
    "Nil": lambda _: None,
    "SS": lambda _: "(secure string)",
}
_SEQUENCES = {"LST", "IE", "QUE", "STK"}


class _Reader:
    """Reads one document: RefIds are its own."""

    def __init__(self) -> None:
        self._objects: dict[str, object] = {}
        self._types: dict[str, tuple[str, ...]] = {}

    def read(self, element: ET.Element) -> object:
        primitive = _PRIMITIVES.get(element.tag)
        if primitive is not None:
            return primitive(element)
        if element.tag == "Ref":
            return self._objects.get(element.get("RefId", ""))
        if element.tag != "Obj":
            raise ValueError(f"CLIXML has no element {element.tag}.")
        return self._object(element)

    def _object(self, element: ET.Element) -> object:
        types = self._chain(element)
        properties: dict[str, object] = {}
        value: object = RemoteObject(types, properties, self._label(element))
        self._remember(element, value)  # before its members: they may refer back to it
        for child in element:
            if child.tag in {"Props", "MS"}:
                members = {_unescaped(member.get("N", "")): self.read(member) for member in child}
                # A note hides a real property of the same name, as in PowerShell.
                properties |= members if child.tag == "MS" else {**members, **properties}
            elif child.tag not in {"TN", "TNRef", "ToString"}:
                value = self._content(child, types, element)
        self._remember(element, value)
        return value

    def _content(self, child: ET.Element, types: tuple[str, ...], element: ET.Element) -> object:
        if child.tag == "DCT":
            pairs = ((_named(entry, "Key"), _named(entry, "Value")) for entry in child)
            return {str(self.read(key)): self.read(item) for key, item in pairs}
        if child.tag in _SEQUENCES:
            return [self.read(item) for item in child]
        value = self.read(child)
        if "System.Enum" in types:
            return EnumValue(self._label(element) or str(value), value if isinstance(value, int) else None)
        return value

    def _chain(self, element: ET.Element) -> tuple[str, ...]:
        names = element.find("TN")
        if names is None:
            known = element.find("TNRef")
            return () if known is None else self._types.get(known.get("RefId", ""), ())
        chain = tuple((name.text or "").removeprefix("Deserialized.") for name in names)
        self._types[names.get("RefId", "")] = chain
        return chain

    def _label(self, element: ET.Element) -> str | None:
        label = element.find("ToString")
        return None if label is None else _text(label)

    def _remember(self, element: ET.Element, value: object) -> None:
        self._objects[element.get("RefId", "")] = value


def _named(entry: ET.Element, name: str) -> ET.Element:
    return next((child for child in entry if child.get("N") == name), ET.Element("Nil"))
