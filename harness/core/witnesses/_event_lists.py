"""Events as text: PowerShell's Format-List, an Event Viewer copy, wevtutil's own text, a table of Get-WinEvent.

PowerShell's property names are English everywhere; the Event Viewer's labels are not, so there the order counts: log,
source, date, id, task, level, keywords, user, computer, description.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.core.catalogue import event as known_event
from harness.core.witnesses._text import split_label

__all__ = ["ListedEvent", "listed_events"]

_PROPERTY = re.compile(r"([A-Za-z]{2,30})[ \t]{0,40}:(?: (.*)|$)")
_NAMES = re.compile(
    "eventid|instanceid|id|timecreated|timegenerated|timewritten|providername|source|message|machinename|entrytype"
    "|leveldisplayname|level|index|replacementstrings|username|category|categorynumber|recordid|logname|data|site"
    "|container|taskdisplayname|opcodedisplayname|keywordsdisplaynames|version|qualifiers|task|opcode|keywords"
    "|providerid|processid|threadid|userid|activityid|relatedactivityid|containerlog|matchedqueryids|bookmark|properties"
)
_SOURCE = re.compile(r"(?i)Microsoft-Windows-Security-SPP|Software Protection Platform")
_ROW = re.compile(r"\s{0,40}\S.{4,60}?\s(\d{3,5})\s{1,20}(\w{3,20})\s{1,20}(\S.*)")
_AVMA_SENTENCES = (
    (12309, re.compile(r"(?i)processed an Automatic VM activation response")),
    (12310, re.compile(r"(?i)Automatic VM activation request has been processed")),
)


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One event as its text has it; ``message`` the rendered description."""

    event_id: str
    source: str = ""
    time: str = ""
    computer: str = ""
    record_id: str = ""
    message: str = ""


def listed_events(lines: Sequence[str]) -> Iterator[ListedEvent]:
    """Each event of a text, by the first layout that finds one."""
    for layout in (_property_lists, _viewer_copies, _tables, _sentences):
        found = list(layout(lines))
        if found:
            yield from found
            return


def _property_lists(lines: Sequence[str]) -> Iterator[ListedEvent]:
    current: dict[str, list[str]] = {}
    last = ""
    for line in lines:
        match = _PROPERTY.fullmatch(line)
        name = match[1].lower() if match else ""
        if match and _NAMES.fullmatch(name):
            if name in current:
                yield from _from_properties(current)
                current = {}
            current[name] = [match[2] or ""]
            last = name
        elif last and line.strip():
            current[last].append(line.strip())
    yield from _from_properties(current)


def _from_properties(found: dict[str, list[str]]) -> Iterator[ListedEvent]:
    values = {name: "\n".join(lines).strip() for name, lines in found.items()}
    number = values.get("eventid") or values.get("id") or values.get("instanceid") or ""
    if not number.isdecimal() or not {"message", "source", "providername"} & values.keys():
        return
    yield ListedEvent(
        event_id=number,
        source=values.get("providername") or values.get("source", ""),
        time=values.get("timecreated") or values.get("timegenerated", ""),
        computer=values.get("machinename", ""),
        record_id=values.get("recordid") or values.get("index", ""),
        message=values.get("message", ""),
    )


def _viewer_copies(lines: Sequence[str]) -> Iterator[ListedEvent]:
    sources = [n for n, line in enumerate(lines) if _is_source(line)]
    for place, start in enumerate(sources):
        stop = sources[place + 1] - 1 if place + 1 < len(sources) else len(lines)
        found = _viewer_copy(lines[start:stop])
        if found is not None:
            yield found


def _is_source(line: str) -> bool:
    pair = split_label(line[:200])
    return pair is not None and _SOURCE.match(pair[1]) is not None


def _viewer_copy(lines: Sequence[str]) -> ListedEvent | None:
    pairs = [(n, *pair) for n, line in enumerate(lines[:40]) if (pair := split_label(line)) is not None]
    numbered = next((pair for pair in pairs[1:] if pair[2].isdecimal()), None)
    if numbered is None:
        return None
    described = next((pair for pair in pairs if pair[0] > numbered[0] and pair[2] == ""), None)
    before = [pair for pair in pairs if numbered[0] < pair[0] < (described[0] if described else len(lines))]
    dated = next((pair for pair in pairs[1:] if pair[0] < numbered[0]), None)
    first = described[0] + 1 if described else len(lines)
    return ListedEvent(
        event_id=numbered[2],
        source=pairs[0][2],
        time=dated[2] if dated else "",
        computer=before[-1][2] if before else "",
        message="\n".join(line.strip() for line in lines[first:]).strip(),
    )


def _tables(lines: Sequence[str]) -> Iterator[ListedEvent]:
    for line in lines:
        match = _ROW.fullmatch(line[:600])
        if match is not None and known_event(int(match[1])) is not None:
            yield ListedEvent(event_id=match[1], time=line[: match.start(1)].strip(), message=match[3])


def _sentences(lines: Sequence[str]) -> Iterator[ListedEvent]:
    """The bare message of 12309 or 12310."""
    for place, line in enumerate(lines):
        for number, sentence in _AVMA_SENTENCES:
            if sentence.search(line[:400]):
                yield ListedEvent(event_id=str(number), message="\n".join(lines[place : place + 40]))
