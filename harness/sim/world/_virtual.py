"""Virtual machines: state, integration services, key-value pairs."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

from harness.sim.world._installation import Installation

if TYPE_CHECKING:
    from harness.sim.world._fabric import Host

__all__ = [
    "COMPONENTS",
    "DATA_EXCHANGE",
    "HEARTBEAT",
    "IntegrationService",
    "LinuxSystem",
    "ServiceStatus",
    "VirtualMachine",
    "VmState",
]

DATA_EXCHANGE = "2A34B1C2-FD73-4043-8A5B-DD2159BC743F"
HEARTBEAT = "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"
COMPONENTS = {
    "6C09BB55-D683-4DA0-8931-C9BF705F6480": "guest_service_interface",
    HEARTBEAT: "heartbeat",
    DATA_EXCHANGE: "data_exchange",
    "9F8233AC-BE49-4C79-8EE3-E7E1985B2077": "shutdown",
    "2497F4DE-E9FA-4204-80E4-4B75C46419C0": "time_synchronization",
    "5CED1297-4598-4915-A5FC-AD21BB4D02A4": "vss",
}
"""Component GUIDs in the order in which Get-VMIntegrationService prints them."""


class VmState(IntEnum):
    """Microsoft.HyperV.PowerShell.VMState, as far as the lab enters it."""

    Running = 2
    Off = 3
    Saved = 6
    Paused = 9
    Starting = 10


class ServiceStatus(IntEnum):
    """VMIntegrationComponentOperationalStatus."""

    Ok = 2
    Degraded = 3
    Error = 6
    NonRecoverableError = 7
    NoContact = 12
    LostCommunication = 13
    ProtocolMismatch = 32775


@dataclass(slots=True, eq=False)
class IntegrationService:
    """One service of one VM: ``enabled`` is the host's side, ``answering`` the guest's."""

    component: str
    enabled: bool = True
    answering: bool = True
    outdated: bool = False

    def status(self, *, running: bool) -> ServiceStatus:
        """What the host shows: a disabled service reads Ok, an enabled one without an answer NoContact."""
        if not self.enabled:
            return ServiceStatus.Ok
        return ServiceStatus.Ok if running and self.answering else ServiceStatus.NoContact

    def works(self, *, running: bool) -> bool:
        return self.enabled and running and self.answering


@dataclass(slots=True, eq=False)
class LinuxSystem:
    """A guest that is no Windows."""

    computer_name: str
    distribution: str = "Debian GNU/Linux"
    distribution_version: str = "12"
    kernel: str = "6.1.0-28-amd64"


@dataclass(slots=True, eq=False)
class VirtualMachine:
    """A virtual machine. ``id`` is unique, ``name`` need not be; ``system`` None: nothing is installed."""

    id: UUID
    name: str
    host: "Host"
    system: Installation | LinuxSystem | None
    generation: int = 2
    state: VmState = VmState.Running
    version: str = "9.0"
    clustered: bool = False
    address: str = ""
    access: str = "winrm"
    """How its administrators reach it: winrm, direct or none."""
    custom_items: dict[str, str] = field(default_factory=dict)
    registry_removed: set[str] = field(default_factory=set)
    """Names under Guest\\Parameters that were deleted in the guest since the host last wrote them."""
    services: dict[str, IntegrationService] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.services:
            self.services = {component: IntegrationService(component) for component in COMPONENTS}
            self.services["6C09BB55-D683-4DA0-8931-C9BF705F6480"].enabled = False

    @property
    def running(self) -> bool:
        return self.state is VmState.Running

    @property
    def windows(self) -> Installation | None:
        """The guest's Windows, if it is one."""
        return self.system if isinstance(self.system, Installation) else None

    def service(self, component: str) -> IntegrationService:
        return self.services[component.upper()]

    @property
    def exchanges_data(self) -> bool:
        """Whether Data Exchange is enabled and the guest's side answers."""
        return self.service(DATA_EXCHANGE).works(running=self.running)
