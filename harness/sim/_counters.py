"""What the server counts and remembers: the figures behind every statement about round trips."""

from collections import Counter, deque
from dataclasses import dataclass, field

__all__ = ["MachineCounters", "TraceEntry", "new_trace"]


@dataclass(slots=True)
class MachineCounters:
    """Since the start or the last reset.

    Attributes:
        requests: by WSMan action, as Create, Command, Receive; Identify too. A request that was refused counts.
        commands: by name, each call of each pipeline and each program.
        shells: shells opened.
        connections: TCP connections accepted.
        unauthorized: requests answered with 401.
    """

    requests: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    shells: int = 0
    connections: int = 0
    unauthorized: int = 0

    def clear(self) -> None:
        """Start again from nought."""
        self.requests.clear()
        self.commands.clear()
        self.shells = self.connections = self.unauthorized = 0


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One request as the server saw it; sizes are those of the plain envelopes."""

    machine: str
    action: str
    shell: str
    size: int
    status: int
    answer_size: int


def new_trace(length: int = 10_000) -> deque[TraceEntry]:
    """A ring of the latest requests."""
    return deque(maxlen=length)
