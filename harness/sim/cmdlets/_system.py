"""Get-Service, and the registry cmdlets for the one tree the lab has: Hyper-V's key-value pairs in a guest."""

import fnmatch
from collections.abc import Iterable

from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._values import prop
from harness.sim.objects import Enum, ErrorRecord, Obj
from harness.sim.world import DATA_EXCHANGE, guest_parameters, intrinsic_items

__all__ = ["COMMANDS"]

_MANAGEMENT = "Microsoft.PowerShell.Management"
_CLASS = "Microsoft.PowerShell.Commands."
_TREE = r"hklm:\software\microsoft\virtual machine"
_PARAMETERS = rf"{_TREE}\guest\parameters"
_STATES = {True: ("Running", 4), False: ("Stopped", 1)}


def _services(call: Call) -> dict[str, tuple[str, bool]]:
    """Service name to display name and whether it runs."""
    scope = call.scope
    found = {
        "sppsvc": ("Software Protection", True),
        "WinRM": ("Windows Remote Management (WS-Management)", True),
        "EventLog": ("Windows Event Log", True),
    }
    if scope.vm is not None:
        answering = scope.vm.service(DATA_EXCHANGE).answering
        found["vmickvpexchange"] = ("Hyper-V Data Exchange Service", answering)
        found["vmicvmsession"] = ("Hyper-V PowerShell Direct Service", scope.windows.os.build >= 14393)
    if scope.host is not None and scope.host.hyperv:
        found["vmms"] = ("Hyper-V Virtual Machine Management", True)
    if scope.host is not None and scope.host.cluster is not None:
        found["ClusSvc"] = ("Cluster Service", True)
    return found


@cmdlet(
    "Get-Service",
    P("Name", "string[]", 0, ("ServiceName",)),
    P("DisplayName", "string[]"),
    P("ComputerName", "string[]"),
    module=_MANAGEMENT,
    class_name=_CLASS + "GetServiceCommand",
    exclusive=(("Name", "DisplayName"),),
)
def get_service(call: Call) -> Iterable[object]:
    services = _services(call)
    output = []
    for name in call.texts("Name") or ["*"]:
        matching = [known for known in sorted(services) if fnmatch.fnmatchcase(known.casefold(), name.casefold())]
        if not matching and not set(name) & set("*?["):
            call.error(_no_service(call, name))
        output += [_service(known, *services[known]) for known in matching]
    return output


def _service(name: str, display: str, running: bool) -> Obj:  # noqa: FBT001 - a row of the table above
    return Obj(
        ("System.ServiceProcess.ServiceController", "System.ComponentModel.Component", "System.Object"),
        {
            "Name": name,
            "ServiceName": name,
            "DisplayName": display,
            "Status": Enum("System.ServiceProcess.ServiceControllerStatus", *_STATES[running]),
            "StartType": Enum("System.ServiceProcess.ServiceStartMode", "Manual", 3),
        },
        text=name,
    )


def _switch_services(call: Call, *, running: bool) -> Iterable[object]:
    """Start or stop services; Data Exchange's is the one whose state the world keeps."""
    services = _services(call)
    names = call.texts("Name") or [str(prop(item, "Name")) for item in call.input or []]
    for name in names:
        known = next((service for service in services if service.casefold() == name.casefold()), None)
        if known is None:
            call.error(_no_service(call, name))
        elif not call.scope.administrator:
            text = f"Service '{known}' cannot be opened on computer '.'."
            error_id = f"CouldNotOpenService,{call.command.class_name}"
            call.error(record(text, error_id, Category.PERMISSION_DENIED, reason="InvalidOperationException"))
        elif known == "vmickvpexchange" and call.scope.vm is not None:
            call.scope.world.settle()
            call.scope.vm.service(DATA_EXCHANGE).answering = running
    return []


def _no_service(call: Call, name: str) -> ErrorRecord:
    text = f"Cannot find any service with service name '{name}'."
    error_id = f"NoServiceFoundForGivenName,{call.command.class_name}"
    return record(text, error_id, Category.OBJECT_NOT_FOUND, reason="ItemNotFoundException", target=name)


_SERVICE_NAME = P("Name", "string[]", 0, ("ServiceName",))
_FORCE = P("Force", "switch")


@cmdlet("Start-Service", _SERVICE_NAME, module=_MANAGEMENT, class_name=_CLASS + "StartServiceCommand", changes=True)
def start_service(call: Call) -> Iterable[object]:
    return _switch_services(call, running=True)


@cmdlet(
    "Stop-Service", _SERVICE_NAME, _FORCE, module=_MANAGEMENT, class_name=_CLASS + "StopServiceCommand", changes=True
)
def stop_service(call: Call) -> Iterable[object]:
    return _switch_services(call, running=False)


@cmdlet(
    "Restart-Service", _SERVICE_NAME, _FORCE, module=_MANAGEMENT, class_name=_CLASS + "RestartServiceCommand",
    changes=True,
)  # fmt: skip
def restart_service(call: Call) -> Iterable[object]:
    return _switch_services(call, running=True)


@cmdlet(
    "Set-Service",
    _SERVICE_NAME,
    P("StartupType", "string", choices=("Automatic", "Manual", "Disabled", "Boot", "System")),
    P("Status", "string", choices=("Running", "Stopped", "Paused")),
    module=_MANAGEMENT,
    class_name=_CLASS + "SetServiceCommand",
    changes=True,
)
def set_service(call: Call) -> Iterable[object]:
    if call.has("Status"):
        return _switch_services(call, running=call.text("Status") == "Running")
    for name in call.texts("Name"):
        if name.casefold() not in (known.casefold() for known in _services(call)):
            call.error(_no_service(call, name))
    return []


def _plain_path(text: str) -> str:
    path = text.casefold().replace("/", "\\").rstrip("\\")
    path = path.removeprefix("microsoft.powershell.core\\registry::").removeprefix("registry::")
    return path.replace("hkey_local_machine\\", "hklm:\\").replace("hklm:software", "hklm:\\software")


def _registry(call: Call, path: str) -> dict[str, str] | None:
    """The values of a key, None where there is none."""
    vm = call.scope.vm
    if vm is None:
        return None
    if path == _PARAMETERS:
        return guest_parameters(vm) or None
    if path == rf"{_TREE}\auto":
        return intrinsic_items(vm, call.scope.world.variants) or None
    if path == rf"{_TREE}\guest":
        return vm.custom_items
    return None


def _no_path(call: Call, path: str) -> ErrorRecord:
    return record(
        f"Cannot find path '{path}' because it does not exist.",
        f"PathNotFound,{call.command.class_name}",
        Category.OBJECT_NOT_FOUND,
        reason="ItemNotFoundException",
        target=path,
    )


def _no_property(call: Call, path: str, name: str) -> ErrorRecord:
    return record(
        f"Property {name} does not exist at path {path}.",
        f"System.Management.Automation.PSArgumentException,{call.command.class_name}",
        Category.INVALID_ARGUMENT,
        reason="PSArgumentException",
        target=name,
    )


@cmdlet(
    "Get-ItemProperty",
    P("Path", "string[]", 0),
    P("Name", "string[]", 1, ("PSProperty",)),
    P("LiteralPath", "string[]", aliases=("PSPath",)),
    module=_MANAGEMENT,
    class_name=_CLASS + "GetItemPropertyCommand",
    exclusive=(("Path", "LiteralPath"),),
)
def get_item_property(call: Call) -> Iterable[object]:
    output = []
    for path in call.texts("Path") + call.texts("LiteralPath"):
        values = _registry(call, _plain_path(path))
        if values is None:
            call.error(_no_path(call, path))
            continue
        shown = _picked(call, path, values)
        if shown is None:
            continue
        types = ("System.Management.Automation.PSCustomObject", "System.Object")
        notes: dict[str, object] = {
            **shown,
            "PSPath": rf"Microsoft.PowerShell.Core\Registry::{path}",
            "PSProvider": None,
        }
        output.append(Obj(types, {}, notes, ""))
    return output


def _picked(call: Call, path: str, values: dict[str, str]) -> dict[str, str] | None:
    names = call.texts("Name")
    if not names:
        return values
    shown: dict[str, str] = {}
    for name in names:
        found = {key: value for key, value in values.items() if fnmatch.fnmatchcase(key.casefold(), name.casefold())}
        if not found and "*" not in name:
            call.error(_no_property(call, path, name))
        shown |= found
    return shown or None


@cmdlet(
    "Remove-ItemProperty",
    P("Path", "string[]", 0),
    P("Name", "string[]", 1, ("PSProperty",), mandatory=True),
    P("LiteralPath", "string[]", aliases=("PSPath",)),
    P("Force", "switch"),
    module=_MANAGEMENT,
    class_name=_CLASS + "RemoveItemPropertyCommand",
    changes=True,
    exclusive=(("Path", "LiteralPath"),),
)
def remove_item_property(call: Call) -> Iterable[object]:
    for path in call.texts("Path") + call.texts("LiteralPath"):
        values = _registry(call, _plain_path(path))
        if values is None or call.scope.vm is None:
            call.error(_no_path(call, path))
            continue
        for name in call.texts("Name"):
            found = [key for key in values if fnmatch.fnmatchcase(key.casefold(), name.casefold())]
            if not found and "*" not in name:
                call.error(_no_property(call, path, name))
            _remove(call, _plain_path(path), found)
    return []


def _remove(call: Call, path: str, names: Iterable[str]) -> None:
    assert call.scope.vm is not None
    for name in names:
        if path == _PARAMETERS:
            call.scope.vm.registry_removed.add(name)
        else:
            call.scope.vm.custom_items.pop(name, None)


COMMANDS = (
    get_service,
    start_service,
    stop_service,
    restart_service,
    set_service,
    get_item_property,
    remove_item_property,
)
