"""`avma locks`: who works with which host now, and taking a host from one who is gone."""

from dataclasses import asdict
from datetime import UTC, datetime

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.lab import Settings
from harness.report import visible
from harness.store import Lease, open_store

__all__ = ["locks"]

_COLUMNS = ("host", "resource", "purpose", "who", "taken", "expires")


def locks(options: Options, clear: list[str]) -> int:
    """`avma locks [--clear HOST]`: avma/locks/1."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    store = open_store(options.store or Settings().store)
    try:
        found = store.leases.list()
        cleared = _named(found, clear)
        store.leases.clear(cleared)
    finally:
        store.close()
    left = [lease for lease in found if lease not in cleared]
    if options.output is Output.TEXT:
        _tell(options, left, cleared, now)
        return 0
    documents = [{**asdict(lease), "expired": lease.expires <= now} for lease in left]
    options.document({"schema": "avma/locks/1", "locks": documents, "cleared": [asdict(lease) for lease in cleared]})
    return 0


def _named(leases: tuple[Lease, ...], names: list[str]) -> tuple[Lease, ...]:
    """The leases on those hosts. Raises InputError for a host that has none."""
    for name in names:
        if not any(lease.host.casefold() == name.casefold() for lease in leases):
            raise InputError("No lease is on this host.", target=name, hint="`avma locks` lists those there are.")
    wanted = {name.casefold() for name in names}
    return tuple(lease for lease in leases if lease.host.casefold() in wanted)


def _tell(options: Options, left: list[Lease], cleared: tuple[Lease, ...], now: str) -> None:
    from rich.table import Table
    from rich.text import Text

    console = options.console()
    for lease in cleared:
        console.print(Text(visible(f"Taken from {lease.who}: {lease.host} ({lease.resource}).")))
    if not left:
        console.print("No host is held.")
        return
    table = Table(header_style="bold")
    for column in (*_COLUMNS, "state"):
        table.add_column(column, overflow="fold")
    for lease in left:
        cells = [Text(visible(getattr(lease, column))) for column in _COLUMNS]
        table.add_row(*cells, "expired" if lease.expires <= now else "held")
    console.print(table)
