"""Invoke-Command: a script block here, and PowerShell Direct into a guest by -VMId or -VMName.

Rules and ids: PSRemotingCmdlet.cs of PowerShell and Microsoft Learn powershell-direct. Host and guest must be 2016 or
later, the VM on this host and running, the guest's credential right; nothing of it needs a network.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from harness.sim.cmdlets._convert import ScriptBlock, as_list, to_text
from harness.sim.cmdlets._dispatch import ParameterSpec as P
from harness.sim.cmdlets._records import Category, binding_failure, record
from harness.sim.cmdlets._scope import Call, cmdlet
from harness.sim.cmdlets._values import prop
from harness.sim.machine import Account, Invocation, Parameter, TerminatingError
from harness.sim.machine import Call as Command
from harness.sim.objects import Enum, ErrorRecord, NotedText, Obj, ProgressRecord, Secure
from harness.sim.world import VirtualMachine

__all__ = ["COMMANDS"]

_CLASS = "Microsoft.PowerShell.Commands.InvokeCommandCommand"
_FLOOR_BUILD = 14393
_NAMESPACE = UUID("5a3f8f9e-8c46-5d0c-8a4b-0b1d6a0f2c77")
_PRIMITIVES = (str, bool, int, float, UUID, datetime, timedelta, bytes)


class _RefusedError(Exception):
    def __init__(self, failure: ErrorRecord) -> None:
        super().__init__(failure.message)
        self.failure = failure


@cmdlet(
    "Invoke-Command",
    P("ScriptBlock", "scriptblock", 0, ("Command",)),
    P("FilePath", aliases=("PSPath",)),
    P("VMId", "guid[]", aliases=("VMGuid",)),
    P("VMName", "string[]"),
    P("Credential", "credential"),
    P("ArgumentList", "object[]", aliases=("Args",)),
    P("ConfigurationName"),
    P("ComputerName", "string[]", aliases=("Cn",)),
    P("InputObject", "object"),
    P("ThrottleLimit", "int"),
    P("HideComputerName", "switch", aliases=("HCN",)),
    P("NoNewScope", "switch"),
    class_name=_CLASS,
    exclusive=(("VMId", "VMName", "ComputerName"), ("ScriptBlock", "FilePath")),
)
async def invoke_command(call: Call) -> Sequence[object]:
    arguments = [Parameter(None, item) for item in as_list(call.get("ArgumentList") or [])]
    if call.has("ComputerName"):
        call.error(_second_hop(call))
        return []
    if not call.has("VMId") and not call.has("VMName"):
        block = call.get("ScriptBlock")
        return await block.invoke(arguments) if isinstance(block, ScriptBlock) else []
    _require_hyperv(call)
    if not call.has("Credential"):
        raise _missing("Credential")
    text = _script_text(call)
    output: list[object] = []
    for vm in _targets(call):
        try:
            account = _logon(call, vm)
        except _RefusedError as refusal:
            call.error(refusal.failure)
            continue
        output += await _run(call, vm, account, Command(text, tuple(arguments), is_script=True))
    return output


def _missing(name: str) -> TerminatingError:
    text = f"Cannot process command because of one or more missing mandatory parameters: {name}."
    return binding_failure("MissingMandatoryParameter", _CLASS, "Invoke-Command", text)


def _failure(call: Call, error_id: str, message: str, target: object = None, *, reason: str = "") -> ErrorRecord:
    return record(
        message,
        f"{error_id},{call.command.class_name}" if "," not in error_id and "PSSession" not in error_id else error_id,
        Category.INVALID_ARGUMENT if error_id.startswith("Invalid") else Category.NOT_SPECIFIED,
        reason=reason or "ArgumentException",
        target=target,
        activity=call.command.name,
    )


def _second_hop(call: Call) -> ErrorRecord:
    names = " ".join(call.texts("ComputerName"))
    return record(
        f"[{names}] Connecting to remote server {names} failed with the following error message : Access is denied.",
        "AccessDenied,PSSessionStateBroken",
        Category.NOT_SPECIFIED,
        reason="PSRemotingDataStructureException",
        target=names,
    )


def _require_hyperv(call: Call) -> None:
    host = call.scope.host
    if host is None or not host.hyperv:
        text = "The Hyper-V module for Windows PowerShell is not available on this machine."
        raise TerminatingError(_failure(call, "HyperVModuleNotAvailable", text))
    if host.windows.os.build < _FLOOR_BUILD:
        name = "VMId" if call.has("VMId") else "VMName"
        text = f"A parameter cannot be found that matches parameter name '{name}'."
        raise binding_failure("NamedParameterNotFound", _CLASS, "Invoke-Command", text)


def _script_text(call: Call) -> str:
    block = call.get("ScriptBlock")
    if isinstance(block, ScriptBlock):
        return block.text
    path = call.text("FilePath")
    text = call.scope.windows.files.get(path.casefold())
    if text is None:
        raise TerminatingError(
            record(
                f"Cannot find path '{path}' because it does not exist.",
                f"PathNotFound,{_CLASS}",
                Category.OBJECT_NOT_FOUND,
                reason="ItemNotFoundException",
                target=path,
            )
        )
    return text


def _targets(call: Call) -> Iterator[VirtualMachine]:
    """The VMs meant: on this host, unique, running; everything else is an error of its own."""
    assert call.scope.host is not None
    vms = call.scope.host.vms if call.scope.administrator else []
    by_id = call.has("VMId")
    for wanted in as_list(call.get("VMId" if by_id else "VMName")):
        found = [vm for vm in vms if (vm.id == wanted if by_id else vm.name.casefold() == to_text(wanted).casefold())]
        if len(found) != 1:
            error_id = "InvalidVMIdNotSingle" if by_id else "InvalidVMNameNotSingle"
            what = "VMId" if by_id else "VMName"
            text = f"The input {what} parameter {wanted} does not resolve to a single virtual machine."
            call.error(_failure(call, error_id, text, wanted))
        elif not found[0].running:
            text = f"The virtual machine {found[0].name} is not in running state."
            call.error(_failure(call, "InvalidVMState", text, wanted))
        else:
            yield found[0]


def _logon(call: Call, vm: VirtualMachine) -> Account:
    """The guest's account for the credential. Raises _RefusedError: no broker in the guest, or a wrong credential."""
    guest = vm.windows
    if guest is None or guest.os.build < _FLOOR_BUILD:
        text = "A remote session might have ended: the virtual machine did not answer."
        raise _RefusedError(
            _failure(call, "PSSessionStateBroken", text, vm.name, reason="PSRemotingDataStructureException")
        )
    credential = call.get("Credential")
    user, password = to_text(prop(credential, "UserName")), prop(credential, "Password")
    domain, _, name = user.rpartition("\\")
    account = guest.account(name, domain or None)
    right = account is not None and isinstance(password, Secure) and password.plain == account.password
    if account is None or not right or not account.enabled or account.expired:
        raise _RefusedError(_bad_credential(call, vm))
    return account


def _bad_credential(call: Call, vm: VirtualMachine) -> ErrorRecord:
    ids = {
        "broken": "PSSessionStateBroken",
        "invalid": "InvalidCredential",
        "create": "CreateRemoteRunspaceForVMFailed",
    }
    error_id = ids[call.scope.world.variants["direct_bad_credential"]]
    return _failure(call, error_id, "The credential is invalid.", vm.name, reason="PSDirectException")


class _Gathered:
    """Streams of the inner invocation: output is kept, the rest goes on to the caller's."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.values: list[object] = []

    def output(self, value: object) -> None:
        self.values.append(value)

    def error(self, record: ErrorRecord) -> None:
        self._call.error(_remote(record))

    def warning(self, text: str) -> None:
        self._call.warning(text)

    def verbose(self, text: str) -> None:
        self._call.streams.verbose(text)

    def debug(self, text: str) -> None:
        self._call.streams.debug(text)

    def information(self, value: object) -> None:
        self._call.streams.information(value)

    def progress(self, record: ProgressRecord) -> None:
        self._call.streams.progress(record)

    async def host(self, method: str, *arguments: object) -> object:
        return await self._call.streams.host(method, *arguments)


def _remote(failure: ErrorRecord) -> ErrorRecord:
    """An error of the guest as its host shows it: the same id behind a RemoteException."""
    return record(
        failure.message,
        failure.fq_id,
        failure.category,
        reason="RemoteException",
        target=to_text(failure.target),
        activity=failure.category_activity,
        hresult=failure.hresult,
    )


async def _run(call: Call, vm: VirtualMachine, account: Account, command: Command) -> list[object]:
    assert call.scope.run_in_guest is not None
    gathered = _Gathered(call)
    try:
        await call.scope.run_in_guest(vm, account, Invocation(((command,),)), gathered)
    except TerminatingError as ended:
        call.error(_remote(ended.record))
    return [_marked(_deserialized(value, 1), vm) for value in gathered.values]


def _deserialized(value: object, depth: int) -> object:
    """What is left of a value after one trip: depth 1, adapted properties one level less than notes."""
    if value is None or isinstance(value, _PRIMITIVES):
        return value
    if isinstance(value, list):
        return [_deserialized(item, depth) for item in value]
    if isinstance(value, dict):
        return {key: _deserialized(item, depth) for key, item in value.items()}
    if depth <= 0:
        return to_text(value)
    if not isinstance(value, Obj):
        return value if isinstance(value, Enum) else to_text(value)
    types = tuple(f"Deserialized.{name}" for name in value.types)
    adapted = {name: _deserialized(item, depth - 1) for name, item in value.adapted.items()}
    notes = {name: _deserialized(item, depth) for name, item in value.notes.items()}
    return Obj(types, adapted, notes, value.text)


def _marked(value: object, vm: VirtualMachine) -> object:
    """The note properties that Invoke-Command adds to each object."""
    notes = {
        "PSComputerName": vm.name,
        "RunspaceId": uuid5(_NAMESPACE, str(vm.id)),
        "PSShowComputerName": True,
    }
    if isinstance(value, Obj):
        value.notes |= notes
    return NotedText(value, notes) if type(value) is str else value


COMMANDS = (invoke_command,)
