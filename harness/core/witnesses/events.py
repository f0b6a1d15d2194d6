"""Events of the Software Protection Platform as witnesses: 12309 in a guest, 12310 on its host, and their neighbours.

The rendered texts are localised, so values are read by position: %1 is the result code, %2 free data whose layout
nobody has recorded. Both events have information level whatever the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.core.catalogue import event as known_event
from harness.core.model import ActivationEvent
from harness.core.witnesses._codes import first_code
from harness.core.witnesses._event_lists import ListedEvent, listed_events
from harness.core.witnesses._event_payload import guids_in, names_in, unpacked
from harness.core.witnesses._event_xml import XmlEvent, xml_events
from harness.core.witnesses._text import clean_lines
from harness.core.witnesses.cim import moment, uint32

__all__ = ["PastedEvent", "parse_event", "parse_event_text"]

_AVMA_EVENTS = frozenset({12309, 12310})
_LONGEST_DATE = 120


@dataclass(frozen=True, slots=True)
class PastedEvent:
    """An event out of pasted text.

    ``event.time`` is set only where the text has an unambiguous date (ISO); ``time_text`` is what stood there.
    ``message`` is the rendered description, or the insertion strings where only those were given.
    """

    event: ActivationEvent
    source: str = ""
    time_text: str = ""
    message: str = ""


def parse_event(
    properties: Sequence[object],
    *,
    event_id: int,
    record_id: int | None = None,
    time: object = None,
    computer: str | None = None,
) -> ActivationEvent:
    """One event from its insertion strings.

    Args:
        properties: %1, %2, ... as texts, numbers, or {"Value": ...} as EventLogRecord.Properties travels.
        event_id: with or without its severity bits.
        record_id: EventRecordID.
        time: a datetime or a text that cim.moment understands.
        computer: the computer that logged it.

    Example:
        >>> event = parse_event(["0xC004FD02", "vm: 11111111-2222-3333-4444-555555555555"], event_id=12310)
        >>> hex(event.hresult), event.guids
        ('0xc004fd02', ('11111111-2222-3333-4444-555555555555',))
    """
    values = [_text(value) for value in properties]
    payload = "\n".join(values[1:])
    searched = unpacked(payload)
    return ActivationEvent(
        event_id=event_id & 0xFFFF,
        record_id=record_id,
        time=moment(time),
        computer=computer,
        hresult=_hresult(values) if _carries_code(event_id & 0xFFFF) else None,
        payload=payload,
        guids=guids_in(searched),
        names=names_in(searched),
    )


def _carries_code(event_id: int) -> bool:
    """Whether codes in an event are its outcome: a status report lists those of products that are not in use."""
    row = known_event(event_id)
    return row is None or row.about not in {"status", "noise"}


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        value = next((inner for key, inner in value.items() if str(key).casefold() == "value"), "")
    return "" if value is None else str(value)


def _hresult(values: Sequence[str]) -> int | None:
    """%1 as a code in any spelling; a code elsewhere only where %1 has none."""
    if not values:
        return None
    code = first_code(values[0], short=True)
    if code is None:
        code = uint32(values[0].strip())
    return code if code is not None else first_code("\n".join(values[1:]))


def parse_event_text(text: str) -> tuple[PastedEvent, ...]:
    """Every event of a paste, in its order: XML, Format-List, Event Viewer copy, wevtutil text, table. Never raises."""
    bare = text.replace("\x00", "")
    found = [_from_xml(event) for event in xml_events(bare)]
    if not found:
        found = [_from_list(event) for event in listed_events(clean_lines(bare))]
    return tuple(event for event in found if event is not None)


def _from_xml(found: XmlEvent) -> PastedEvent | None:
    number = uint32(found.event_id)
    if number is None:
        return None
    event = parse_event(
        found.data,
        event_id=number,
        record_id=_number(found.record_id),
        time=_moment(found.time),
        computer=found.computer or None,
    )
    if not found.data and found.message:
        event = _from_message(event, found.message)
    return PastedEvent(event, found.provider, found.time, found.message.strip() or "\n".join(found.data))


def _from_list(found: ListedEvent) -> PastedEvent | None:
    number = uint32(found.event_id)
    if number is None:
        return None
    event = parse_event(
        (),
        event_id=number,
        record_id=_number(found.record_id),
        time=_moment(found.time),
        computer=found.computer.strip() or None,
    )
    return PastedEvent(_from_message(event, found.message), found.source, found.time, found.message)


def _from_message(event: ActivationEvent, message: str) -> ActivationEvent:
    """The insertion strings out of a rendered text: the code, and for AVMA events what stands behind its line."""
    lines = message.strip().split("\n")
    avma = event.event_id in _AVMA_EVENTS
    place = next((n for n, line in enumerate(lines) if first_code(line, short=avma) is not None), None)
    code = first_code(lines[place], short=avma) if place is not None else None
    payload = "\n".join(lines[place + 1 :] if place is not None else lines[1:])
    values = [f"0x{code:X}" if code is not None else "", payload]
    return parse_event(
        values, event_id=event.event_id, record_id=event.record_id, time=event.time, computer=event.computer
    )


def _moment(text: str) -> datetime | None:
    return moment(text) if len(text) <= _LONGEST_DATE else None


def _number(text: str) -> int | None:
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= 18 else None
