"""Remove from a guest's registry what names the host that activated it, and read the rest back."""

from harness.core.model import Action, ActionResult, ActionState, RetryClass
from harness.engine.actions._bench import Bench, verified
from harness.windows import read_host_values, remove_host_values

__all__ = ["remove_traces"]


def remove_traces(bench: Bench, action: Action) -> ActionResult:
    """Remove what is there by now; after a lost answer what is left is read anew, so repeating is harmless."""
    channel, seconds, context = bench.guest(action), bench.seconds(action), bench.context

    def remove() -> None:
        found = read_host_values(channel.session, seconds=seconds)
        if found:
            remove_host_values(channel.session, found, seconds=seconds)

    context.attempt(remove, RetryClass.IDEMPOTENT, target=action.target)
    left = context.attempt(
        lambda: read_host_values(channel.session, seconds=seconds), RetryClass.READ, target=action.target
    )
    if not left:
        return verified(
            action,
            "The values are gone. The host writes them again when the VM starts or moves while Data Exchange is on.",
        )
    return ActionResult(
        action,
        ActionState.FAILED,
        f"The guest took the command, but still holds {', '.join(left)}.",
        code="kvp_values_left",
        next_step="Switch Data Exchange off for the VM (a step integration_service), then run the same again.",
    )
