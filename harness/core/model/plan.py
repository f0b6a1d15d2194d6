"""What would be done and why, and what cannot be done: the plan and its outcomes."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.core.model.playbook import StepKind

__all__ = ["Action", "ActionResult", "ActionState", "Blocked", "Plan", "RetryClass", "Settlement", "TargetKind"]


class RetryClass(StrEnum):
    """How an operation may be repeated: READ freely; IDEMPOTENT, then read back; ONCE never by itself."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


class TargetKind(StrEnum):
    """Whether an action is done to a host or to a guest."""

    HOST = "host"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Action:
    """One change. ``target`` is the name shown; ``vm_id`` the guest's identity where the target is a guest; ``host``
    the inventory host through which it is done. ``arguments`` are what the command needs and are free of secrets:
    a host key appears as the name of its inventory entry.
    """

    id: str
    target: str
    target_kind: TargetKind
    host: str
    step: StepKind
    field: str
    before: str | None
    after: str | None
    reason: str
    refundable: bool
    retry_class: RetryClass
    vm_id: str | None = None
    arguments: Mapping[str, str] = dataclasses.field(default_factory=dict)
    serial: int | None = None
    step_index: int = 0


@dataclass(frozen=True, slots=True)
class Blocked:
    """A target that a step cannot serve, with the reason and what the administrator can do.

    ``source``: for a rule of host keys, the document that it rests on.
    """

    target: str
    code: str
    message: str
    next_step: str
    host: str | None = None
    vm_id: str | None = None
    step: StepKind | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in the order of the playbook's steps, and the blocked targets."""

    playbook: str
    actions: tuple[Action, ...]
    blocked: tuple[Blocked, ...]


class ActionState(StrEnum):
    """How an action ended: VERIFIED by reading back; ACCEPTED but not visible yet; UNVERIFIABLE cannot be read back."""

    VERIFIED = "verified"
    ACCEPTED = "accepted"
    UNVERIFIABLE = "unverifiable"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The outcome of one action; ``code`` is stable, ``next_step`` says what to do unless the state is verified."""

    action: Action
    state: ActionState
    message: str
    code: str = ""
    next_step: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the doubtful application of a host key was settled: ``state`` verified, failed (on proof) or unknown.

    ``entry`` is its number in the ledger; ``next_step`` says what to do where it stays unknown.
    """

    entry: int
    key_name: str
    last5: str
    host: str
    state: str
    message: str
    next_step: str = ""
