"""Get- and Set-VMAutomaticActivation of the script module ServerAVMAManager.

Only the names, -ProductKey (named or positional) and the rules are documented. What both put out, and how Set says no,
is unrecorded: every form here is a choice of the variant register.
"""

from collections.abc import Callable, Iterable

from harness.sim.cmdlets._dispatch import Command
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, record
from harness.sim.cmdlets._scope import Call, Scope, cmdlet
from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, Obj, UInt32
from harness.sim.world import HostKeyApplication

__all__ = ["COMMANDS", "setter"]

_CUSTOM = ("System.Management.Automation.PSCustomObject", "System.Object")


def _custom(**notes: object) -> Obj:
    text = "@{" + "; ".join(f"{name}={value}" for name, value in notes.items()) + "}"
    return Obj(_CUSTOM, {}, dict(notes), text)


def _parts(key: HostKeyApplication | None) -> tuple[str | None, str | None]:
    return (key.key[-5:], key.version) if key else (None, None)


def _status_object(key: HostKeyApplication | None) -> object:
    last5, version = _parts(key)
    return _custom(ProductKey=last5, Status="Active" if key else "NotConfigured", Version=version)


def _partial_key_object(key: HostKeyApplication | None) -> object:
    last5, _ = _parts(key)
    state = Enum("Microsoft.AVMA.ActivationStatus", "Activated" if key else "NotActivated", 1 if key else 0)
    return _custom(PartialProductKey=last5, ActivationStatus=state, LicenseFamily="ServerDatacenter" if key else None)


def _cim_like(key: HostKeyApplication | None) -> object:
    last5, version = _parts(key)
    text = f"Windows Server {version} Datacenter" if key else ""
    return _custom(LicenseStatus=UInt32(1 if key else 0), Description=text, PartialProductKey=last5)


def _nested(key: HostKeyApplication | None) -> object:
    last5, version = _parts(key)
    return _custom(Name="AVMA", ActivationInfo=_custom(KeyLast5=last5, KeyVersion=version, Enabled=key is not None))


def _hashtable(key: HostKeyApplication | None) -> object:
    return {"KeyLast5": _parts(key)[0], "Activated": key is not None}


def _full_key(key: HostKeyApplication | None) -> object:
    return _custom(ProductKey=key.key if key else None)


def _string(key: HostKeyApplication | None) -> object:
    if key is None:
        return "Automatic virtual machine activation is not set up."
    return f"Automatic virtual machine activation is set up with product key XXXXX-XXXXX-XXXXX-XXXXX-{key.key[-5:]}"


def _boolean(key: HostKeyApplication | None) -> object:
    return key is not None


_SHAPES: dict[str, Callable[[HostKeyApplication | None], object]] = {
    "status_object": _status_object,
    "partial_key_object": _partial_key_object,
    "cim_like": _cim_like,
    "nested": _nested,
    "hashtable": _hashtable,
    "full_key": _full_key,
    "string": _string,
    "boolean": _boolean,
}


@cmdlet("Get-VMAutomaticActivation", module="ServerAVMAManager", kind="Function")
def get_automatic_activation(call: Call) -> Iterable[object]:
    host, variants = call.scope.host, call.scope.world.variants
    assert host is not None
    call.scope.world.settle()
    key = host.key_in_force
    shape = _SHAPES.get(variants["avma_get_shape"])
    if key is not None:
        return [] if shape is None else [shape(key)]
    unset = variants["avma_get_unset"]
    if unset == "error":
        text = "Automatic virtual machine activation has not been set up on this server."
        call.error(record(text, "Get-VMAutomaticActivation", reason="WriteErrorException"))
        return []
    if unset == "null":
        return [None]
    return [shape(None)] if unset == "object" and shape is not None else []


def _done(call: Call, applied: HostKeyApplication) -> list[object]:
    outputs: dict[str, list[object]] = {
        "status_object": [_custom(Status="Success", ErrorCode="0x00000000", ProductKey=applied.key[-5:])],
        "boolean": [True],
        "string": ["The product key was applied successfully."],
    }
    return outputs.get(call.scope.world.variants["avma_set_output"], [])


def _refused(call: Call, applied: HostKeyApplication) -> list[object]:
    code = f"0x{applied.hresult:08X}"
    text = f"The key you entered didn't work. Error: {code}"
    how = call.scope.world.variants["avma_set_failure"]
    if how == "status_object":
        return [_custom(Status="Failed", ErrorCode=code, ProductKey=applied.key[-5:])]
    failure = record(text, "Set-VMAutomaticActivation", reason="WriteErrorException", hresult=applied.hresult)
    if how == "throw":
        raise TerminatingError(record(text, text, Category.INVALID_OPERATION, reason="RuntimeException"))
    call.error(failure)
    return []


def _set(call: Call) -> Iterable[object]:
    assert call.scope.host is not None
    if not call.scope.administrator:
        call.error(record("Access is denied.", "Set-VMAutomaticActivation", Category.PERMISSION_DENIED))
        return []
    key = next(call.text(spec.name) for spec in call.command.parameters)
    applied = call.scope.world.apply_host_key(call.scope.host, key)
    return _done(call, applied) if applied.accepted else _refused(call, applied)


_PATTERNS = {"function": "", "pattern": r"^([A-Za-z0-9]{5}-){4}[A-Za-z0-9]{5}$"}
_PARAMETERS = {"product_key": "ProductKey", "key": "Key"}


def setter(validation: str, parameter_name: str) -> Command[Scope]:
    """Set-VMAutomaticActivation by the variants avma_set_validation and avma_set_parameter."""
    parameter = P(_PARAMETERS[parameter_name], "string", 0, mandatory=True, pattern=_PATTERNS[validation])
    return cmdlet("Set-VMAutomaticActivation", parameter, module="ServerAVMAManager", kind="Function", changes=True)(
        _set
    )


COMMANDS = (get_automatic_activation, setter("function", "product_key"))
