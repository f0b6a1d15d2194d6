"""The activation history for a person, a program and a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.usage import Entry, GuestUsage, HostSeen, Lapse, Observation, Outcome
from harness.report._text import visible

__all__ = ["usage_csv", "usage_document", "usage_tables"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def usage_document(
    now: datetime,
    since: datetime | None,
    guests: Sequence[GuestUsage],
    strays: Sequence[Observation],
    hosts: Sequence[HostSeen],
) -> dict[str, object]:
    """avma/usage/1: every VM's history within the time asked for, hosts, tags, and events that tell no VM.

    Args:
        now: the hosts' present.
        since: the beginning of the time asked for; None is everything that is known.
        guests: whole histories; entries before ``since`` are left out here, lapses that ended before as well.
        strays: events from which nobody can tell whose they are.
        hosts: how each was looked at last.
    """
    rows = [_guest(guest, since, now) for guest in guests]
    return {
        "schema": "avma/usage/1",
        "now": _time(now),
        "since": _time(since) if since else None,
        "complete": all(host.ok and host.gap is None for host in hosts),
        "hosts": [_host(host) for host in hosts],
        "guests": rows,
        "unattributed": [
            {"time": _time(event.time), "host": event.host, "code": _code(event.hresult), "payload": event.payload}
            for event in strays
            if since is None or event.time >= since
        ],
        "tags": _tags(guests, since),
        "summary": {
            "guests": len(rows),
            "activations": sum(len(_within(guest.successes, since)) for guest in guests),
            "refusals": sum(_refusals(guest, since) for guest in guests),
            "renewals_missed": sum(len(_lapses(guest, since)) for guest in guests),
            "without_lease": sum(guest.lease_ends is not None and guest.lease_ends <= now for guest in guests),
            "vanished": sum(guest.seen is not None and guest.seen.gone is not None for guest in guests),
        },
    }


def _guest(guest: GuestUsage, since: datetime | None, now: datetime) -> dict[str, object]:
    seen = guest.seen
    first, last = (guest.successes[0], guest.successes[-1]) if guest.successes else (None, None)
    return {
        "vm_id": guest.vm_id,
        "name": seen.name if seen else None,
        "host": seen.host if seen else None,
        "fqdn": seen.fqdn if seen else None,
        "system": seen.system if seen else None,
        "state": seen.state if seen else None,
        "tags": list(seen.tags) if seen else [],
        "first_seen": _time(seen.first_seen) if seen else None,
        "last_seen": _time(seen.last_seen) if seen else None,
        "vanished": _time(seen.gone) if seen and seen.gone else None,
        "first_activated": _time(first.time) if first else None,
        "last_activated": _time(last.time) if last else None,
        "last_host": last.host if last else None,
        "hosts": list(guest.hosts),
        "lease_ends": _time(guest.lease_ends) if guest.lease_ends else None,
        "lease_runs": guest.lease_ends is not None and guest.lease_ends > now,
        "renewals_missed": [
            {"lease_ended": _time(lapse.since), "renewed": _time(lapse.until) if lapse.until else None}
            for lapse in _lapses(guest, since)
        ],
        "history": [_entry(entry) for entry in _within(guest.entries, since)],
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "time": _time(entry.time),
        "host": entry.host,
        "outcome": str(entry.outcome),
        "code": _code(entry.hresult),
        "moved": entry.moved,
        "attributed_by": entry.by,
    }


def _host(host: HostSeen) -> dict[str, object]:
    return {
        "name": host.host,
        "computer": host.computer,
        "looked": _time(host.looked),
        "ok": host.ok,
        "message": host.message,
        "gap": host.gap,
    }


def _tags(guests: Sequence[GuestUsage], since: datetime | None) -> list[dict[str, object]]:
    """Counts by tag; a guest with several counts under each, one without under the empty one."""
    by_tag: dict[str, list[GuestUsage]] = {}
    for guest in guests:
        for tag in (guest.seen.tags if guest.seen else ()) or ("",):
            by_tag.setdefault(tag, []).append(guest)
    return [
        {
            "tag": tag,
            "guests": len(found),
            "activated": sum(bool(_within(guest.successes, since)) for guest in found),
            "activations": sum(len(_within(guest.successes, since)) for guest in found),
            "refusals": sum(_refusals(guest, since) for guest in found),
            "renewals_missed": sum(len(_lapses(guest, since)) for guest in found),
        }
        for tag, found in sorted(by_tag.items())
    ]


def _within(entries: Iterable[Entry], since: datetime | None) -> list[Entry]:
    return [entry for entry in entries if since is None or entry.time >= since]


def _refusals(guest: GuestUsage, since: datetime | None) -> int:
    return sum(entry.outcome is Outcome.REFUSED for entry in _within(guest.entries, since))


def _lapses(guest: GuestUsage, since: datetime | None) -> list[Lapse]:
    return [lapse for lapse in guest.lapses if since is None or lapse.until is None or lapse.until >= since]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _code(hresult: int | None) -> str | None:
    return None if hresult is None else f"0x{hresult & 0xFFFFFFFF:08X}"


def usage_csv(document: Mapping[str, object]) -> str:
    """One line per event of the document, as spreadsheets read it: no cell of it can act as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    columns = ("time", "host", "guest", "vm_id", "tags", "outcome", "code", "moved", "attributed_by")
    writer.writerow(columns)
    guests, strays = document["guests"], document["unattributed"]
    assert isinstance(guests, list)
    assert isinstance(strays, list)
    rows = [
        {**entry, "guest": guest["name"] or "", "vm_id": guest["vm_id"], "tags": " ".join(guest["tags"])}
        for guest in guests
        for entry in guest["history"]
    ]
    rows += [{**event, "outcome": "unattributed"} for event in strays]
    for row in sorted(rows, key=lambda row: (str(row["time"]), str(row["host"]))):
        writer.writerow([_cell(row.get(column, "")) for column in columns])
    return buffer.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def usage_tables(now: datetime, guests: Sequence[GuestUsage], document: Mapping[str, object]) -> RenderableType:
    """Guests with their last activation and what they missed; tags where there are any; hosts that tell too little."""
    table = _table("Guests", "Guest", "Host", "Tags", "Activations", "Last", "By", "Lease", "Renewals missed")
    for guest in guests:
        last = guest.successes[-1] if guest.successes else None
        table.add_row(
            Text(visible(guest.seen.name if guest.seen else guest.vm_id)),
            Text(visible(guest.seen.host if guest.seen else "")),
            Text(visible(" ".join(guest.seen.tags) if guest.seen else "")),
            str(len(guest.successes)),
            f"{last.time:%Y-%m-%d %H:%M}" if last else "none seen",
            Text(visible(last.host if last else "")),
            _lease(guest, now),
            str(len(guest.lapses) or ""),
        )
    parts: list[RenderableType] = [table]
    tags = document["tags"]
    assert isinstance(tags, list)
    if any(row["tag"] for row in tags):
        parts.append(_tag_table(tags))
    hosts = document["hosts"]
    assert isinstance(hosts, list)
    parts += [
        Text(visible(f"{host['name']}: {host['gap'] or host['message']}"), style="yellow")
        for host in hosts
        if host["gap"] or not host["ok"]
    ]
    strays = document["unattributed"]
    assert isinstance(strays, list)
    if strays:
        parts.append(Text(f"{len(strays)} event(s) do not tell which VM they are about.", style="yellow"))
    return Group(*parts)


def _lease(guest: GuestUsage, now: datetime) -> Text:
    if guest.seen is not None and guest.seen.gone is not None:
        return Text(f"vanished before {guest.seen.gone:%Y-%m-%d}", style="yellow")
    if guest.lease_ends is None:
        return Text("none", style="dim")
    runs = guest.lease_ends > now
    return Text(f"{'until' if runs else 'ended'} {guest.lease_ends:%Y-%m-%d %H:%M}", style="green" if runs else "red")


def _tag_table(rows: Sequence[Mapping[str, object]]) -> Table:
    table = _table("Tags", "Tag", "Guests", "Activations", "Refusals", "Renewals missed")
    for row in rows:
        cells = (row["tag"] or "(none)", row["guests"], row["activations"], row["refusals"], row["renewals_missed"])
        table.add_row(*(Text(visible(str(cell))) for cell in cells))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
