"""The Hyper-V role and its virtual machines, by id: names need not be unique and are never compared."""

from collections.abc import Mapping, Sequence

from harness.core.model import IntegrationService, VirtualMachine, VmState
from harness.remoting import cmd
from harness.windows._values import Row
from harness.windows.question import Question

__all__ = ["HOST_ROLE", "MACHINES", "virtual_machines", "vm_state"]

HOST_ROLE = Question(
    "hyperv",
    (cmd("Get-VMHost"),),
    ("ComputerName", "FullyQualifiedDomainName"),
    expected=True,
    subject="hyperv",
)
"""Get-VMHost answers only to a Hyper-V administrator, so its answer proves that an empty Get-VM means "none"."""

MACHINES = Question(
    "vms",
    (cmd("Get-VM"),),
    ("Id", "Name", "State", "Generation", "Version", "IsClustered", "Heartbeat"),
    several=True,
    subject="hyperv",
)

_NUMBERS = {
    2: VmState.RUNNING,
    3: VmState.OFF,
    4: VmState.TRANSITIONAL,
    6: VmState.SAVED,
    9: VmState.PAUSED,
    10: VmState.TRANSITIONAL,
    11: VmState.TRANSITIONAL,
    32773: VmState.TRANSITIONAL,
    32776: VmState.TRANSITIONAL,
    32777: VmState.TRANSITIONAL,
    32779: VmState.SAVED,
    32780: VmState.TRANSITIONAL,
    32781: VmState.TRANSITIONAL,
    32782: VmState.TRANSITIONAL,
}
"""Microsoft.HyperV.PowerShell.VMState. Numbers from 32783 on mean other things on other releases: unknown."""
_NAMES = {
    "running": VmState.RUNNING,
    "off": VmState.OFF,
    "saved": VmState.SAVED,
    "fastsaved": VmState.SAVED,
    "paused": VmState.PAUSED,
} | dict.fromkeys(
    ("stopping", "starting", "reset", "saving", "pausing", "resuming", "fastsaving", "forceshutdown", "forcereboot"),
    VmState.TRANSITIONAL,
)
_HEARTBEATS = (
    "unknown",
    "disabled",
    "nocontact",
    "error",
    "lostcommunication",
    "okapplicationsunknown",
    "okapplicationshealthy",
    "okapplicationscritical",
    "paused",
)
"""Microsoft.HyperV.PowerShell.VMHeartbeatStatus, numbered from 0."""


def vm_state(row: Row) -> VmState:
    """The state of one VM, from the enum's number or its name, which is English everywhere."""
    number = row.number("State")
    if number is not None:
        return _NUMBERS.get(number, VmState.UNKNOWN)
    return _NAMES.get((row.text("State") or "").casefold(), VmState.UNKNOWN)


def virtual_machines(
    rows: Sequence[Row],
    host: str,
    services: Mapping[str, tuple[IntegrationService, ...]],
    kvp: Mapping[str, Mapping[str, str]],
) -> tuple[VirtualMachine, ...]:
    """The VMs of one host in its own order, each with its services and items, joined by VM id (lower case).

    Args:
        rows: answers to MACHINES; a row without an id is left out, since nothing can be done to it.
        host: the inventory's name of the host.
        services: as integration.services_by_vm returns them.
        kvp: as kvp.items_by_vm returns them.
    """
    found = []
    for row in rows:
        vm_id = row.guid("Id")
        if vm_id is None:
            continue
        found.append(
            VirtualMachine(
                vm_id=vm_id,
                name=row.text("Name") or "",
                state=vm_state(row),
                host=host,
                generation=row.number("Generation"),
                version=row.text("Version"),
                clustered=row.flag("IsClustered"),
                heartbeat=_heartbeat(row),
                services=services.get(vm_id, ()),
                kvp=kvp.get(vm_id, {}),
            )
        )
    return tuple(found)


def _heartbeat(row: Row) -> int | None:
    name = (row.text("Heartbeat") or "").casefold()
    return _HEARTBEATS.index(name) if name in _HEARTBEATS else row.number("Heartbeat")
