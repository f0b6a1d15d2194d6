"""Key-value pairs that Data Exchange carries: each item a small CIM-XML instance, written by the guest.

Hearsay: the guest's administrator can write anything here, well-formed or not. So nothing is trusted, no entity is
expanded, no document type is allowed, and an item that cannot be read is skipped with a note.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

__all__ = ["KvpItems", "parse_kvp_items", "read_kvp_items"]

_LONGEST_ITEM = 65_536
"""A value may have 1,024 characters; anything far beyond is no item of Data Exchange."""
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = r"[\t\n\x20-\x25\x27-\x3b\x3d-\x5c\x5e-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_EMPTY = '<PROPERTY NAME="{}" PROPAGATED="true" TYPE="string"></PROPERTY>'
_USUAL = re.compile(
    '<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem">'
    + _EMPTY.format("Caption")
    + f'<PROPERTY NAME="Data" TYPE="string">(?:<VALUE>({_PLAIN}*)</VALUE>)?</PROPERTY>'
    + _EMPTY.format("Description")
    + _EMPTY.format("ElementName")
    + f'<PROPERTY NAME="Name" TYPE="string"><VALUE>({_PLAIN}+)</VALUE></PROPERTY>'
    + r'<PROPERTY NAME="Source" TYPE="uint16"><VALUE>\d+</VALUE></PROPERTY></INSTANCE>'
)
"""An item as Hyper-V writes it, with values that hold nothing XML would have to decode: nearly all of them. The parser
that reads every other form took a third of the client's time for a host with 20 VMs."""


@dataclass(frozen=True, slots=True)
class KvpItems:
    """The items by name (the last of a name wins, as in the registry) and a note for each that was skipped."""

    items: dict[str, str]
    notes: tuple[str, ...] = ()


def parse_kvp_items(items: Iterable[str]) -> dict[str, str]:
    """Names and values of CIM-XML items; unreadable ones are left out. Never raises.

    Args:
        items: strings of Msvm_KvpExchangeComponent.GuestIntrinsicExchangeItems, in any order of properties.

    Example:
        >>> parse_kvp_items(['<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem"><PROPERTY NAME="Data" TYPE="string">'
        ...     '<VALUE>srv1.corp.example</VALUE></PROPERTY><PROPERTY NAME="Name" TYPE="string">'
        ...     '<VALUE>FullyQualifiedDomainName</VALUE></PROPERTY></INSTANCE>'])
        {'FullyQualifiedDomainName': 'srv1.corp.example'}
    """
    return read_kvp_items(items).items


def read_kvp_items(items: Iterable[str]) -> KvpItems:
    """Like parse_kvp_items, with a note about each item that was skipped."""
    found: dict[str, str] = {}
    notes: list[str] = []
    for place, item in enumerate(items):
        try:
            name, data = _read(item)
        except _UnreadableError as reason:
            notes.append(f"item {place}: {reason}")
        else:
            found[name] = data
    return KvpItems(found, tuple(notes))


class _UnreadableError(Exception):
    """Why an item was skipped."""


@dataclass(slots=True)
class _Instance:
    """What the parser has seen of one item: properties of the first INSTANCE, values of their own VALUE only."""

    properties: dict[str, str] = field(default_factory=dict)
    current: str | None = None
    in_value: bool = False
    path: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        if self.path == ["INSTANCE", "PROPERTY"]:
            self.current = attributes.get("NAME")
            if self.current is not None:
                self.properties.setdefault(self.current, "")
        self.in_value = self.path == ["INSTANCE", "PROPERTY", "VALUE"]

    def end(self, _tag: str) -> None:
        self.path.pop()
        self.in_value = False
        if self.path == ["INSTANCE"]:
            self.current = None

    def text(self, data: str) -> None:
        if self.in_value and self.current is not None:
            self.properties[self.current] += data


def _refuse(*_args: object) -> None:
    raise _UnreadableError("it declares a document type or an entity")


def _read(item: object) -> tuple[str, str]:
    if not isinstance(item, str):
        raise _UnreadableError("it is no text")
    if len(item) > _LONGEST_ITEM:
        raise _UnreadableError(f"it has {len(item)} characters")
    usual = _USUAL.fullmatch(item)
    return (usual[2], usual[1] or "") if usual else _parsed(item)


def _parsed(item: str) -> tuple[str, str]:
    instance = _Instance()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = instance.start
    parser.EndElementHandler = instance.end
    parser.CharacterDataHandler = instance.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.buffer_text = True
    isfinal = True
    try:
        parser.Parse(_FORBIDDEN.sub("", item).strip().encode("utf-8", "replace"), isfinal)
    except (expat.ExpatError, ValueError) as error:
        raise _UnreadableError(f"it is not well-formed XML ({error})") from error
    name = instance.properties.get("Name", "")
    if not name:
        raise _UnreadableError("it has no name")
    return name, instance.properties.get("Data", "")
