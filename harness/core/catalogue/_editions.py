"""Editions: from OperatingSystemSKU, LicenseFamily or a licence's name to the edition that decides the AVMA key."""

import re
from dataclasses import dataclass
from functools import cache
from typing import cast

from harness.core.catalogue._load import Row, table

__all__ = [
    "AZURE_EDITION",
    "EditionInfo",
    "SkuRow",
    "edition_of_family",
    "edition_of_name",
    "edition_of_sku",
    "sku",
    "skus",
]

AZURE_EDITION = "Datacenter: Azure Edition"
_NAME = re.compile(r"Windows(?: Server)?\(R\)[^,]{0,60},\s*(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EditionInfo:
    """What a family or SKU stands for.

    ``edition`` is "Datacenter", "Standard", "Essentials", "Datacenter: Azure Edition" or None where no AVMA key can
    exist (clients, Hyper-V Server, Azure Stack HCI); ``core`` None where the name does not tell.
    """

    edition: str | None
    evaluation: bool = False
    core: bool | None = None
    client: bool = False
    family: str = ""
    label: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class SkuRow:
    """One OperatingSystemSKU number."""

    number: int
    info: EditionInfo
    source: str
    date: str


def _info(row: Row) -> EditionInfo:
    family = str(row["family"])
    return EditionInfo(
        edition=str(row["edition"]) or None,
        evaluation=bool(row.get("evaluation", False)),
        core=cast("bool | None", row.get("core")),
        client=bool(row.get("client", False)),
        family=family,
        label=str(row.get("label", "")) or str(row["edition"]) or family,
        certain=bool(row.get("certain", True)),
    )


@cache
def skus() -> tuple[SkuRow, ...]:
    """All OperatingSystemSKU numbers of the catalogue."""
    return tuple(
        SkuRow(
            number=int(cast("int", row["number"])), info=_info(row), source=str(row["source"]), date=str(row["date"])
        )
        for row in table("editions", "sku")
    )


@cache
def _by_number() -> dict[int, SkuRow]:
    return {row.number: row for row in skus()}


@cache
def _by_family() -> dict[str, EditionInfo]:
    extra = {info.family.casefold(): info for info in map(_info, table("editions", "family"))}
    return extra | {row.info.family.casefold(): row.info for row in skus()}


def sku(number: int) -> EditionInfo | None:
    """Everything known of an OperatingSystemSKU: 7 -> Standard, 406 -> Azure Stack HCI (no edition of its own)."""
    row = _by_number().get(number)
    return row.info if row else None


def edition_of_sku(number: int) -> str | None:
    """The edition of an OperatingSystemSKU, or None for clients, Azure Stack HCI nodes and unknown numbers."""
    info = sku(number)
    return info.edition if info else None


def edition_of_family(family: str) -> EditionInfo | None:
    """What a LicenseFamily or edition id stands for ("ServerStandardEvalCor"); None when the catalogue lacks it."""
    return _by_family().get(family.strip().casefold())


def edition_of_name(name: str) -> EditionInfo | None:
    """What a licence's name stands for.

    Example:
        >>> edition_of_name("Windows(R), ServerStandard edition").edition
        'Standard'
    """
    match = _NAME.search(name)
    return edition_of_family(match[1]) if match else None
