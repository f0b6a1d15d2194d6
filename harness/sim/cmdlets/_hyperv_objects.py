"""The objects of the Hyper-V module: type chains and properties as Windows Server 2016 to 2025 show them.

Names: Microsoft Learn Get-VM, Get-VMIntegrationService; enum numbers from two public code sources. Names and status
texts follow the host's language, as the cmdlets' do.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import cast

from harness.core.catalogue import component_names
from harness.sim.objects import Enum, Int64, Obj
from harness.sim.world import HEARTBEAT, Host, IntegrationService, ServiceStatus, VirtualMachine

__all__ = ["VM_TYPES", "integration_service", "service_name", "virtual_machine", "vm_host"]

_BASE = ("Microsoft.HyperV.PowerShell.VirtualizationObject", "System.Object")
VM_TYPES = (
    "Microsoft.HyperV.PowerShell.VirtualMachine",
    "Microsoft.HyperV.PowerShell.VirtualMachineBase",
    *_BASE,
)
_HOST_TYPES = ("Microsoft.HyperV.PowerShell.VMHost", *_BASE)
_SERVICE_BASE = ("Microsoft.HyperV.PowerShell.VMIntegrationComponent", "Microsoft.HyperV.PowerShell.VMDevice", *_BASE)
_SERVICE_TYPES = {
    "2A34B1C2-FD73-4043-8A5B-DD2159BC743F": "Microsoft.HyperV.PowerShell.DataExchangeComponent",
    "6C09BB55-D683-4DA0-8931-C9BF705F6480": "Microsoft.HyperV.PowerShell.GuestServiceInterfaceComponent",
    "9F8233AC-BE49-4C79-8EE3-E7E1985B2077": "Microsoft.HyperV.PowerShell.ShutdownComponent",
}
_STATUS_TYPE = "Microsoft.HyperV.PowerShell.VMIntegrationComponentOperationalStatus"


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    path = files("harness.sim") / "data" / "hyperv.toml"
    return cast("Mapping[str, Mapping[str, Mapping[str, str]]]", tomllib.loads(path.read_text(encoding="utf-8")))


@cache
def service_name(component: str, language: str) -> str:
    """What Get-VMIntegrationService calls a component on a host of that language."""
    names = component_names(component)
    return names.get(language) or _texts()["services"].get(component, {}).get(language) or names["en"]


@cache
def _status_text(status: str, language: str) -> str:
    return _texts()["status"][status].get(language) or _texts()["status"][status]["en"]


def virtual_machine(vm: VirtualMachine, now: datetime) -> Obj:
    """A VM as Get-VM puts it out."""
    host, windows = vm.host, vm.windows
    uptime = now - windows.booted if vm.running and windows else now - now
    heartbeat = vm.service(HEARTBEAT).status(running=vm.running)
    beat = ("OkApplicationsUnknown", 6) if heartbeat is ServiceStatus.Ok and vm.running else ("NoContact", 12)
    return Obj(
        VM_TYPES,
        {
            "VMName": vm.name,
            "VMId": vm.id,
            "Id": vm.id,
            "Name": vm.name,
            "State": Enum("Microsoft.HyperV.PowerShell.VMState", vm.state.name, int(vm.state)),
            "Generation": vm.generation,
            "Version": vm.version,
            "ComputerName": host.name,
            "IsClustered": vm.clustered,
            "Status": _status_text("Operating", host.windows.language_tag),
            "Heartbeat": Enum("Microsoft.HyperV.PowerShell.VMHeartbeatStatus", *beat),
            "IntegrationServicesState": "",
            "IntegrationServicesVersion": windows.os.full_version if windows and vm.running else None,
            "Uptime": uptime,
            "CPUUsage": 0,
            "ProcessorCount": 2,
            "MemoryAssigned": Int64(4 * 2**30 if vm.running else 0),
            "MemoryStartup": Int64(4 * 2**30),
            "CreationTime": host.windows.booted,
            "Path": rf"C:\ClusterStorage\{vm.name}" if vm.clustered else rf"D:\VMs\{vm.name}",
            "Notes": "",
            "AutomaticStartAction": Enum("Microsoft.HyperV.PowerShell.StartAction", "StartIfRunning", 3),
            "OperationalStatus": [Enum("Microsoft.HyperV.PowerShell.VMOperationalStatus", "Ok", 2)],
            "ReplicationState": Enum("Microsoft.HyperV.PowerShell.VMReplicationState", "Disabled", 0),
            "IsDeleted": False,
        },
        text=f"VirtualMachine (Name = '{vm.name}') [Id = '{vm.id}']",
    )


def integration_service(vm: VirtualMachine, service: IntegrationService, *, capitals: bool) -> Obj:
    """One integration service of a VM; ``Id``, in ``capitals`` or not, ends in the component's GUID."""
    ids = rf"{vm.id}\{service.component}"
    language = vm.host.windows.language_tag
    status = service.status(running=vm.running)
    enum = Enum(_STATUS_TYPE, status.name, int(status))
    text = _status_text(status.name, language)
    secondary = _status_text("ProtocolMismatch", language) if service.outdated and vm.running else ""
    own = _SERVICE_TYPES.get(service.component)
    return Obj(
        (own, *_SERVICE_BASE) if own else _SERVICE_BASE,
        {
            "Enabled": service.enabled,
            "OperationalStatus": [enum, Enum(_STATUS_TYPE, "ProtocolMismatch", 32775)] if secondary else [enum],
            "PrimaryOperationalStatus": enum,
            "PrimaryStatusDescription": text,
            "SecondaryOperationalStatus": Enum(_STATUS_TYPE, "ProtocolMismatch", 32775) if secondary else None,
            "SecondaryStatusDescription": secondary,
            "StatusDescription": [text, secondary] if secondary else [text],
            "Name": service_name(service.component, language),
            "Id": f"Microsoft:{ids.upper() if capitals else ids.lower()}",
            "VMId": vm.id,
            "VMName": vm.name,
            "VMSnapshotId": None,
            "ComputerName": vm.host.name,
            "IsDeleted": False,
        },
        text="Microsoft.HyperV.PowerShell.VMIntegrationComponent",
    )


def vm_host(host: Host) -> Obj:
    """A host as Get-VMHost puts it out."""
    windows = host.windows
    return Obj(
        _HOST_TYPES,
        {
            "ComputerName": windows.computer_name,
            "Name": windows.computer_name,
            "FullyQualifiedDomainName": windows.fqdn,
            "LogicalProcessorCount": 32,
            "MemoryCapacity": Int64(512 * 2**30),
            "VirtualHardDiskPath": r"D:\VHD",
            "VirtualMachinePath": r"D:\VMs",
            "VirtualMachineMigrationEnabled": host.cluster is not None,
            "EnableEnhancedSessionMode": False,
            "NumaSpanningEnabled": True,
            "IsDeleted": False,
        },
        text=f"VMHost (Name = '{windows.computer_name}')",
    )
