"""Faults to inject between a client and a machine: pure data, and the matching of a request against it.

The server asks the plan at four phases of a request. ``connect``: a TCP connection was made. ``unread``: the first
bytes of a request arrived. ``before``: the request was read and nothing was done yet. ``after``: it was executed and
its answer is about to leave. A client cannot tell ``before`` from ``after``; the world can.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["KINDS", "PHASES", "WORLD_KINDS", "Fault", "FaultCount", "FaultPlan"]

PHASES = ("connect", "unread", "before", "after")

KINDS: dict[str, tuple[str, ...]] = {
    "refuse": ("connect",),
    "tls_failure": ("connect",),
    "reset": ("connect", "unread", "before", "after"),
    "stall": ("connect", "before", "after"),
    "latency": ("before",),
    "drip": ("after",),
    "truncated": ("after",),
    "duplicated": ("after",),
    "unauthorized": ("before", "after"),
    "http_400": ("before", "after"),
    "http_500": ("before", "after"),
    "http_503": ("before", "after"),
    "wsman_500": ("before", "after"),
    "timed_out": ("before", "after"),
    "quota_shells": ("before",),
    "quota_operations": ("before",),
    "quota_users": ("before",),
    "shell_killed": ("before", "after"),
    "service_restart": ("before", "after"),
    "host_reboot": ("before", "after"),
    "vm_moved": ("before", "after"),
    "clock_jump": ("before", "after"),
}
"""What can go wrong, and at which phases; the first phase is the default.

``refuse`` closes the listening sockets for ``seconds`` (0: until the plan is cleared). ``reset`` drops the connection.
``stall`` holds the request or its answer back for ``seconds``; ``latency`` does so for every request it matches.
``drip`` spreads the answer over ``seconds``; ``truncated`` sends half of it; ``duplicated`` sends it twice.
``unauthorized``, ``http_400``, ``http_500`` and ``http_503`` answer with that status and no body; ``wsman_500`` with an
internal error's fault, ``timed_out`` with the operation timeout's. ``quota_*`` answer with the quota's fault.
``shell_killed`` ends the shell that the request names, and the answer says so unless it is that of a Command which was
executed; ``service_restart`` ends all shells and connections of the machine. ``host_reboot`` restarts the machine, a
host with its guests, which is away for ``seconds``; ``vm_moved`` moves the machine, or a node's running guests, to
another node of the cluster; ``clock_jump`` moves the world's clock forward by ``seconds``. After the last two the
request goes on.
"""
WORLD_KINDS = frozenset({"host_reboot", "vm_moved", "clock_jump"})
"""The kinds that happen to the world and not to a request alone."""

_ENDLESS = 1 << 31


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: one of KINDS.
        phase: one of PHASES that the kind allows; empty means the kind's first.
        machine: the machine's name; None is any.
        action: which request: a WSMan action (``Receive``), a command's name in the request that starts it
            (``Set-VMAutomaticActivation``, ``slmgr.vbs``, ``/ipk``), or both (``Receive:Set-VMAutomaticActivation``:
            the Receives of that command). None is any. Compared without case.
        after: how many matches pass unharmed first.
        times: how often it strikes; 0 is without end.
        seconds: for kinds that take time.
        start: seconds from when it came into force until it may strike; what comes by before that is not counted.
    """

    kind: str
    phase: str = ""
    machine: str | None = None
    action: str | None = None
    after: int = 0
    times: int = 1
    seconds: float = 0.0
    start: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault; there are {', '.join(KINDS)}")
        if self.phase and self.phase not in KINDS[self.kind]:
            raise ValueError(
                f"a fault of kind {self.kind} strikes at {', '.join(KINDS[self.kind])}, not at {self.phase!r}"
            )
        if min(self.after, self.times, self.seconds, self.start) < 0:
            raise ValueError("after, times, seconds and start of a fault are not negative")

    @property
    def at(self) -> str:
        """The phase, with the kind's default filled in."""
        return self.phase or KINDS[self.kind][0]

    @property
    def verb(self) -> str:
        """The WSMan action in small letters, empty where any will do."""
        action = (self.action or "").lower()
        verb, colon, _ = action.partition(":")
        return verb if colon else (action if action in _VERBS else "")

    @property
    def command(self) -> str:
        """The command's name in small letters, empty where any will do."""
        action = (self.action or "").lower()
        if action in _VERBS:
            return ""
        verb, colon, command = action.partition(":")
        return command if colon else verb


_VERBS = frozenset(
    [
        "identify",
        "create",
        "command",
        "send",
        "receive",
        "signal",
        "delete",
        "get",
        "enumerate",
        "disconnect",
        "reconnect",
        "connect",
        "authenticate",
    ]
)


@dataclass(slots=True)
class FaultCount:
    """How often a fault's request came by, how often it struck, and from when on it may."""

    seen: int = 0
    struck: int = 0
    begins: float = 0.0


@dataclass(slots=True)
class FaultPlan:
    """The faults in force. Every request asks all of them, in the order they were added.

    Args:
        faults: the first of them.
        clock: seconds that only grow, for ``start``.
    """

    faults: list[Fault]
    counts: list[FaultCount]
    on_change: Callable[[], None] | None
    clock: Callable[[], float]

    def __init__(self, faults: Iterable[Fault] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults, self.counts = [], []
        self.on_change, self.clock = None, clock
        self.add(*faults)

    def __bool__(self) -> bool:
        return bool(self.faults)

    def add(self, *faults: Fault) -> None:
        """Put more faults into force."""
        now = self.clock()
        self.faults.extend(faults)
        self.counts.extend(FaultCount(begins=now + fault.start) for fault in faults)
        self._tell()

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.faults.clear()
        self.counts.clear()
        self._tell()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def refusals(self, machine: str) -> list[tuple[Fault, FaultCount]]:
        """The faults that keep a machine from listening at all; ``on_change`` is called when they may have changed."""
        now = self.clock()
        return [
            (fault, count)
            for fault, count in zip(self.faults, self.counts, strict=True)
            if fault.kind == "refuse"
            and count.begins <= now
            and _is_meant(fault, machine, "", set())
            and not count.struck
        ]

    def next_refusal(self) -> float | None:
        """Seconds until a fault begins that keeps machines from listening; None where none is to come."""
        now = self.clock()
        pairs = zip(self.faults, self.counts, strict=True)
        return min((c.begins - now for f, c in pairs if f.kind == "refuse" and c.begins > now), default=None)

    @property
    def names_commands(self) -> bool:
        """Whether any fault asks for a command's name, which costs the server a second look at each request."""
        return any(fault.command for fault in self.faults)

    def match(self, machine: str, phase: str, verb: str = "", commands: Iterable[str] = ()) -> list[Fault]:
        """The faults that strike now, each counted.

        Args:
            machine: the machine's name.
            phase: one of PHASES.
            verb: the WSMan action, as far as it is known.
            commands: names of the commands that the request starts or belongs to.
        """
        if not self.faults:
            return []
        names = {name.lower() for name in commands}
        verb, now = verb.lower(), self.clock()
        struck = []
        for fault, count in zip(self.faults, self.counts, strict=True):
            if fault.kind == "refuse" or fault.at != phase or now < count.begins:
                continue
            if _is_meant(fault, machine, verb, names):
                count.seen += 1
                if count.seen > fault.after and count.struck < (fault.times or _ENDLESS):
                    count.struck += 1
                    struck.append(fault)
        return struck

    @classmethod
    def random(cls, seed: int, machines: Sequence[str], count: int = 8) -> "FaultPlan":
        """A plan that is the same for the same seed, machines and count; no fault in it lasts longer than 3 seconds."""
        dice = random.Random(seed)  # noqa: S311 - replayable by design
        kinds = [kind for kind in KINDS if kind != "refuse"]  # it would outlast its one client
        verbs = (None, "Create", "Command", "Receive", "Send", "Signal", "Delete")
        faults = []
        for _ in range(count):
            kind = dice.choice(kinds)
            phase = dice.choice(KINDS[kind])
            faults.append(
                Fault(
                    kind,
                    phase,
                    dice.choice(list(machines)),
                    dice.choice(verbs) if phase in ("before", "after") else None,
                    after=dice.randrange(4),
                    times=dice.choice((1, 1, 1, 2)),
                    seconds=round(dice.uniform(0.05, 3.0), 2),
                )
            )
        return cls(faults)


def _is_meant(fault: Fault, machine: str, verb: str, names: set[str]) -> bool:
    if fault.machine is not None and fault.machine.lower() != machine.lower():
        return False
    if fault.command:
        return fault.command in names and verb == (fault.verb or "command")
    return not fault.verb or fault.verb == verb
