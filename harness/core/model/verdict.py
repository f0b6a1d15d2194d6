"""The product: what is true of a host and of each guest, with the witnesses that say so."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "ClusterCoverage",
    "FabricVerdict",
    "GuestVerdict",
    "HostVerdict",
    "NodeCoverage",
    "Reason",
    "Testimony",
    "Verdict",
    "WitnessName",
]


class Verdict(StrEnum):
    """Whether a guest is activated by AVMA now. UNKNOWN is an answer, never a guess."""

    ACTIVATED = "activated"
    NOT_ACTIVATED = "not_activated"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


class WitnessName(StrEnum):
    """The five witnesses; CIM is the authority, KVP is hearsay."""

    CIM = "cim"
    SLMGR_DLV = "slmgr_dlv"
    GUEST_EVENT = "guest_event_12309"
    HOST_EVENT = "host_event_12310"
    KVP = "kvp"


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause in the administrator's words and what to do about it.

    ``source``: for a rule of host keys, the document that it rests on.
    """

    code: str
    message: str
    next_step: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one witness says and whether it agrees with the verdict (None: it says nothing either way)."""

    name: WitnessName
    says: str
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class GuestVerdict:
    """One guest's verdict. ``expires_minutes`` is what is left of the licence's lease, None where there is none."""

    name: str
    vm_id: str
    host: str
    os_version: str | None
    edition: str | None
    verdict: Verdict
    channel: str | None
    expires_minutes: int | None
    reasons: tuple[Reason, ...]
    witnesses: tuple[Testimony, ...]
    granted_by: str | None = None
    granted_at: str | None = None


@dataclass(frozen=True, slots=True)
class HostVerdict:
    """Whether a host can act as AVMA parent: True, False, or None where nobody can tell."""

    name: str
    flavour: str
    os_version: str | None
    edition: str | None
    avma_ready: bool | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class NodeCoverage:
    """Whether a cluster's node can activate guests: True, False, or None where nobody can tell.

    ``state`` is the cluster's word: up, down, paused, joining or unknown. ``right`` is host, byol or subscription,
    ``key_version`` the release of the host key, where known; ``cause`` what is wrong, the root first; ``proven``
    whether the canary of this run was activated there, None where none was sent.
    """

    name: str
    state: str | None
    covered: bool | None
    right: str | None
    key_version: str | None
    cause: Reason | None = None
    proven: bool | None = None


@dataclass(frozen=True, slots=True)
class ClusterCoverage:
    """Whether guests stay activated wherever they move within a cluster: True only where every node is covered and all
    by the same right; ``causes`` are what is wrong with the nodes together.
    """

    name: str
    covered: bool | None
    nodes: tuple[NodeCoverage, ...]
    causes: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class FabricVerdict:
    """All hosts and guests of a run, in the inventory's order."""

    hosts: tuple[HostVerdict, ...]
    guests: tuple[GuestVerdict, ...]
