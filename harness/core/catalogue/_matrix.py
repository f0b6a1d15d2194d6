"""Which host may activate which guest: the two published tables as cells, and the rule that spans them."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from harness.core.catalogue._editions import AZURE_EDITION
from harness.core.catalogue._load import Row, table
from harness.core.catalogue._releases import normal_release, release_rank, sibling_of

__all__ = ["Cell", "Licensing", "azure_local_supports", "host_supports", "matrix"]

Licensing = Literal["2019", "2022", "2025", "subscription"]
"""How an Azure Local host is licensed to activate guests: the release of its host key, or the subscription."""

_FLOOR = "2012 R2"
_SUPPORTED = {"yes": True, "no": False, "unknown": None}
_NO_KEY = frozenset({"2004", "20H2", "23H2"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``supported`` True, False, or None where no source settles it; ``edition`` None means every edition."""

    host: str
    guest: str
    supported: bool | None
    source: str
    date: str
    note: str = ""
    edition: str | None = None


def _cell(row: Row, host: str) -> Cell:
    edition = str(row.get("edition", ""))
    return Cell(
        host=host,
        guest=str(row["guest"]),
        supported=_SUPPORTED[str(row["supported"])],
        source=str(row["source"]),
        date=str(row["date"]),
        note=str(row.get("note", "")),
        edition=edition or None,
    )


def _azure_host(licensing: str) -> str:
    return "Azure Local, subscription" if licensing == "subscription" else f"Azure Local, {licensing} key"


@cache
def _windows_cells() -> tuple[Cell, ...]:
    return tuple(_cell(row, str(row["host"])) for row in table("matrix", "windows"))


@cache
def _azure_cells() -> tuple[Cell, ...]:
    return tuple(_cell(row, _azure_host(str(row["host"]))) for row in table("matrix", "azure"))


def matrix() -> tuple[Cell, ...]:
    """Every cell of the catalogue: Windows Server hosts first, then Azure Local by licensing."""
    return _windows_cells() + _azure_cells()


def _unknown(host: str, guest: str, note: str, edition: str | None = None) -> Cell:
    return Cell(host, guest, supported=None, source="no source", date="2026-11-22", note=note, edition=edition)


def _refused(host: str, guest: str, note: str) -> Cell:
    source = "rule of the Microsoft tables: guest not newer than its host, floor 2012 R2"
    return Cell(host=host, guest=guest, supported=False, source=source, date="2023-09-19", note=note)


def host_supports(host_release: str, guest_release: str, edition: str | None = None) -> Cell:
    """Whether an activated Windows Server Datacenter host may activate a guest release.

    Semi-annual releases count as the long-term release they share keys with. A pair with an unknown release, and an
    Azure Edition guest (not licensed to run on a plain Windows Server host), is unknown, not refused.

    Args:
        host_release: the host's release, "2022".
        guest_release: the guest's release, "2012 R2" or "1909".
        edition: the guest's edition where it is known.

    Example:
        >>> host_supports("2022", "1909").supported
        True
    """
    host, guest = sibling_of(host_release), sibling_of(guest_release)
    if host is None or guest is None:
        return _unknown(host_release, guest_release, "a release the catalogue does not know")
    cell = _lookup(host, guest) or _by_rule(host, guest)
    if edition == AZURE_EDITION and cell.supported:
        note = "Azure Edition is licensed to run on Azure and Azure Local; nothing says what a plain host answers"
        return _unknown(host_release, guest_release, note, edition)
    return replace(cell, host=normal_release(host_release) or host, guest=normal_release(guest_release) or guest)


def _lookup(host: str, guest: str) -> Cell | None:
    return next((cell for cell in _windows_cells() if cell.host == host and cell.guest == guest), None)


def _by_rule(host: str, guest: str) -> Cell:
    host_rank, guest_rank, floor = release_rank(host), release_rank(guest), release_rank(_FLOOR)
    assert host_rank is not None
    assert guest_rank is not None
    assert floor is not None
    if host_rank < floor:
        return _refused(host, guest, f"AVMA starts with {_FLOOR} hosts")
    if guest_rank < floor:
        return _refused(host, guest, f"AVMA starts with {_FLOOR} guests")
    if guest_rank > host_rank:
        return _refused(host, guest, "the guest is newer than its host")
    if guest in _NO_KEY:
        return _unknown(host, guest, "no AVMA key was published for this release")
    return Cell(
        host=host,
        guest=guest,
        supported=True,
        source="rule of the Microsoft tables: guest not newer than its host, floor 2012 R2",
        date="2023-09-19",
    )


def azure_local_supports(licensing: Licensing, guest_release: str, edition: str | None = None) -> Cell:
    """Whether an Azure Stack HCI or Azure Local host may activate a guest, by how the host is licensed.

    Args:
        licensing: release of the host key in force ("2019", "2022", "2025") or "subscription".
        guest_release: the guest's release.
        edition: the guest's edition; Azure Edition has rows of its own.
    """
    host = _azure_host(licensing)
    guest = sibling_of(guest_release)
    shown = normal_release(guest_release) or guest_release
    if guest is None:
        return _unknown(host, shown, "a release the catalogue does not know", edition)
    special = edition if edition == AZURE_EDITION else None
    found = [cell for cell in _azure_cells() if cell.host == host and cell.guest == guest]
    cell = next((cell for cell in found if cell.edition == special), None) or next(iter(found), None)
    if cell is not None:
        return replace(cell, guest=shown)
    rank, floor = release_rank(guest), release_rank(_FLOOR)
    if rank is not None and floor is not None and rank < floor:
        return _refused(host, shown, f"AVMA starts with {_FLOOR} guests")
    return _unknown(host, shown, "no table lists this release", edition)
