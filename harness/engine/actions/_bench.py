"""What an action works with: the run, and the lanes of its targets."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.core.model import Action, ActionResult, ActionState, GuestLane, HostLane
from harness.engine._context import RunContext
from harness.engine._sessions import GuestChannel
from harness.remoting import PowerShellSession

__all__ = ["Bench", "verified"]


@dataclass(frozen=True, slots=True)
class Bench:
    """The run's context with the hosts by inventory name and the guests by VM id."""

    context: RunContext
    hosts: Mapping[str, HostLane]
    guests: Mapping[str, GuestLane]

    def host(self, action: Action) -> PowerShellSession:
        """The session with the host through which the action is done."""
        return self.context.sessions.host(action.host)

    def guest(self, action: Action) -> GuestChannel:
        """The channel into the guest that the action is done to."""
        assert action.vm_id is not None
        return self.context.sessions.guest(self.guests[action.vm_id])

    def seconds(self, action: Action) -> float:
        """The deadline of one operation of that action, in seconds."""
        return self.context.seconds(action.host)


def verified(action: Action, message: str, *evidence: str) -> ActionResult:
    """The action's effect was read back."""
    return ActionResult(action, ActionState.VERIFIED, message, evidence=evidence)
