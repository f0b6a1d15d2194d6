"""The Application log of one installation, as far as licensing writes to it."""

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["SPP_PROVIDER", "Event", "EventLog"]

SPP_PROVIDER = "Microsoft-Windows-Security-SPP"


@dataclass(frozen=True, slots=True)
class Event:
    """One record. ``values`` are the insertion strings %1, %2 ... in order; ``level`` 2 error, 3 warning, 4 info."""

    record_id: int
    event_id: int
    provider: str
    time: datetime
    computer: str
    values: tuple[str, ...] = ()
    level: int = 4
    qualifiers: int = 0x4000


@dataclass(slots=True, eq=False)
class EventLog:
    """Append-only, oldest first; record ids only grow."""

    computer: str
    records: list[Event] = field(default_factory=list)
    first_record: int = 4001

    def write(
        self,
        event_id: int,
        time: datetime,
        values: tuple[str, ...] = (),
        *,
        provider: str = SPP_PROVIDER,
        level: int = 4,
    ) -> Event:
        """Append an event of the licensing service (or of ``provider``)."""
        record = Event(
            self.first_record + len(self.records), event_id, provider, time, self.computer, values, level,
            0xC000 if level == 2 else 0x4000,
        )  # fmt: skip
        self.records.append(record)
        return record
