"""All facts of one run, lane by lane: what was asked, what answered, what did not."""

from dataclasses import dataclass

from harness.core.model.machine import GuestAccess, GuestFacts, HostFacts, VirtualMachine

__all__ = ["FabricFacts", "GuestLane", "HostLane", "LaneFailure"]


@dataclass(frozen=True, slots=True)
class LaneFailure:
    """Why a lane has no facts: the transport error's code and sentence, and what to do next."""

    code: str
    message: str
    next_step: str
    unreachable: bool = True


@dataclass(frozen=True, slots=True)
class HostLane:
    """One inventory host: its facts, or the failure that kept them away; ``cluster`` as the inventory names it."""

    name: str
    facts: HostFacts | None
    failure: LaneFailure | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class GuestLane:
    """One discovered VM on ``host`` (the inventory's name of its present owner) and what its inside said."""

    vm: VirtualMachine
    host: str
    access: GuestAccess
    facts: GuestFacts | None = None
    failure: LaneFailure | None = None


@dataclass(frozen=True, slots=True)
class FabricFacts:
    """Everything known in one run, in the inventory's order; guests in the order their hosts listed them."""

    hosts: tuple[HostLane, ...]
    guests: tuple[GuestLane, ...]

    def host(self, name: str) -> HostLane | None:
        """The lane of that inventory host."""
        return next((lane for lane in self.hosts if lane.name == name), None)
