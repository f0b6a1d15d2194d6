"""Hosts and clusters."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from harness.sim.world._installation import Installation
from harness.sim.world._virtual import VirtualMachine

__all__ = ["Cluster", "Host", "HostKeyApplication", "NodeState", "Subscription"]


class NodeState(IntEnum):
    """Microsoft.FailoverClusters.PowerShell.ClusterNodeState."""

    Up = 0
    Down = 1
    Paused = 2
    Joining = 3


@dataclass(frozen=True, slots=True)
class HostKeyApplication:
    """One Set-VMAutomaticActivation that reached a host. ``hresult`` 0 when the key was accepted."""

    key: str
    time: datetime
    kind: str
    version: str
    hresult: int

    @property
    def accepted(self) -> bool:
        return self.hresult == 0


@dataclass(slots=True)
class Subscription:
    """Windows Server subscription of an Azure host: it counts from ``effective`` on, when Azure was asked."""

    enabled: bool = False
    effective: datetime | None = None


@dataclass(slots=True, eq=False)
class Host:
    """A Hyper-V host.

    ``avma_module`` is the version of ServerAVMAManager, None where the module is absent (every Windows Server,
    unpatched Azure nodes). ``last_sync`` is when an Azure node that lost its connection last spoke to Azure;
    one that is not ``registered`` yet activates nobody.
    """

    windows: Installation
    hyperv: bool = True
    vms: list[VirtualMachine] = field(default_factory=list)
    keys_applied: list[HostKeyApplication] = field(default_factory=list)
    subscription: Subscription = field(default_factory=Subscription)
    avma_module: str | None = None
    az_module: bool = False
    cluster: "Cluster | None" = None
    node_state: NodeState = NodeState.Up
    drained: bool = False
    last_sync: datetime | None = None
    registered: bool = True
    address: str = ""
    accepts_direct: bool = True

    @property
    def name(self) -> str:
        return self.windows.computer_name

    @property
    def is_azure(self) -> bool:
        return self.windows.os.family == "azure"

    @property
    def flavour(self) -> str:
        """In the words of the control interface: server_datacenter, server_other, azure_stack_hci or azure_local."""
        if self.is_azure:
            return "azure_local" if self.windows.os.release in {"23H2", "24H2"} else "azure_stack_hci"
        if self.windows.os.family == "server" and self.windows.os.edition == "Datacenter":
            return "server_datacenter"
        return "server_other"

    @property
    def key_in_force(self) -> HostKeyApplication | None:
        """The last key that worked: a refused one leaves it untouched."""
        return next((key for key in reversed(self.keys_applied) if key.accepted), None)

    def vm(self, vm_id: object) -> VirtualMachine | None:
        return next((vm for vm in self.vms if vm.id == vm_id), None)


@dataclass(slots=True, eq=False)
class Cluster:
    """A failover cluster; ``functional_level`` 9 = 2016, 10 = 2019, 11 = 2022, 12 = 2025."""

    name: str
    nodes: list[Host] = field(default_factory=list)
    functional_level: int = 11

    def node(self, name: str) -> Host | None:
        return next((node for node in self.nodes if node.name.casefold() == name.casefold()), None)
