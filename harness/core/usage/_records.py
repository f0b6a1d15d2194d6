"""What was observed over time: activation requests, guests, and how complete the looking was."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["GuestSeen", "HostSeen", "Observation"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One event 12310. ``host`` is the computer that logged it, in small letters; ``time`` by its clock, aware UTC.

    ``payload`` is %2, whose layout nobody has recorded; ``guids`` and ``names`` are what was found in it.
    """

    host: str
    record_id: int
    time: datetime
    hresult: int | None
    payload: str
    guids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GuestSeen:
    """A VM as hosts listed it. ``gone`` is when it was first missed with every host answering, None while it is listed.

    ``fqdn`` and ``system`` are hearsay of the guest through KVP. Times are aware UTC, by the hosts' clocks.
    """

    vm_id: str
    name: str
    host: str
    fqdn: str | None
    system: str | None
    state: str
    tags: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    gone: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostSeen:
    """How one host was looked at last. ``host`` is the inventory's name, ``computer`` what logs its events.

    ``gap`` is a sentence where its log no longer held what was read before: events in between may never be known.
    """

    host: str
    computer: str
    looked: datetime
    ok: bool
    message: str = ""
    gap: str | None = None
