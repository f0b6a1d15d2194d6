"""Key-value pairs: what a guest tells its host, and what the host writes into the guest's registry."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from harness.sim.world._systems import OperatingSystem
from harness.sim.world._virtual import DATA_EXCHANGE, LinuxSystem, VirtualMachine

__all__ = ["guest_parameters", "intrinsic_items", "item_xml"]


def intrinsic_items(vm: VirtualMachine, variants: Mapping[str, str]) -> dict[str, str]:
    """GuestIntrinsicExchangeItems as the host holds them, empty where nothing was exchanged."""
    if not vm.exchanges_data:
        kept = vm.running and vm.service(DATA_EXCHANGE).answering and variants["kvp_when_disabled"] == "stale"
        if not kept:
            return {}
    if vm.windows is not None:
        return _windows_items(vm, vm.windows.fqdn, vm.windows.os)
    return _linux_items(vm, vm.system) if isinstance(vm.system, LinuxSystem) else {}


def _windows_items(vm: VirtualMachine, fqdn: str, system: OperatingSystem) -> dict[str, str]:
    major, minor, build = system.version.split(".")
    return {
        "FullyQualifiedDomainName": fqdn,
        "OSName": system.caption.removeprefix("Microsoft "),
        "OSVersion": system.version,
        "CSDVersion": "",
        "OSMajorVersion": major,
        "OSMinorVersion": minor,
        "OSBuildNumber": build,
        "OSPlatformId": "2",
        "ServicePackMajor": "0",
        "ServicePackMinor": "0",
        "SuiteMask": "400" if "Datacenter" in system.edition else "272",
        "ProductType": str(system.product_type),
        "ProcessorArchitecture": "9",
        "OSEditionId": str(system.sku),
        "NetworkAddressIPv4": vm.address,
        "NetworkAddressIPv6": "",
        "RDPAddressIPv4": vm.address,
        "RDPAddressIPv6": "",
        "IntegrationServicesVersion": f"{system.full_version}",
    } | vm.custom_items


def _linux_items(vm: VirtualMachine, system: LinuxSystem) -> dict[str, str]:
    return {
        "FullyQualifiedDomainName": system.computer_name,
        "OSName": system.distribution,
        "OSVersion": system.kernel,
        "OSMajorVersion": system.distribution_version,
        "OSBuildNumber": system.kernel,
        "OSDistributionName": system.distribution,
        "OSKernelVersion": system.kernel,
        "ProcessorArchitecture": "x86_64",
        "NetworkAddressIPv4": vm.address,
        "NetworkAddressIPv6": "",
        "IntegrationServicesVersion": "3.1",
    } | vm.custom_items


def item_xml(name: str, data: str) -> str:
    """One item in the CIM-XML form of Msvm_KvpExchangeDataItem (Microsoft's hyperv_v2 sample)."""
    value = f"<VALUE>{escape(data[:1024])}</VALUE>" if data else ""
    return (
        '<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem">'
        '<PROPERTY NAME="Caption" PROPAGATED="true" TYPE="string"></PROPERTY>'
        f'<PROPERTY NAME="Data" TYPE="string">{value}</PROPERTY>'
        '<PROPERTY NAME="Description" PROPAGATED="true" TYPE="string"></PROPERTY>'
        '<PROPERTY NAME="ElementName" PROPAGATED="true" TYPE="string"></PROPERTY>'
        f'<PROPERTY NAME="Name" TYPE="string"><VALUE>{escape(name)}</VALUE></PROPERTY>'
        '<PROPERTY NAME="Source" TYPE="uint16"><VALUE>2</VALUE></PROPERTY></INSTANCE>'
    )


def guest_parameters(vm: VirtualMachine) -> dict[str, str]:
    """The values under Guest/Parameters in the guest's registry: its quickest answer to "which host am I on"."""
    if not vm.exchanges_data and not vm.service(DATA_EXCHANGE).answering:
        return {}
    host = vm.host.windows
    values = {
        "HostName": host.fqdn,
        "HostingSystemEditionId": str(host.os.sku),
        "HostingSystemNestedLevel": "0",
        "HostingSystemOsMajor": host.os.version.split(".")[0],
        "HostingSystemOsMinor": host.os.version.split(".")[1],
        "PhysicalHostName": host.computer_name.upper(),
        "PhysicalHostNameFullyQualified": host.fqdn,
        "VirtualMachineDynamicMemoryBalancingEnabled": "0",
        "VirtualMachineId": str(vm.id).upper(),
        "VirtualMachineName": vm.name,
    }
    return {name: value for name, value in values.items() if name not in vm.registry_removed}
