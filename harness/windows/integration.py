"""Integration services: read and switched by component GUID, since every name of theirs is localised."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from harness.core.errors import HarnessError
from harness.core.model import IntegrationService
from harness.remoting import PowerShellSession, Statement, cmd
from harness.windows._refusal import refuse_errors
from harness.windows._values import Row, guid_in
from harness.windows.answers import ask
from harness.windows.question import QUALIFIED, Question

__all__ = [
    "SERVICES",
    "read_guest_service",
    "read_service",
    "read_services",
    "service_of",
    "services_by_vm",
    "set_service",
]

_PROPERTIES = ("Id", "VMId", "Name", "Enabled", "OperationalStatus", "PrimaryStatusDescription")

SERVICES = Question(
    "services",
    (cmd("Get-VM"), cmd("Get-VMIntegrationService")),
    _PROPERTIES,
    several=True,
    subject="hyperv",
)
"""All services of all VMs: piped from Get-VM, since Get-VMIntegrationService takes names, which need not be unique."""

_STATUS = {
    "ok": 2,
    "degraded": 3,
    "error": 6,
    "nonrecoverableerror": 7,
    "nocontact": 12,
    "lostcommunication": 13,
    "protocolmismatch": 32775,
    "applicationcritical": 32782,
    "communicationtimedout": 32783,
    "communicationfailed": 32784,
    "disabled": 32896,
}
"""Microsoft.HyperV.PowerShell.VMIntegrationComponentOperationalStatus by name, for answers that carry names."""


def service_of(row: Row) -> IntegrationService | None:
    """One service; None unless its Id ends in a component GUID, after the VM's GUID and a backslash."""
    owner, _, end = (row.text("Id") or "").rpartition("\\")
    component, enabled = guid_in(end), row.flag("Enabled")
    if not owner or component is None or enabled is None:
        return None
    return IntegrationService(
        component=component.upper(),
        name=row.text("Name") or "",
        enabled=enabled,
        status=_status(row),
        status_text=row.text("PrimaryStatusDescription"),
    )


def _status(row: Row) -> int | None:
    first = Row({"first": next(iter(row.items("OperationalStatus")), None)})
    number = first.number("first")
    return number if number is not None else _STATUS.get((first.text("first") or "").casefold())


def services_by_vm(rows: Sequence[Row]) -> Mapping[str, tuple[IntegrationService, ...]]:
    """The services of each VM, by VM id in lower case."""
    found: defaultdict[str, list[IntegrationService]] = defaultdict(list)
    for row in rows:
        service, vm_id = service_of(row), _vm_id(row)
        if service and vm_id:
            found[vm_id].append(service)
    return {vm_id: tuple(services) for vm_id, services in found.items()}


def _vm_id(row: Row) -> str | None:
    """The VM's id from the Id, whose last GUID is the component, or from VMId, which older modules lack."""
    owner = (row.text("Id") or "").rpartition("\\")[0]
    return guid_in(owner) or row.guid("VMId")


def read_services(session: PowerShellSession, vm_id: str, *, seconds: float) -> tuple[IntegrationService, ...]:
    """The services of one VM. Retry class: read.

    Raises:
        RemoteError: the host does not know the VM (it may have moved), or refuses to tell.
        TransportError: by phase.
    """
    question = Question(
        "services", (cmd("Get-VM", Id=UUID(vm_id)), cmd("Get-VMIntegrationService")), _PROPERTIES, several=True
    )
    answers = ask(session, [question], QUALIFIED, seconds=seconds)
    rows = answers.rows["services"]
    refuse_errors(answers.errors["services"], target=session.target, step="read_services", answered=bool(rows))
    return tuple(service for row in rows if (service := service_of(row)))


def read_service(
    session: PowerShellSession, vm_id: str, component: str, *, seconds: float
) -> IntegrationService | None:
    """One service of one VM by component GUID, or None where the VM has no such service. Retry class: read.

    Raises:
        RemoteError, TransportError: as read_services.
    """
    services = read_services(session, vm_id, seconds=seconds)
    return next((s for s in services if s.component == component.upper()), None)


def set_service(session: PowerShellSession, vm_id: str, component: str, *, enabled: bool, seconds: float) -> None:
    """Enable or disable one service of one VM. Retry class: idempotent; read back with read_service.

    The service is picked inside the pipeline by the end of its Id, so no localised name and no VM name takes part.
    Needs no restart of the VM (Microsoft Learn, automatic-vm-activation).

    Args:
        vm_id: the VM's GUID.
        component: the component's GUID, such as harness.core.model.DATA_EXCHANGE.
        seconds: deadline.

    Raises:
        HarnessError: ``component`` is no GUID; nothing was sent.
        RemoteError: the host does not know the VM, or refuses.
        TransportError: by phase.
    """
    if guid_in(component) != component.casefold():
        raise HarnessError("An integration service is named by its GUID.", code="component_not_a_guid", step=component)
    statement = Statement(
        (
            cmd("Get-VM", Id=UUID(vm_id)),
            cmd("Get-VMIntegrationService"),
            cmd("Where-Object", Property="Id", Like=True, Value=f"*\\{component.upper()}"),
            cmd("Enable-VMIntegrationService" if enabled else "Disable-VMIntegrationService"),
        )
    )
    result = session.run([statement], seconds=seconds)
    refuse_errors(result.errors, target=session.target, step="set_service")


def read_guest_service(session: PowerShellSession, name: str, *, seconds: float) -> tuple[str, str | None] | None:
    """The state of a service inside a guest, and how it starts. Retry class: read.

    Args:
        session: with the guest itself.
        name: the service's own name, as "vmickvpexchange".
        seconds: deadline.

    Returns:
        state and start type in Windows' own words, the latter None before Windows Server 2016; None where the guest has
        no such service.

    Raises:
        TransportError: by phase.
    """
    question = Question("service", (cmd("Get-Service", Name=name),), ("Status", "StartType"), numeric=False)
    row = ask(session, [question], seconds=seconds).first("service")
    state = row.text("Status") if row is not None else None
    return (state, row.text("StartType")) if row is not None and state is not None else None
