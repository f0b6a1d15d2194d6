"""The CIM classes the lab has, each as the rows it enumerates on one computer.

Property names: slmgr.vbs for licensing, Microsoft Learn for Win32_* and Msvm_KvpExchangeComponent.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from harness.sim.cmdlets._scope import Scope
from harness.sim.objects import UInt32
from harness.sim.world import DATA_EXCHANGE, Installation, Row, intrinsic_items, item_xml, product_rows

__all__ = ["CIMV2", "VIRTUALIZATION", "class_rows", "known_class", "local_time"]

CIMV2 = "root/cimv2"
VIRTUALIZATION = "root/virtualization/v2"

_AVMA_FROM = 30
_AVMA_ONLY = ("IAID", "AutomaticVMActivation")
_UNSIGNED = {
    "DiscoveredKeyManagementServiceMachinePort",
    "ExtendedGrace",
    "GenuineStatus",
    "GracePeriodRemaining",
    "KeyManagementServicePort",
    "LicenseStatus",
    "LicenseStatusReason",
    "RemainingAppReArmCount",
    "RemainingSkuReArmCount",
    "RequiredClientCount",
    "VLActivationType",
    "VLActivationTypeEnabled",
    "RemainingWindowsReArmCount",
    "OperatingSystemSKU",
    "ProductType",
}


def local_time(windows: Installation, moment: datetime) -> datetime:
    """A time as this computer's wall clock shows it, with its offset."""
    return moment.astimezone(timezone(timedelta(minutes=windows.utc_offset)))


def _typed(row: Row) -> Row:
    return {
        name: UInt32(value) if name in _UNSIGNED and isinstance(value, int) else value for name, value in row.items()
    }


def _operating_system(scope: Scope) -> list[Row]:
    windows = scope.windows
    now = scope.world.clock.now() + timedelta(minutes=windows.clock_error)
    return [
        {
            "BootDevice": r"\Device\HarddiskVolume1",
            "BuildNumber": str(windows.os.build),
            "Caption": windows.os.caption,
            "CodeSet": "1252",
            "CountryCode": "1",
            "CSName": windows.computer_name.upper(),
            "InstallDate": windows.booted,
            "LastBootUpTime": windows.booted,
            "LocalDateTime": now,
            "Locale": f"{windows.language.lcid:04x}",
            "MUILanguages": [windows.language.culture],
            "Name": rf"{windows.os.caption}|C:\Windows|\Device\Harddisk0\Partition2",
            "OperatingSystemSKU": UInt32(windows.os.sku),
            "OSArchitecture": "64-bit",
            "OSLanguage": UInt32(windows.language.lcid),
            "ProductType": UInt32(windows.os.product_type),
            "SerialNumber": "00000-00000-00000-AAOEM",
            "SystemDirectory": r"C:\Windows\system32",
            "Version": windows.os.version,
            "WindowsDirectory": r"C:\Windows",
        }
    ]


def _computer_system(scope: Scope) -> list[Row]:
    windows, virtual = scope.windows, scope.vm is not None
    return [
        {
            "Caption": windows.computer_name.upper(),
            "DNSHostName": windows.computer_name,
            "Domain": windows.dns_suffix or "WORKGROUP",
            "DomainRole": {1: 1, 2: 5}.get(windows.os.product_type, 3),
            "HypervisorPresent": virtual or (scope.host is not None and scope.host.hyperv),
            "Manufacturer": "Microsoft Corporation" if virtual else "Contoso Servers",
            "Model": "Virtual Machine" if virtual else "CS-2000",
            "Name": windows.computer_name.upper(),
            "NumberOfLogicalProcessors": UInt32(2 if virtual else 32),
            "PartOfDomain": bool(windows.dns_suffix),
            "TotalPhysicalMemory": (4 if virtual else 512) * 2**30,
            "Workgroup": None if windows.dns_suffix else "WORKGROUP",
        }
    ]


def _products(scope: Scope) -> list[Row]:
    rows = product_rows(scope.windows, scope.world.clock.now(), scope.world.variants)
    if scope.windows.os.rank >= _AVMA_FROM or scope.windows.os.family != "server":
        return [_typed(row) for row in rows]
    return [_typed({name: value for name, value in row.items() if not name.startswith(_AVMA_ONLY)}) for row in rows]


def _service(scope: Scope) -> list[Row]:
    licence = scope.windows.licence
    row: Row = {
        "ClientMachineID": licence.kms.client_id,
        "IsKeyManagementServiceMachine": UInt32(0),
        "KeyManagementServiceCurrentCount": UInt32(0xFFFFFFFF),
        "KeyManagementServiceHostCaching": True,
        "KeyManagementServiceMachine": licence.kms.machine,
        "KeyManagementServicePort": licence.kms.port,
        "OA3xOriginalProductKey": "",
        "PolicyCacheRefreshRequired": UInt32(0),
        "RemainingWindowsReArmCount": licence.rearm_windows,
        "Version": scope.windows.os.full_version,
        "VLActivationInterval": UInt32(120),
        "VLRenewalInterval": UInt32(10080),
    }
    return [_typed(row)]


def _kvp_components(scope: Scope) -> list[Row]:
    if scope.host is None or not scope.administrator:
        return []
    rows: list[Row] = []
    for vm in scope.host.vms:
        items = intrinsic_items(vm, scope.world.variants)
        rows.append(
            {
                "Caption": "Key-Value Pair Exchange",
                "ElementName": "Key-Value Pair Exchange",
                "GuestExchangeItems": [],
                "GuestIntrinsicExchangeItems": [item_xml(name, data) for name, data in items.items()],
                "Name": rf"Microsoft:{str(vm.id).upper()}\{DATA_EXCHANGE}",
                "SystemCreationClassName": "Msvm_ComputerSystem",
                "SystemName": str(vm.id).upper(),
            }
        )
    return rows


def _computer_systems(scope: Scope) -> list[Row]:
    if scope.host is None or not scope.administrator:
        return []
    host = scope.windows.computer_name.upper()
    rows: list[Row] = [{"Caption": "Hosting Computer System", "ElementName": host, "Name": host, "EnabledState": 2}]
    return rows + [
        {
            "Caption": "Virtual Machine",
            "ElementName": vm.name,
            "Name": str(vm.id).upper(),
            "EnabledState": int(vm.state),
        }
        for vm in scope.host.vms
    ]


_CLASSES: dict[tuple[str, str], tuple[str, Callable[[Scope], list[Row]]]] = {
    (namespace, name.casefold()): (name, rows)
    for namespace, name, rows in (
        (CIMV2, "Win32_OperatingSystem", _operating_system),
        (CIMV2, "Win32_ComputerSystem", _computer_system),
        (CIMV2, "SoftwareLicensingProduct", _products),
        (CIMV2, "SoftwareLicensingService", _service),
        (VIRTUALIZATION, "Msvm_KvpExchangeComponent", _kvp_components),
        (VIRTUALIZATION, "Msvm_ComputerSystem", _computer_systems),
    )
}


def known_class(scope: Scope, namespace: str, name: str) -> str | None:
    """The class's name as Windows spells it, or None where the namespace or the class is absent."""
    if namespace == VIRTUALIZATION and (scope.host is None or not scope.host.hyperv):
        return None
    found = _CLASSES.get((namespace, name.casefold()))
    return found[0] if found else None


def class_rows(scope: Scope, namespace: str, name: str) -> list[Row]:
    """All instances of a known class."""
    return _CLASSES[(namespace, name.casefold())][1](scope)
