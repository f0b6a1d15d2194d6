"""Turn an integration service on or off, and read it back."""

from harness.core.model import Action, ActionResult, ActionState, RetryClass
from harness.engine.actions._bench import Bench, verified
from harness.windows import read_service, set_service

__all__ = ["set_integration_service"]


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
        return verified(action, f"The service is {'enabled' if wanted else 'disabled'}.")
    return ActionResult(
        action,
        ActionState.FAILED,
        f"The host took the command, but the service is still {'disabled' if wanted else 'enabled'}.",
        code="service_unchanged",
        next_step="Change it in Hyper-V Manager and look at the host's Hyper-V-VMMS event log.",
    )
