"""CLIXML of a client to the values of ``harness.sim.objects`` (MS-PSRP 2.2.5)."""

import base64
import binascii
from collections.abc import Callable
from uuid import UUID
from xml.etree import ElementTree as ET

from harness.sim.objects import Enum, Int64, Obj, Secure, UInt32, Version
from harness.sim.psrp._numbers import parse_date, parse_duration
from harness.sim.psrp._text import decode_text
from harness.sim.psrp._wire import ProtocolError

__all__ = ["from_clixml"]

_DEEPEST = 64
_CREDENTIAL = "System.Management.Automation.PSCredential"
_LISTS = ("LST", "IE", "QUE", "STK")


def _whole(text: str) -> int:
    return int(text)


_PRIMITIVES: dict[str, Callable[[str], object]] = {
    "S": decode_text,
    "ToString": decode_text,
    "C": lambda text: chr(int(text)),
    "B": lambda text: text.strip().lower() == "true",
    "DT": parse_date,
    "TS": parse_duration,
    "By": _whole,
    "SB": _whole,
    "U16": _whole,
    "I16": _whole,
    "U32": UInt32,
    "I32": _whole,
    "U64": Int64,
    "I64": Int64,
    "Sg": float,
    "Db": float,
    "D": float,
    "BA": lambda text: base64.b64decode(text, validate=False),
    "G": UUID,
    "URI": decode_text,
    "Version": Version,
    "XD": decode_text,
    "SBK": decode_text,  # a script block arrives as a string: remoting never rebuilds one
    "Nil": lambda _: None,
}


def from_clixml(data: bytes, decrypt: Callable[[str], str] | None = None) -> object:
    """The value of one message.

    Args:
        data: UTF-8 CLIXML without its mark.
        decrypt: opens a secure string; None before the key exchange, when one is an error.

    Raises:
        ProtocolError: it is not well-formed, or refers to what it does not hold.
    """
    try:
        root = ET.fromstring(data)  # noqa: S314 - expat of this Python refuses entity bombs; nothing external is read
        return _Reader(decrypt).value(root, 0)
    except (ET.ParseError, ValueError, LookupError, OverflowError, binascii.Error) as error:
        raise ProtocolError(f"CLIXML could not be read: {error}") from error


class _Reader:
    def __init__(self, decrypt: Callable[[str], str] | None) -> None:
        self._decrypt = decrypt
        self._objects: dict[str, object] = {}
        self._types: dict[str, tuple[str, ...]] = {}

    def value(self, element: ET.Element, depth: int) -> object:
        tag = element.tag
        primitive = _PRIMITIVES.get(tag)
        if primitive is not None:
            return primitive(element.text or "")
        if tag == "Obj":
            return self._object(element, depth)
        if tag == "Ref":
            return self._objects[element.attrib["RefId"]]
        if tag == "SS":
            if self._decrypt is None:
                raise ProtocolError("a secure string came before the key exchange")
            return Secure(self._decrypt(element.text or ""))
        raise ProtocolError(f"element {tag} is not CLIXML")

    def _object(self, element: ET.Element, depth: int) -> object:
        if depth > _DEEPEST:
            raise ProtocolError(f"objects are nested deeper than {_DEEPEST}")
        made = Obj(())
        reference = element.get("RefId")
        if reference is not None:
            self._objects[reference] = made
        plain: object = made
        for child in element:
            tag = child.tag
            if tag == "DCT":
                plain = self._table(child, depth)
            elif tag in _LISTS:
                plain = [self.value(item, depth + 1) for item in child]
            elif not self._describe(made, child, depth):
                plain = self.value(child, depth + 1)
        plain = _finish(made, plain)
        if reference is not None:
            self._objects[reference] = plain
        return plain

    def _describe(self, made: Obj, child: ET.Element, depth: int) -> bool:
        """Take a child that says something of the object; False when it is its value."""
        tag = child.tag
        if tag == "TN":
            made.types = tuple(decode_text(name.text) for name in child)
            self._types[child.attrib["RefId"]] = made.types
        elif tag == "TNRef":
            made.types = self._types[child.attrib["RefId"]]
        elif tag == "ToString":
            made.text = decode_text(child.text)
        elif tag in ("Props", "MS"):
            table = made.adapted if tag == "Props" else made.notes
            for member in child:
                table[decode_text(member.attrib["N"])] = self.value(member, depth + 1)
        else:
            return False
        return True

    def _table(self, element: ET.Element, depth: int) -> dict[object, object]:
        table: dict[object, object] = {}
        for entry in element:
            pair = {child.get("N"): child for child in entry}
            key = self.value(pair["Key"], depth + 1)
            if isinstance(key, list | dict | Obj):
                raise ProtocolError("a table's key is not a primitive")
            table[key] = self.value(pair["Value"], depth + 1)
        return table


def _finish(made: Obj, plain: object) -> object:
    if plain is not made:
        if "System.Enum" in made.types and isinstance(plain, int):
            return Enum(made.types[0], made.text or str(plain), plain)
        return plain
    if not made.types:
        made.types = ("System.Management.Automation.PSCustomObject", "System.Object")
    if _CREDENTIAL in made.types:
        made.adapted = {**made.notes, **made.adapted}
        made.notes = {}
    return made
