"""Get-VM, Get-VMHost, Get-, Enable- and Disable-VMIntegrationService."""

import fnmatch
from collections.abc import Iterable, Iterator
from uuid import UUID

from harness.sim.cmdlets._convert import as_list
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._hyperv_objects import integration_service, service_name, virtual_machine, vm_host
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._values import prop
from harness.sim.objects import ErrorRecord, Obj
from harness.sim.world import IntegrationService, VirtualMachine, VmState

__all__ = ["COMMANDS", "find_vms"]

_CLASS = "Microsoft.HyperV.PowerShell.Commands."
_NAME = P("Name", "string[]", 0, ("VMName",))


def _invalid(call: Call, message: str, target: object = None) -> ErrorRecord:
    return record(
        message,
        f"InvalidParameter,{call.command.class_name}",
        Category.INVALID_ARGUMENT,
        reason="VirtualizationException",
        target=target,
        activity=call.command.name,
    )


def _denied(call: Call) -> ErrorRecord:
    text = (
        "You do not have the required permission to complete this task. Contact the administrator of the authorization "
        f"policy for the computer '{call.scope.windows.computer_name}'."
    )
    return record(
        text,
        f"AccessDenied,{call.command.class_name}",
        Category.PERMISSION_DENIED,
        reason="VirtualizationException",
        activity=call.command.name,
    )


def _visible(call: Call) -> list[VirtualMachine]:
    """The host's VMs as this user sees them: who is no Hyper-V administrator sees none."""
    host = call.scope.host
    if host is None:
        return []
    if call.scope.administrator:
        return host.vms
    if call.scope.world.variants["hyperv_without_rights"] == "error":
        call.error(_denied(call))
    return []


def find_vms(call: Call, names: Iterable[str]) -> Iterator[VirtualMachine]:
    """VMs by name or wildcard, an error for each plain name that none has."""
    vms = _visible(call)
    for name in names:
        wanted = name.casefold()
        found = [vm for vm in vms if fnmatch.fnmatchcase(vm.name.casefold(), wanted)]
        if not found and not set(name) & set("*?["):
            call.error(_invalid(call, f'Hyper-V was unable to find a virtual machine with name "{name}".', name))
        yield from found


@cmdlet(
    "Get-VM",
    _NAME,
    P("Id", "guid[]", aliases=("VMId",)),
    P("ComputerName", "string[]"),
    P("ClusterObject", "object"),
    module="Hyper-V",
    class_name=_CLASS + "GetVM",
    exclusive=(("Name", "Id"),),
)
def get_vm(call: Call) -> Iterable[object]:
    now = call.scope.world.clock.now()
    if call.has("Name"):
        return [virtual_machine(vm, now) for vm in find_vms(call, call.texts("Name"))]
    if not call.has("Id"):
        return [virtual_machine(vm, now) for vm in _visible(call)]
    by_id = {vm.id: vm for vm in _visible(call)}
    found = []
    for wanted in as_list(call.get("Id")):
        vm = by_id.get(wanted) if isinstance(wanted, UUID) else None
        if vm is None:
            call.error(_invalid(call, f"Hyper-V was unable to find a virtual machine with Id '{wanted}'.", wanted))
        else:
            found.append(virtual_machine(vm, now))
    return found


@cmdlet("Get-VMHost", P("ComputerName", "string[]", 0), module="Hyper-V", class_name=_CLASS + "GetVMHost")
def get_vm_host(call: Call) -> Iterable[object]:
    if call.scope.host is None:
        return []
    if not call.scope.administrator:
        call.error(_denied(call))
        return []
    return [vm_host(call.scope.host)]


def _input_vms(call: Call) -> Iterator[VirtualMachine]:
    """VMs from -VMName, -VM or the pipeline."""
    by_id = {vm.id: vm for vm in _visible(call)}
    if call.has("VMName"):
        yield from find_vms(call, call.texts("VMName"))
    objects = as_list(call.get("VM")) if call.has("VM") else (call.input or [])
    for item in objects:
        vm_id = prop(item, "Id")
        vm = by_id.get(vm_id) if isinstance(vm_id, UUID) else None
        if vm is None:
            call.error(
                record(
                    "The input object cannot be bound to any parameters for the command either because the command "
                    "does not take pipeline input or the input and its properties do not match any of the "
                    "parameters that take pipeline input.",
                    f"InputObjectNotBound,{call.command.class_name}",
                    Category.INVALID_ARGUMENT,
                    reason="ParameterBindingException",
                    target=item,
                )
            )
        else:
            yield vm


def _selected(call: Call, vm: VirtualMachine) -> Iterator[IntegrationService]:
    """A VM's services, or those whose localised name is asked for; an unknown name is an error."""
    if not call.has("Name"):
        yield from vm.services.values()
        return
    for name in call.texts("Name"):
        wanted = name.casefold()
        language = vm.host.windows.language_tag
        found = [
            s
            for s in vm.services.values()
            if fnmatch.fnmatchcase(service_name(s.component, language).casefold(), wanted)
        ]
        if not found:
            call.error(_invalid(call, f'Hyper-V was unable to find an integration service with name "{name}".', name))
        yield from found


@cmdlet(
    "Get-VMIntegrationService",
    P("VMName", "string[]", 0),
    P("Name", "string[]", 1),
    P("VM", "object[]"),
    P("ComputerName", "string[]"),
    module="Hyper-V",
    class_name=_CLASS + "GetVMIntegrationService",
    exclusive=(("VMName", "VM"),),
)
def get_integration_service(call: Call) -> Iterable[object]:
    return [_service(call, vm, service) for vm in _input_vms(call) for service in _selected(call, vm)]


def _service(call: Call, vm: VirtualMachine, service: IntegrationService) -> Obj:
    return integration_service(vm, service, capitals=call.scope.world.variants["component_id_form"] == "upper")


def _by_object(call: Call, item: object) -> tuple[VirtualMachine, IntegrationService] | None:
    vm_id, text = prop(item, "VMId"), prop(item, "Id")
    vm = call.scope.host.vm(vm_id) if call.scope.host and isinstance(item, Obj) else None
    component = str(text).rpartition("\\")[2].upper()
    return (vm, vm.services[component]) if vm is not None and component in vm.services else None


def _is_service(item: object) -> bool:
    return isinstance(item, Obj) and "Microsoft.HyperV.PowerShell.VMIntegrationComponent" in item.types


def _targets(call: Call) -> Iterator[tuple[VirtualMachine, IntegrationService]]:
    """The services that Enable- and Disable-VMIntegrationService mean: by object, or by name on VMs."""
    objects = list(as_list(call.get("VMIntegrationService")) if call.has("VMIntegrationService") else call.input or [])
    if any(_is_service(item) for item in objects):
        for item in objects:
            pair = _by_object(call, item)
            if pair is None:
                call.error(_invalid(call, "The integration service was not found.", item))
            else:
                yield pair
        return
    for vm in _input_vms(call):
        for service in _selected(call, vm):
            yield vm, service


def _switch(call: Call, *, enabled: bool) -> Iterable[object]:
    if not call.scope.administrator:
        call.error(_denied(call))
        return []
    changed = []
    call.scope.world.settle()
    for vm, service in _targets(call):
        service.enabled = enabled
        changed.append(_service(call, vm, service))
    return changed if call.switch("Passthru") else []


_TARGET = (
    P("Name", "string[]", 0),
    P("VMName", "string[]", 1),
    P("VM", "object[]"),
    P("VMIntegrationService", "object[]"),
    P("ComputerName", "string[]"),
    P("Passthru", "switch"),
)


@cmdlet(
    "Enable-VMIntegrationService",
    *_TARGET,
    module="Hyper-V",
    class_name=_CLASS + "EnableVMIntegrationService",
    changes=True,
)
def enable_integration_service(call: Call) -> Iterable[object]:
    return _switch(call, enabled=True)


@cmdlet(
    "Disable-VMIntegrationService",
    *_TARGET,
    module="Hyper-V",
    class_name=_CLASS + "DisableVMIntegrationService",
    changes=True,
)
def disable_integration_service(call: Call) -> Iterable[object]:
    return _switch(call, enabled=False)


def _set_power(call: Call, state: VmState) -> Iterable[object]:
    if not call.scope.administrator:
        call.error(_denied(call))
        return []
    world = call.scope.world
    named = find_vms(call, call.texts("Name")) if call.has("Name") else _input_vms(call)
    changed = []
    for vm in list(named):
        if vm.state is state:
            call.warning("The virtual machine is already in the specified state.")
        world.set_state(vm, state)
        changed.append(virtual_machine(vm, world.clock.now()))
    return changed if call.switch("Passthru") else []


_POWER = (_NAME, P("VM", "object[]"), P("ComputerName", "string[]"), P("Passthru", "switch"), P("Force", "switch"))


@cmdlet("Start-VM", *_POWER, module="Hyper-V", class_name=_CLASS + "StartVM", changes=True)
def start_vm(call: Call) -> Iterable[object]:
    return _set_power(call, VmState.Running)


@cmdlet(
    "Stop-VM", *_POWER, P("TurnOff", "switch"), P("Save", "switch"), module="Hyper-V", class_name=_CLASS + "StopVM",
    changes=True,
)  # fmt: skip
def stop_vm(call: Call) -> Iterable[object]:
    return _set_power(call, VmState.Saved if call.switch("Save") else VmState.Off)


COMMANDS = (
    start_vm,
    stop_vm,
    get_vm,
    get_vm_host,
    get_integration_service,
    enable_integration_service,
    disable_integration_service,
)
