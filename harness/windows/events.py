"""Activation events of the Application log: 12309 in a guest, 12310 on its host, the newest first.

Both are written whatever the outcome. Their texts are localised, so their values travel by position. -FilterXPath takes
the place of -FilterHashtable, which stringifies lists over remoting (PowerShell issue 13108).
"""

from collections.abc import Sequence

from harness.core.model import ActivationEvent
from harness.core.witnesses.events import parse_event
from harness.remoting import cmd
from harness.windows._values import Row
from harness.windows.question import Question

__all__ = ["GUEST_EVENTS", "HOST_EVENTS", "PROVIDER", "activation_events"]

PROVIDER = "Microsoft-Windows-Security-SPP"
GUEST_NEWEST = 16
HOST_NEWEST = 256
"""A host logs one event for each renewal of each guest, at most a few per guest and week."""


def _newest(event_id: int, count: int) -> Question:
    query = f"*[System[Provider[@Name='{PROVIDER}'] and (EventID={event_id})]]"
    return Question(
        "events",
        (cmd("Get-WinEvent", LogName="Application", FilterXPath=query, MaxEvents=count),),
        ("RecordId", "Id", "TimeCreated", "MachineName", "Properties"),
        nothing=frozenset({"NoMatchingEventsFound"}),
    )


HOST_EVENTS = _newest(12310, HOST_NEWEST)
GUEST_EVENTS = _newest(12309, GUEST_NEWEST)


def activation_events(rows: Sequence[Row]) -> tuple[ActivationEvent, ...]:
    """The events, newest first; a row without an id is left out."""
    return tuple(
        parse_event(
            row.items("Properties"),
            event_id=event_id,
            record_id=row.number("RecordId"),
            time=row.moment("TimeCreated"),
            computer=row.text("MachineName"),
        )
        for row in rows
        if (event_id := row.number("Id")) is not None
    )
