"""One host: from its name to the services of its virtual machines."""

from collections.abc import Iterable

from harness.core.errors import HarnessError
from harness.core.model import DATA_EXCHANGE, Flavour, HostFacts, PartState, RetryClass, VirtualMachine, VmState
from harness.core.model.checkup import Check, CheckState, Checkup
from harness.engine._context import RunContext
from harness.engine.doctor import _fixes
from harness.engine.doctor._session import entered
from harness.engine.doctor._way import failed, ok, skipped, warning, way_checks
from harness.remoting.listener import look
from harness.windows import HostCapabilities, gather_host, probe
from harness.windows.host import HOST_COMMANDS

__all__ = ["examine_host"]

_ESSENTIAL = ("Get-CimInstance", "Get-VM", "Get-VMHost", "Get-VMIntegrationService", "Get-WinEvent")
_CHANGING = ("Enable-VMIntegrationService", "Disable-VMIntegrationService", "Where-Object")
_INSIDE = ("endpoint", "rights", "licence", "event_log", "data_exchange", "host_key_command")
_AZURE = frozenset({Flavour.AZURE_STACK_HCI, Flavour.AZURE_LOCAL})
_OK = 2
_DENIED = frozenset({"access_denied", "no_rights_proof"})
_STOPPED = "not tried: see the first failure"


def examine_host(context: RunContext, name: str) -> tuple[Checkup, HostFacts | None]:
    """All checks of one inventory host, and its facts where it was reached."""
    connection = context.inventory.hosts[name].connection
    view = look(connection, seconds=context.seconds(name), now=context.clock.now)
    checks = way_checks(connection, view, context.clock.now())
    user = context.inventory.credentials[connection.credential].username if connection.credential else None
    facts: HostFacts | None = None
    if any(check.state is CheckState.FAILED for check in checks):
        checks += skipped("authentication", "session", *_INSIDE, why=_STOPPED)
    else:
        found, entry = entered(context, name, user, lambda: _probed(context, name))
        checks += entry
        if found is None:
            checks += skipped(*_INSIDE, why=_STOPPED)
        else:
            inside, facts = _inside(context, name, found, user)
            checks += inside
    return Checkup(name, "host", f"{connection.address}:{connection.port}", checks), facts


def _probed(context: RunContext, name: str) -> HostCapabilities:
    wanted = HOST_COMMANDS | set(_CHANGING) | {"Set-VMAutomaticActivation"}
    return probe(context.sessions.host(name), wanted, now=context.clock.now(), seconds=context.seconds(name))


def _inside(
    context: RunContext, name: str, known: HostCapabilities, user: str | None
) -> tuple[tuple[Check, ...], HostFacts | None]:
    endpoint = _endpoint(known, context.inventory.hosts[name].connection.configuration)
    try:
        facts, _ = context.attempt(
            lambda: gather_host(
                context.sessions.host(name),
                name,
                known=known,
                clock=context.clock.now,
                seconds=context.seconds(name),
            ),
            RetryClass.READ,
            target=name,
        )
    except HarnessError as error:
        broken = failed("rights", error.message, error.hint or "Run `avma doctor` again.", error.code)
        return (endpoint, broken, *skipped(*_INSIDE[2:], why=_STOPPED)), None
    member = f"'{user}'" if user else "DOMAIN\\user"
    return (
        endpoint,
        _rights(facts, member),
        part_check(
            "licence", facts.parts["licences"], f"{len(facts.licences)} product(s) with a key", _elevated(member)
        ),
        part_check(
            "event_log",
            facts.parts["events"],
            f"{len(facts.events)} event(s) 12310 read",
            _fixes.EVENT_LOG.format(user=member),
        ),
        *_data_exchange(facts),
        _host_key_command(facts),
    ), facts


def _endpoint(known: HostCapabilities, configuration: str) -> Check:
    missing = [command for command in _ESSENTIAL if not known.has(command)]
    restricted = known.projection.select != "Select-Object"
    kind = f"{configuration}: {'restricted (JEA)' if restricted else 'full language'}"
    if missing:
        listed = ", ".join(missing)
        fix = (
            _fixes.ROLE_COMMANDS.format(commands=", ".join(f"'{command}'" for command in missing))
            if restricted
            else "Install-WindowsFeature -Name Hyper-V-PowerShell"
        )
        return failed("endpoint", f"{kind}; it lacks {listed}", fix, "command_missing")
    if restricted and known.projection.select is None:
        fix = _fixes.ROLE_COMMANDS.format(commands="'Microsoft.PowerShell.Utility\\Select-Object'")
        return warning("endpoint", f"{kind}; without Select-Object whole objects travel", fix, "no_projection")
    able = "reads and changes" if known.has(*_CHANGING) else "reads only: integration services cannot be switched"
    return ok("endpoint", f"{kind}; {able}")


def _rights(facts: HostFacts, member: str) -> Check:
    if facts.parts["hyperv"].ok:
        return ok("rights", f"Get-VMHost answers, so Get-VM shows every VM: {len(facts.vms)}")
    if facts.hyperv is False:
        return failed("rights", "The Hyper-V role is not there.", _fixes.HYPERV_ROLE, "hyperv_missing")
    state = facts.parts["hyperv"]
    seen = f"Get-VMHost does not answer, so an empty Get-VM proves nothing. {state.message}".strip()
    return failed("rights", seen, _fixes.HYPERV_RIGHTS.format(user=member), state.code)


def _elevated(member: str) -> str:
    return (
        f"Add-LocalGroupMember -SID S-1-5-32-544 -Member {member}; for a local account also: New-ItemProperty "
        r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System LocalAccountTokenFilterPolicy "
        "-PropertyType DWord -Value 1 -Force"
    )


def part_check(name: str, state: PartState, seen: str, fix: str) -> Check:
    """A check that is one part of the facts."""
    if state.ok:
        return ok(name, seen)
    told = f"{state.code}: {state.message}" if state.message else state.code
    return failed(name, told, fix, state.code)


def _data_exchange(facts: HostFacts) -> Iterable[Check]:
    if not facts.parts["vms"].ok or not facts.parts["services"].ok:
        return skipped("data_exchange", why="the VMs or their integration services could not be read")
    troubled = [vm for vm in facts.vms if (found := vm.service(DATA_EXCHANGE)) and _is_off(vm) is not None and found]
    if not troubled:
        return (ok("data_exchange", f"on and answering for each of {len(facts.vms)} VM(s), as far as they run"),)
    return tuple(_trouble(vm) for vm in troubled)


def _is_off(vm: VirtualMachine) -> bool | None:
    """True where the host's side is off, False where the guest does not answer, None where all is well."""
    service = vm.service(DATA_EXCHANGE)
    if service is None:
        return None
    if not service.enabled:
        return True
    return False if vm.state is VmState.RUNNING and service.status not in {None, _OK} else None


def _trouble(vm: VirtualMachine) -> Check:
    off = _is_off(vm)
    seen = f"{vm.name}: {'switched off on the host' if off else 'enabled, but the guest does not answer'}"
    fix = _fixes.data_exchange(vm.vm_id, enabled=not off, guest=vm.name)
    return warning("data_exchange", seen, fix, "data_exchange_off" if off else "data_exchange_no_contact")


def _host_key_command(facts: HostFacts) -> Check:
    if facts.flavour not in _AZURE:
        return skipped("host_key_command", why="a Windows Server host is activated itself and takes no host key")[0]
    state = facts.parts["activation"]
    if state.ok:
        return ok("host_key_command", "Get-VMAutomaticActivation answers")
    return failed("host_key_command", state.message or state.code, _fixes.AZURE_MODULE, state.code)
