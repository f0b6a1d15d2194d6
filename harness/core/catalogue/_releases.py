"""Releases of Windows Server in the order that decides who may activate whom, and the builds that name them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from harness.core.catalogue._load import table

__all__ = [
    "RELEASE_ORDER",
    "ReleaseRow",
    "azure_release_of_build",
    "is_long_term",
    "normal_release",
    "release_of_build",
    "release_rank",
    "releases",
    "sibling_of",
]

RELEASE_ORDER = (
    "2008 R2",
    "2012",
    "2012 R2",
    "2016",
    "1709",
    "1803",
    "2019",
    "1809",
    "1903",
    "1909",
    "2004",
    "20H2",
    "2022",
    "23H2",
    "2025",
)
"""Windows Server releases, oldest first; semi-annual ones stand behind the long-term release they share keys with."""

_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*(r2)?(?!\d)", re.IGNORECASE)
_CHANNEL = re.compile(r"(?<!\w)(1709|1803|1809|1903|1909|2004|20h2|21h2|22h2|23h2|24h2)(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release. ``kind`` is "server", "semi-annual" or "azure" (Azure Stack HCI and Azure Local).

    ``rank`` orders releases of one family; ``sibling`` is the long-term release that shares a semi-annual one's keys.
    """

    name: str
    rank: int
    builds: tuple[int, ...]
    kind: str
    product: str
    sibling: str | None
    source: str
    date: str


@cache
def releases() -> tuple[ReleaseRow, ...]:
    """All releases of the catalogue, Windows Server first, oldest first."""
    return tuple(
        ReleaseRow(
            name=str(row["name"]),
            rank=int(cast("int", row["rank"])),
            builds=tuple(cast("Sequence[int]", row["builds"])),
            kind=str(row["kind"]),
            product=str(row.get("product", "Windows Server")),
            sibling=cast("str | None", row.get("sibling")),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("releases", "release")
    )


@cache
def _server(name: str) -> ReleaseRow | None:
    return next((row for row in releases() if row.kind != "azure" and row.name == name), None)


def normal_release(text: str) -> str | None:
    """The catalogue's name of a release, out of "Windows Server 2012 R2 Standard", "2012R2", "version 1909", ...

    None where the text names no Windows Server release of the catalogue.
    """
    plain = text.strip()
    if _server(plain):
        return plain
    channel = _CHANNEL.search(plain)
    if channel and _server(channel[1].upper()):
        return channel[1].upper()
    year = _YEAR.search(plain)
    if year is None:
        return None
    name = f"{year[1]} R2" if year[2] else year[1]
    return name if _server(name) else None


def release_rank(release: str) -> int | None:
    """A number that orders Windows Server releases; equal for releases that share AVMA keys; None when unknown."""
    name = normal_release(release)
    row = _server(name) if name else None
    return row.rank if row else None


def sibling_of(release: str) -> str | None:
    """The long-term release whose keys and matrix row a release shares: "1909" -> "2019", "2022" -> "2022"."""
    name = normal_release(release)
    row = _server(name) if name else None
    return (row.sibling or row.name) if row else None


def is_long_term(release: str) -> bool:
    """Whether this is the catalogue's name of a long-term release, not of a semi-annual one."""
    row = _server(release)
    return row is not None and row.kind == "server"


def release_of_build(build: int) -> str | None:
    """The Windows Server release of a build: 20348 -> "2022". Azure Stack HCI shares builds: ask the SKU first.

    Build 17763 is 2019 and semi-annual 1809 alike; the long-term name is returned, since both share keys.
    """
    return next((row.name for row in releases() if row.kind != "azure" and build in row.builds), None)


def azure_release_of_build(build: int) -> str | None:
    """The Azure Stack HCI or Azure Local release of a build: 20349 -> "22H2". Only where OperatingSystemSKU is 406."""
    return next((row.name for row in releases() if row.kind == "azure" and build in row.builds), None)
