"""One guest: the way in, whose guest it is, and what can be read and run inside."""

from harness.core.errors import HarnessError
from harness.core.model import GuestAccess, GuestFacts, GuestLane
from harness.core.model.checkup import Check, CheckState, Checkup
from harness.engine._access import guest_connection, guest_credential
from harness.engine._context import RunContext
from harness.engine.doctor import _fixes
from harness.engine.doctor._host import part_check
from harness.engine.doctor._session import entered
from harness.engine.doctor._way import failed, ok, skipped, warning, way_checks
from harness.remoting.listener import look
from harness.windows import gather_guest
from harness.windows.slmgr import ENGINE_MISSING

__all__ = ["examine_guest"]

_INSIDE = ("identity", "licence", "script_engine", "event_log")
_STOPPED = "not tried: see the first failure"


def examine_guest(context: RunContext, lane: GuestLane) -> Checkup:
    """All checks of one guest with access."""
    address, checks = _way(context, lane)
    if any(check.state is CheckState.FAILED for check in checks):
        checks += skipped("authentication", "session", *_INSIDE, why=_STOPPED)
    else:
        facts, entry = _entered(context, lane)
        checks += entry
        checks += skipped(*_INSIDE, why=_STOPPED) if facts is None else _inside(lane, facts)
    return Checkup(lane.vm.name, "guest", address, checks, host=lane.host, vm_id=lane.vm.vm_id)


def _way(context: RunContext, lane: GuestLane) -> tuple[str, tuple[Check, ...]]:
    if lane.access is GuestAccess.DIRECT:
        return f"through {lane.host}", skipped(
            "name", "port", "certificate", "winrm", "clock", why="PowerShell Direct needs no network to the guest"
        )
    connection = guest_connection(context.inventory, lane.vm)
    if connection is None:
        fix = "Turn Data Exchange on, or give the guest an `address` under `guests:` in the inventory."
        return "", (failed("name", "The guest's address is not known.", fix, "guest_address_unknown"),)
    view = look(connection, seconds=context.seconds(lane.host), now=context.clock.now)
    return f"{connection.address}:{connection.port}", way_checks(connection, view, context.clock.now())


def _entered(context: RunContext, lane: GuestLane) -> tuple[GuestFacts | None, tuple[Check, ...]]:
    credential = guest_credential(context.inventory, lane.vm)
    user = context.inventory.credentials[credential].username if credential else None
    return entered(context, lane.vm.name, user, lambda: _asked(context, lane))


def _asked(context: RunContext, lane: GuestLane) -> GuestFacts:
    channel = context.sessions.guest(lane)
    facts = gather_guest(
        channel.session,
        channel.shell,
        lane.vm,
        lane.access,
        clock=context.clock.now,
        seconds=context.seconds(lane.host),
    )
    if not facts.reachable:
        state = facts.parts["os"]
        raise HarnessError(state.message or "The guest answered nothing that can be read.", code=state.code or "silent")
    return facts


def _inside(lane: GuestLane, facts: GuestFacts) -> tuple[Check, ...]:
    licences = [record for record in facts.licences if record.is_windows]
    elevated = "Use an administrator of the guest; a local account needs LocalAccountTokenFilterPolicy = 1 there."
    return (
        _identity(lane, facts),
        part_check("licence", facts.parts["licences"], f"{len(licences)} Windows licence(s) with a key", elevated),
        _engine(facts),
        part_check(
            "event_log",
            facts.parts["events"],
            f"{len(facts.events)} event(s) 12309 read",
            "In the guest: " + _fixes.EVENT_LOG.format(user="DOMAIN\\user"),
        ),
    )


def _identity(lane: GuestLane, facts: GuestFacts) -> Check:
    told = facts.reported_vm_id
    if told is None:
        seen = "The guest's registry does not tell its VM id: Data Exchange never wrote it."
        fix = _fixes.data_exchange(lane.vm.vm_id, enabled=False, guest=lane.vm.name)
        return warning("identity", seen, fix, "vm_id_unknown")
    if told.casefold() != lane.vm.vm_id.casefold():
        seen = f"What answers there is the VM {told}, not {lane.vm.vm_id}: another machine has its address."
        fix = f"Give {lane.vm.name} its own `address` under `guests:` in the inventory."
        return failed("identity", seen, fix, "wrong_machine")
    return ok("identity", f"VM id {told}, as its host says")


def _engine(facts: GuestFacts) -> Check:
    state = facts.parts["dlv"]
    if state.ok:
        return ok("script_engine", "slmgr.vbs /dlv runs")
    if state.code == ENGINE_MISSING:
        return warning("script_engine", state.message, _fixes.ENGINE, state.code)
    fix = "The licence is read through CIM; slmgr.vbs would be the second witness. In the guest: slmgr.vbs /dlv"
    return warning("script_engine", f"slmgr.vbs /dlv: {state.message or state.code}", fix, state.code)
