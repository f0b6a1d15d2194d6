"""Events as XML: copied from the Event Viewer, from wevtutil or from ToXml(). No entity is expanded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

__all__ = ["XmlEvent", "xml_events"]

_OPEN = re.compile(r"<Event(?=[\s>])")
_CLOSE = "</Event>"
_LONGEST = 1_048_576
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class XmlEvent:
    """One event as its XML has it; ``data`` the insertion strings in order."""

    provider: str = ""
    event_id: str = ""
    time: str = ""
    record_id: str = ""
    computer: str = ""
    message: str = ""
    data: list[str] = field(default_factory=list)


class _RefusedError(Exception):
    """The text declares a document type or an entity."""


@dataclass(slots=True)
class _Reader:
    event: XmlEvent = field(default_factory=XmlEvent)
    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag.rpartition(":")[2])
        self.text = []
        match self.path[-1]:
            case "Provider":
                self.event.provider = attributes.get("Name") or attributes.get("EventSourceName", "")
            case "TimeCreated":
                self.event.time = attributes.get("SystemTime", "")

    def end(self, _tag: str) -> None:
        text = "".join(self.text)
        match self.path.pop():
            case "EventID":
                self.event.event_id = text.strip()
            case "EventRecordID":
                self.event.record_id = text.strip()
            case "Computer":
                self.event.computer = text.strip()
            case "Message":
                self.event.message = text
            case "Data":
                self.event.data.append(text)
        self.text = []

    def characters(self, data: str) -> None:
        self.text.append(data)


def xml_events(text: str) -> Iterator[XmlEvent]:
    """Each well-formed <Event> of a text; what stands between them is skipped."""
    place = 0
    while (found := _OPEN.search(text, place)) is not None:
        end = text.find(_CLOSE, found.start())
        if end < 0:
            return
        place = end + len(_CLOSE)
        event = _read(text[found.start() : place])
        if event is not None:
            yield event


def _refuse(*_args: object) -> None:
    raise _RefusedError


def _read(text: str) -> XmlEvent | None:
    if len(text) > _LONGEST:
        return None
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    last = True
    try:
        parser.Parse(_FORBIDDEN.sub("", text).encode("utf-8", "replace"), last)
    except (expat.ExpatError, ValueError, _RefusedError):
        return None
    return reader.event
