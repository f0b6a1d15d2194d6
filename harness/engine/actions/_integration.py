"""Turn an integration service on or off, read it back, and ask the guest for its own side where that is silent."""

from harness.core.catalogue import component, component_status
from harness.core.errors import HarnessError
from harness.core.model import Action, ActionResult, ActionState, IntegrationService, RetryClass, VmState
from harness.engine._clock import poll
from harness.engine.actions._bench import Bench, verified
from harness.windows import read_guest_service, read_service, set_service

__all__ = ["set_integration_service"]

_OK = 2
_ANSWERS_WITHIN = 6.0
"""Seconds within which a guest's side is expected to answer a service that was just turned on."""
_LOOK_EVERY = 2.0


def set_integration_service(bench: Bench, action: Action) -> ActionResult:
    """Enable or disable ``arguments["component"]`` (GUID) for one VM.

    Repeating it is harmless, so a lost answer is repeated and then read back.
    """
    assert action.vm_id is not None
    vm_id, component = action.vm_id, action.arguments["component"]
    wanted = action.arguments["enabled"] == "true"
    session, seconds, context = bench.host(action), bench.seconds(action), bench.context
    context.attempt(
        lambda: set_service(session, vm_id, component, enabled=wanted, seconds=seconds),
        RetryClass.IDEMPOTENT,
        target=action.target,
    )
    found = context.attempt(
        lambda: read_service(session, vm_id, component, seconds=seconds), RetryClass.READ, target=action.target
    )
    if found is None:
        return ActionResult(
            action,
            ActionState.UNVERIFIABLE,
            "The host no longer lists this service for the VM.",
            code="service_not_listed",
            next_step="Check whether the VM moved to another node, then run the same playbook again.",
        )
    if found.enabled is wanted:
        return _answering(bench, action, found) if wanted else verified(action, "The service is disabled.")
    return ActionResult(
        action,
        ActionState.FAILED,
        f"The host took the command, but the service is still {'disabled' if wanted else 'enabled'}.",
        code="service_unchanged",
        next_step="Change it in Hyper-V Manager and look at the host's Hyper-V-VMMS event log.",
    )


def _answering(bench: Bench, action: Action, found: IntegrationService) -> ActionResult:
    """It is enabled on the host's side; whether a running guest answers."""
    vm_id = action.vm_id or ""
    if bench.guests[vm_id].vm.state is not VmState.RUNNING:
        return verified(action, "The service is enabled.")
    seen = [found]

    def look() -> bool | None:
        if seen[-1].status in {None, _OK}:
            return True
        again = bench.context.attempt(
            lambda: read_service(bench.host(action), vm_id, found.component, seconds=bench.seconds(action)),
            RetryClass.READ,
            target=action.target,
        )
        seen.append(again or seen[-1])
        return True if seen[-1].status in {None, _OK} else None

    if poll(look, seconds=_ANSWERS_WITHIN, every=_LOOK_EVERY, clock=bench.context.clock):
        return verified(action, "The service is enabled.")
    status = component_status(seen[-1].status) if seen[-1].status is not None else None
    word = status.name if status else f"status {seen[-1].status}"
    return _silent(bench, action, found.component, word)


def _silent(bench: Bench, action: Action, guid: str, word: str) -> ActionResult:
    """It is enabled and the guest does not answer: what the guest says of its own service."""
    row = component(guid)
    name = row.service if row is not None else ""
    said, cure = _own_service(bench, action, name)
    return ActionResult(
        action,
        ActionState.ACCEPTED,
        f"The service is enabled, but the guest does not answer it ({word}): {said}.",
        code="service_not_answering",
        next_step=cure,
    )


def _own_service(bench: Bench, action: Action, name: str) -> tuple[str, str]:
    """What the guest's own service does, in words, and what to do about it."""
    start = f"In the guest run: Set-Service {name} -StartupType Manual; Start-Service {name}"
    try:
        found = bench.context.attempt(
            lambda: read_guest_service(bench.guest(action).session, name, seconds=bench.seconds(action)),
            RetryClass.READ,
            target=action.target,
        )
    except HarnessError as error:
        return f"its own service {name} could not be asked: {error.message}", start
    if found is None:
        return f"it has no service {name}", "Update the guest: its integration services come with Windows Update."
    state, kind = found
    if state.casefold() == "running":
        return f"its own service {name} is running", "Restart the guest, or look at its System event log."
    return f"its own service {name} is {state}{f' ({kind})' if kind else ''}", start
