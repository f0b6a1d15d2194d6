"""What a validation before an upgrade says: steps, forecasts, findings."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from harness.core.moves import Stay

__all__ = [
    "Finding",
    "GuestForecast",
    "HostForecast",
    "PoolForecast",
    "Preflight",
    "Rank",
    "Span",
    "SwapStep",
    "UpgradeStep",
    "UpgradeWish",
]


class Rank(StrEnum):
    """How much a finding weighs. BLOCKER: do not begin. WARNING: decide first. NOTE: plan for it."""

    BLOCKER = "blocker"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class UpgradeWish:
    """What is to be upgraded. ``to`` is a Windows Server release, or one of Azure Stack HCI and Azure Local ("23H2").

    ``edition`` is what the guests will be, where setup is to change it; ``cluster`` limits to one cluster or to one
    host without a cluster; ``window`` is how long the upgrade may take.
    """

    to: str
    hosts: bool = True
    guests: bool = True
    cluster: str | None = None
    edition: str | None = None
    window: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class UpgradeStep:
    """One step of the proposed order in one pool, counted from 1.

    ``node`` is the host that is emptied, upgraded and taken back; None for the last step, the guests themselves.
    """

    number: int
    node: str | None
    release: str
    vms: int


@dataclass(frozen=True, slots=True)
class PoolForecast:
    """A cluster, or a host without one, and the order proposed for it. After step n the pool is in state n; state 0 is
    now.
    """

    name: str
    clustered: bool
    nodes: tuple[str, ...]
    functional_level: int | None
    steps: tuple[UpgradeStep, ...]

    @property
    def last(self) -> int:
        """The number of the last state."""
        return self.steps[-1].number if self.steps else 0


@dataclass(frozen=True, slots=True)
class HostForecast:
    """One host before and after. ``key_needed`` is the release its host key must cover; ``steps`` those that empty it.

    ``synced_at`` is an ISO 8601 UTC text; ``module`` the version of ServerAVMAManager.
    """

    name: str
    pool: str
    flavour: str
    release_before: str | None
    release_after: str | None
    edition: str | None
    avma_ready: bool | None
    own_licence: str | None
    licensing: str
    key_version: str | None
    key_needed: str | None
    module: str | None
    subscription_active: bool | None
    synced_at: str | None
    steps: tuple[int, ...]
    guests: int


@dataclass(frozen=True, slots=True)
class Span:
    """What becomes of a guest on one node in the states ``first`` to ``last`` of its pool, both included."""

    node: str
    first: int
    last: int
    stay: Stay
    until: str | None = None
    code: str = ""
    message: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class SwapStep:
    """One step of a guest's change of keys: what is done, with which public key, and what proves that it is done."""

    when: str
    do: str
    key: str
    proof: str


@dataclass(frozen=True, slots=True)
class GuestForecast:
    """One guest before and after. ``outcome``: stays, gains, at_risk, loses, unaffected or unknown."""

    name: str
    vm_id: str
    host: str
    pool: str
    release_before: str | None
    edition_before: str | None
    release_after: str | None
    edition_after: str | None
    method: str | None
    activated: bool | None
    expires_minutes: int | None
    key_before: str | None
    key_after: str | None
    outcome: str
    swap: tuple[SwapStep, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before the upgrade. ``kind``: cluster, host or guest; ``evidence`` what it rests on."""

    rank: Rank
    kind: str
    target: str
    code: str
    message: str
    next_step: str
    evidence: tuple[str, ...] = ()
    vm_id: str | None = None


@dataclass(frozen=True, slots=True)
class Preflight:
    """The validation of one wish: findings with blockers first, forecasts in the facts' order."""

    to: str
    scope: tuple[str, ...]
    window_minutes: int
    pools: tuple[PoolForecast, ...]
    hosts: tuple[HostForecast, ...]
    guests: tuple[GuestForecast, ...]
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """Whether anything forbids to begin."""
        return any(finding.rank is Rank.BLOCKER for finding in self.findings)
