"""What a host or a guest is: operating system, virtual machines, integration services, events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from harness.core.model.licence import LicenceRecord

__all__ = [
    "DATA_EXCHANGE",
    "ActivationEvent",
    "ClusterNode",
    "ClusterView",
    "Flavour",
    "GuestAccess",
    "GuestFacts",
    "HostActivation",
    "HostFacts",
    "IntegrationService",
    "ModuleInfo",
    "OperatingSystem",
    "PartState",
    "ServerSubscription",
    "VirtualMachine",
    "VmState",
]

DATA_EXCHANGE = "2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
"""Component GUID of Data Exchange (Key-Value Pair Exchange): the only name it has in every language."""


class Flavour(StrEnum):
    """What kind of virtualization host this is, as probed, never as named."""

    SERVER_DATACENTER = "server_datacenter"
    SERVER_OTHER = "server_other"
    """A Windows Server edition that cannot be an AVMA parent (Standard, Essentials, Hyper-V Server)."""
    AZURE_STACK_HCI = "azure_stack_hci"
    AZURE_LOCAL = "azure_local"
    OTHER = "other"
    UNKNOWN = "unknown"


class VmState(StrEnum):
    """Hyper-V's VMState as far as the harness acts on it."""

    RUNNING = "running"
    OFF = "off"
    PAUSED = "paused"
    SAVED = "saved"
    TRANSITIONAL = "transitional"
    UNKNOWN = "unknown"


class GuestAccess(StrEnum):
    """How the harness reaches into a guest."""

    WINRM = "winrm"
    DIRECT = "direct"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PartState:
    """How reading one part of the facts went. ``ok`` False: the part is unknown, for ``code``; an empty part is ok."""

    ok: bool
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """Win32_OperatingSystem: ``version`` "10.0.20348"; ``product_type`` 1 client, 2 domain controller, 3 server."""

    caption: str | None = None
    version: str | None = None
    build: int | None = None
    sku: int | None = None
    product_type: int | None = None
    computer_name: str | None = None
    release: str | None = None
    """The catalogue's release of that build: "2012 R2" ... "2025", "1909"; for Azure nodes "22H2", "23H2"."""
    edition: str | None = None
    """The catalogue's edition of that SKU: Datacenter, Standard, Essentials, "Datacenter: Azure Edition"."""
    evaluation: bool = False
    clock: datetime | None = None
    """The machine's own UTC time when it was asked."""


@dataclass(frozen=True, slots=True)
class IntegrationService:
    """One integration service of a VM: ``component`` the upper-case GUID, ``status`` the first OperationalStatus."""

    component: str
    name: str
    enabled: bool
    status: int | None = None
    status_text: str | None = None


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A VM as its host sees it. ``vm_id`` is the lower-case GUID: names need not be unique."""

    vm_id: str
    name: str
    state: VmState
    host: str
    generation: int | None = None
    version: str | None = None
    clustered: bool | None = None
    heartbeat: int | None = None
    services: tuple[IntegrationService, ...] = ()
    kvp: Mapping[str, str] = field(default_factory=dict)
    """Intrinsic KVP items by name: hearsay that the guest's administrator can rewrite."""

    def service(self, component: str) -> IntegrationService | None:
        """The integration service with that component GUID."""
        return next((s for s in self.services if s.component == component.upper()), None)


@dataclass(frozen=True, slots=True)
class ActivationEvent:
    """Event 12309 (guest) or 12310 (host) of the SPP provider; ``payload`` is %2, whose layout is unrecorded."""

    event_id: int
    record_id: int | None
    time: datetime | None
    computer: str | None
    hresult: int | None
    payload: str
    guids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """An installed PowerShell module; ``version`` as a tuple, since 1.10 is newer than 1.9."""

    name: str
    version: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node of a failover cluster; ``state`` up, down, paused, joining or unknown."""

    name: str
    state: str
    build: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster as one node sees it; ``owners`` maps VM id (or, lacking one, group name) to the owner node's name."""

    name: str
    functional_level: int | None
    nodes: tuple[ClusterNode, ...]
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostActivation:
    """What Get-VMAutomaticActivation said, whatever its shape: its output properties are unrecorded.

    ``configured`` is True or False only where the answer leaves no doubt, else None; ``last5`` the tail of the key in
    force where one could be read; ``raw`` the whole answer as JSON-ready values, kept as evidence.
    """

    configured: bool | None
    last5: str | None
    version: str | None
    raw: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ServerSubscription:
    """Windows Server subscription of an Azure Stack HCI or Azure Local node, as the node itself reports it.

    ``active`` is None where the answer does not tell (the numbers of the state are unrecorded); ``status`` is shown.
    ``registered`` and ``connected`` come from Get-AzureStackHCI.
    """

    active: bool | None
    status: str | None = None
    registered: bool | None = None
    connected: bool | None = None
    last_connected: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Everything one round trip learns of a host. ``parts`` tells for each part whether its silence means "none"."""

    name: str
    os: OperatingSystem
    flavour: Flavour
    hyperv: bool | None
    licences: tuple[LicenceRecord, ...]
    vms: tuple[VirtualMachine, ...]
    events: tuple[ActivationEvent, ...]
    modules: tuple[ModuleInfo, ...]
    cluster: ClusterView | None
    activation: HostActivation | None
    parts: Mapping[str, PartState]
    gathered_at: datetime
    subscription: ServerSubscription | None = None


@dataclass(frozen=True, slots=True)
class GuestFacts:
    """What a guest says of itself through ``access``; ``reported_vm_id`` is the id Hyper-V wrote into its registry."""

    vm_id: str
    access: GuestAccess
    reachable: bool
    os: OperatingSystem | None
    licences: tuple[LicenceRecord, ...]
    dlv: str | None
    events: tuple[ActivationEvent, ...]
    reported_vm_id: str | None
    parts: Mapping[str, PartState]
    gathered_at: datetime
    script_engine: bool | None = None
    """False where VBScript is gone, so that slmgr.vbs cannot run; None when it was not tried."""
    host_values: tuple[str, ...] = ()
    """Names of the values in its registry that name a host, as Data Exchange wrote them."""
