"""The step that turns one integration service on or off, by its component GUID."""

from dataclasses import replace

from harness.core.catalogue import component
from harness.core.model import DATA_EXCHANGE, IntegrationService, Step, VirtualMachine
from harness.core.planning._desk import Desk
from harness.core.verdict import GuestCase, part_error, reason

__all__ = ["plan_integration_service"]

_OK = 2


def plan_integration_service(desk: Desk, step: Step, index: int) -> None:
    """One action for each VM whose service is not as wanted. Works for VMs that are off, and changes nothing inside."""
    wanted = str(step.options["component"]).upper()
    enabled = bool(step.options.get("enabled", True))
    for case in desk.guests(step):
        service = case.lane.vm.service(wanted)
        if service is None:
            _block(desk, case, wanted, step)
        elif service.enabled is not enabled:
            row = component(wanted)
            shown = row.shown if row else service.name
            desk.change_guest(
                case,
                step,
                index,
                arguments={"component": wanted, "enabled": "true" if enabled else "false"},
                field=row.key if row else wanted,
                before="enabled" if service.enabled else "disabled",
                after="enabled" if enabled else "disabled",
                reason=_why(shown, wanted, enabled=enabled),
            )
            desk.expect(case, lane=replace(case.lane, vm=_switched(case.lane.vm, service, enabled=enabled)))


def _why(shown: str, wanted: str, *, enabled: bool) -> str:
    need = "; AVMA needs it" if wanted == DATA_EXCHANGE and enabled else ""
    return f"The playbook wants {shown} {'on' if enabled else 'off'}{need}."


def _switched(vm: VirtualMachine, service: IntegrationService, *, enabled: bool) -> VirtualMachine:
    """The VM after the switch; a service that was just turned on is expected to answer."""
    changed = replace(service, enabled=enabled, status=_OK if enabled else service.status)
    return replace(vm, services=tuple(changed if s is service else s for s in vm.services))


def _block(desk: Desk, case: GuestCase, wanted: str, step: Step) -> None:
    facts = case.host.facts if case.host else None
    why = part_error(facts.parts, "services") if facts else "the host gave no facts"
    if why is not None:
        cause = reason("services_unreadable", guest=case.name, host=case.lane.host, why=why)
    else:
        cause = reason("service_missing", guest=case.name, host=case.lane.host, component=wanted)
    desk.block_guest(case, cause, step.kind)
