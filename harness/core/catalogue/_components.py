"""Integration services by component GUID. Names are shown to people and never compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import cast

from harness.core.catalogue._load import table

__all__ = ["ComponentRow", "ComponentStatusRow", "component", "component_names", "component_status", "components"]


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One integration service.

    ``guid`` is upper case, as in the Id of Get-VMIntegrationService; ``service`` the Windows service inside the
    guest, the same in every language; ``name`` the English name of the cmdlets;
    ``shown`` the name in the English window; ``names`` the cmdlets' names by language.
    """

    guid: str
    key: str
    service: str
    name: str
    shown: str
    needed_for_avma: bool
    names: Mapping[str, str]
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class ComponentStatusRow:
    """One OperationalStatus number."""

    number: int
    name: str
    meaning: str
    source: str
    date: str


@cache
def components() -> tuple[ComponentRow, ...]:
    """All integration services, Data Exchange first."""
    return tuple(
        ComponentRow(
            guid=str(row["guid"]),
            key=str(row["key"]),
            service=str(row["service"]),
            name=str(row["name"]),
            shown=str(row["shown"]),
            needed_for_avma=bool(row["needed_for_avma"]),
            names=MappingProxyType(dict(cast("Mapping[str, str]", row["names"])) | {"en": str(row["name"])}),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("components", "component")
    )


def component(guid_or_key: str) -> ComponentRow | None:
    """An integration service by GUID (any case, or the Id that ends in it) or by key ("data_exchange")."""
    wanted = guid_or_key.strip()
    tail = wanted.rsplit("\\", 1)[-1].strip("{}").upper()
    return next((row for row in components() if wanted == row.key or tail == row.guid), None)


def component_names(guid_or_key: str) -> Mapping[str, str]:
    """The names of one integration service by language; empty when the catalogue lacks the component."""
    row = component(guid_or_key)
    return row.names if row else MappingProxyType({})


@cache
def _statuses() -> dict[int, ComponentStatusRow]:
    rows = (
        ComponentStatusRow(
            number=int(cast("int", row["number"])),
            name=str(row["name"]),
            meaning=str(row["meaning"]),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("components", "status")
    )
    return {row.number: row for row in rows}


def component_status(number: int) -> ComponentStatusRow | None:
    """What an OperationalStatus number of an integration service means: 12 -> NoContact."""
    return _statuses().get(number)
