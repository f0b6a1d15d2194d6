"""A guest's history: activated, renewed, refused, lapsed, gone.

A lease lasts seven days (Microsoft Learn automatic-vm-activation, read 2026-11), so two successes further apart than
that enclose a lapse, whatever the interval is at which guests renew, which nobody has recorded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from harness.core.usage._owners import Owner
from harness.core.usage._records import GuestSeen, Observation

__all__ = ["LEASE", "Entry", "GuestUsage", "Lapse", "Outcome", "history_of"]

LEASE = timedelta(days=7)


class Outcome(StrEnum):
    """What one event tells: a first activation, a renewal in time, one after a lapse, a refusal, or nothing."""

    ACTIVATED = "activated"
    RENEWED = "renewed"
    REACTIVATED = "reactivated"
    REFUSED = "refused"
    UNREADABLE = "unreadable"

    @property
    def success(self) -> bool:
        """Whether a lease began."""
        return self in {Outcome.ACTIVATED, Outcome.RENEWED, Outcome.REACTIVATED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a guest's history. ``moved``: another host than that of the success before."""

    time: datetime
    host: str
    outcome: Outcome
    hresult: int | None
    by: str
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time without a lease: since the last one ended, until it was renewed or, None, until now."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class GuestUsage:
    """One VM. ``seen`` is None for an id that no host ever listed; ``lease_ends`` of the last success."""

    vm_id: str
    seen: GuestSeen | None
    entries: tuple[Entry, ...]
    lapses: tuple[Lapse, ...]
    lease_ends: datetime | None

    @property
    def successes(self) -> tuple[Entry, ...]:
        """The entries with which a lease began."""
        return tuple(entry for entry in self.entries if entry.outcome.success)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that activated it, in the order of their first time."""
        return tuple(dict.fromkeys(entry.host for entry in self.successes))


def history_of(
    observations: Sequence[Observation],
    owners: Sequence[Owner | None],
    guests: Iterable[GuestSeen],
    now: datetime,
) -> tuple[GuestUsage, ...]:
    """The history of every VM that was listed or activated, by name; VMs without any event have an empty one.

    Args:
        observations: events, in any order.
        owners: whose each of them is, as owners_of tells.
        guests: every VM that was ever listed.
        now: the hosts' present, aware.
    """
    listed = {guest.vm_id: guest for guest in guests}
    events: dict[str, list[tuple[Observation, Owner]]] = {vm_id: [] for vm_id in listed}
    for event, owner in zip(observations, owners, strict=True):
        if owner is not None:
            events.setdefault(owner.vm_id, []).append((event, owner))
    made = [_guest(vm_id, listed.get(vm_id), found, now) for vm_id, found in events.items()]
    return tuple(sorted(made, key=lambda guest: (guest.seen.name.casefold() if guest.seen else "~", guest.vm_id)))


def _guest(vm_id: str, seen: GuestSeen | None, events: list[tuple[Observation, Owner]], now: datetime) -> GuestUsage:
    entries: list[Entry] = []
    lapses: list[Lapse] = []
    last: Entry | None = None
    for event, owner in sorted(events, key=lambda item: (item[0].time, item[0].host, item[0].record_id)):
        outcome = _outcome(event, last)
        moved = outcome.success and last is not None and last.host != event.host
        entry = Entry(event.time, event.host, outcome, event.hresult, owner.by, moved)
        if outcome is Outcome.REACTIVATED and last is not None:
            lapses.append(Lapse(last.time + LEASE, event.time))
        last = entry if outcome.success else last
        entries.append(entry)
    ends = last.time + LEASE if last is not None else None
    still = seen is not None and seen.gone is None
    if still and ends is not None and ends < now:
        lapses.append(Lapse(ends, None))
    return GuestUsage(vm_id, seen, tuple(entries), tuple(lapses), ends)


def _outcome(event: Observation, last: Entry | None) -> Outcome:
    if event.hresult is None:
        return Outcome.UNREADABLE
    if event.hresult != 0:
        return Outcome.REFUSED
    if last is None:
        return Outcome.ACTIVATED
    return Outcome.RENEWED if event.time - last.time <= LEASE else Outcome.REACTIVATED
