"""The one typed event stream: everything a person sees subscribes to it.

Events are facts about the run, in the order they happened; ``time`` is an aware UTC time given by the run's clock.
They carry names, states and sentences, never a secret, and are published from several lanes, one at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from harness.core.masking import masked
from harness.core.model.plan import Action, ActionResult, Plan
from harness.core.model.verdict import FabricVerdict

__all__ = [
    "ActionFinished",
    "ActionStarted",
    "Event",
    "EventStream",
    "GuestChanged",
    "LaneFailed",
    "LaneFinished",
    "LaneStarted",
    "Note",
    "PhaseStarted",
    "PlanReady",
    "Retrying",
    "RunFinished",
    "RunStarted",
    "Subscriber",
    "VerdictReady",
]


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happened. ``run_id`` names the run."""

    run_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run begins: ``command`` as typed by the operator, the number of inventory hosts, the playbook's name if any."""

    command: str
    hosts: int
    playbook: str | None = None


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """``phase`` is gather_hosts, gather_guests or apply; ``lanes`` how many lanes or actions it has."""

    phase: str
    lanes: int


@dataclass(frozen=True, slots=True)
class LaneStarted(Event):
    """Work on one host or guest begins in ``phase``."""

    target: str
    phase: str


@dataclass(frozen=True, slots=True)
class LaneFinished(Event):
    """Work on one host or guest ended well; ``summary`` is one short line."""

    target: str
    phase: str
    summary: str


@dataclass(frozen=True, slots=True)
class LaneFailed(Event):
    """A lane has no answer: the error's code, its sentence and the next step."""

    target: str
    phase: str
    code: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Retrying(Event):
    """An operation is tried again after ``wait`` seconds, for ``reason``."""

    target: str
    attempt: int
    wait: float
    reason: str


@dataclass(frozen=True, slots=True)
class PlanReady(Event):
    """The plan is known."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class ActionStarted(Event):
    """An action's intent is in the journal and it is about to be sent."""

    action: Action


@dataclass(frozen=True, slots=True)
class ActionFinished(Event):
    """An action ended, in one of six states."""

    result: ActionResult


@dataclass(frozen=True, slots=True)
class VerdictReady(Event):
    """All verdicts of the run."""

    verdict: FabricVerdict


@dataclass(frozen=True, slots=True)
class GuestChanged(Event):
    """While watching: a guest's verdict, host or first cause is another than a round before (None: it is new)."""

    target: str
    vm_id: str
    host: str
    before: str | None
    verdict: str
    message: str


@dataclass(frozen=True, slots=True)
class Note(Event):
    """A sentence for the operator that belongs to no action: a waiver in force, a cache dropped."""

    target: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run ended with that exit code."""

    exit_code: int


Subscriber = Callable[[Event], None]


class EventStream:
    """Hands each event to every subscriber, one event at a time, in the order of publication.

    Args:
        redact: masks secrets in every text of an event before anybody sees it.
    """

    def __init__(self, redact: Callable[[str], str] | None = None) -> None:
        self._redact = redact
        self._subscribers: list[Subscriber] = []
        self._keep: Callable[[Event], bool] | None = None
        self._lock = Lock()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber; it sees what is published from now on."""
        self._subscribers.append(subscriber)

    def narrow(self, keep: Callable[[Event], bool] | None) -> None:
        """From now on publish only what ``keep`` lets through; None lets everything through again."""
        with self._lock:
            self._keep = keep

    def publish(self, event: Event) -> None:
        """Tell everyone."""
        event = event if self._redact is None else masked(event, self._redact)
        with self._lock:
            if self._keep is not None and not self._keep(event):
                return
            for subscriber in self._subscribers:
                subscriber(event)
