"""The operating system of a host or guest, and which kind of host it is."""

from collections.abc import Sequence
from dataclasses import replace

from harness.core.catalogue import (
    azure_release_of_build,
    edition_of_family,
    release_of_build,
    releases,
    sku,
)
from harness.core.model import Flavour, LicenceRecord, OperatingSystem
from harness.remoting import cmd
from harness.windows._values import Row
from harness.windows.question import Question

__all__ = ["AZURE_SKU", "SYSTEM", "flavour_of", "operating_system", "with_licence"]

AZURE_SKU = 406
"""OperatingSystemSKU of Azure Stack HCI and Azure Local (PRODUCT_AZURESTACKHCI_SERVER_CORE, winnt.h)."""
_FIRST_AZURE_LOCAL_BUILD = 25398
_CLIENT = 1

SYSTEM = Question(
    "os",
    (cmd("Get-CimInstance", ClassName="Win32_OperatingSystem"),),
    ("Caption", "Version", "BuildNumber", "OperatingSystemSKU", "ProductType", "CSName", "LocalDateTime"),
    expected=True,
)
"""Win32_OperatingSystem; the caption is localised and only shown."""


def operating_system(row: Row | None) -> OperatingSystem:
    """The record of one row of SYSTEM; all unknown without a row.

    Release and edition are the catalogue's: by build number and OperatingSystemSKU, never by the caption.
    """
    if row is None:
        return OperatingSystem()
    number, build, kind = row.number("OperatingSystemSKU"), row.number("BuildNumber"), row.number("ProductType")
    known = sku(number) if number is not None else None
    return OperatingSystem(
        caption=row.text("Caption"),
        version=row.text("Version"),
        build=build,
        sku=number,
        product_type=kind,
        computer_name=row.text("CSName"),
        release=_release(build, number, kind),
        edition=known.edition if known else None,
        evaluation=known.evaluation if known else False,
        clock=row.moment("LocalDateTime"),
    )


def _release(build: int | None, number: int | None, kind: int | None) -> str | None:
    if build is None or kind == _CLIENT:
        return None
    return azure_release_of_build(build) if number == AZURE_SKU else release_of_build(build)


def with_licence(system: OperatingSystem, licences: Sequence[LicenceRecord]) -> OperatingSystem:
    """The same system, with what only the licence's family tells: an evaluation, or the edition of an unknown SKU."""
    families = [edition_of_family(record.license_family or "") for record in licences if record.is_windows]
    info = next((found for found in families if found), None)
    if info is None or system.sku == AZURE_SKU:
        return system
    edition = system.edition
    if edition is None and system.sku is not None and sku(system.sku) is None:
        edition = info.edition
    return replace(system, edition=edition, evaluation=system.evaluation or info.evaluation)


def flavour_of(system: OperatingSystem, *, azure_commands: bool) -> Flavour:
    """Which kind of host this is, from numbers.

    Args:
        system: as read; without a SKU nothing is concluded.
        azure_commands: ServerAVMAManager or AzureStackHCI is installed. It decides only for a SKU that the catalogue
            does not know, since a module can be copied anywhere.
    """
    if system.sku is None:
        return Flavour.UNKNOWN
    known = sku(system.sku)
    if system.sku == AZURE_SKU or (known is None and azure_commands and system.product_type != _CLIENT):
        return _azure_flavour(system.build)
    if system.product_type == _CLIENT or (known and known.client):
        return Flavour.OTHER
    if system.edition is None and known is None:
        return Flavour.UNKNOWN
    return Flavour.SERVER_DATACENTER if (system.edition or "").startswith("Datacenter") else Flavour.SERVER_OTHER


def _azure_flavour(build: int | None) -> Flavour:
    if build is None:
        return Flavour.AZURE_STACK_HCI
    row = next((row for row in releases() if row.kind == "azure" and build in row.builds), None)
    local = row.product == "Azure Local" if row else build >= _FIRST_AZURE_LOCAL_BUILD
    return Flavour.AZURE_LOCAL if local else Flavour.AZURE_STACK_HCI
