"""The rules of host keys: what may be spent where. Pure; used by the planner, and by the store before each intent.

Source of the rules: Microsoft Learn, "Activate Windows Server VMs on Azure Local" (2026-06-29) and its predecessor for
Azure Stack HCI (2023-04-17): one key per host except a MAK up to its count; 2019 or later; never an older one over a
newer one; an overwritten key stays used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.core.catalogue import release_rank
from harness.core.model import HostKeyEntry, HostLane, KeyKind, Reason
from harness.core.verdict import reason

__all__ = ["LedgerView", "SpentKey", "host_identity", "is_older", "ledger_refusal", "version_refusal"]

_FLOOR = "2019"
_OPEN = frozenset({"intent", "unknown"})


@dataclass(frozen=True, slots=True)
class SpentKey:
    """One application of one key to one host, past or planned.

    ``fingerprint`` is the store's salted one, "" where the key was not read; ``host`` is what ``host_identity`` gives;
    ``state``: planned, intent, verified, accepted, unknown, or failed where failure is proven.
    """

    key_name: str
    fingerprint: str
    host: str
    version: str
    state: str
    last5: str = ""

    @property
    def counts(self) -> bool:
        """Whether it uses up an activation: everything but a proven failure."""
        return self.state != "failed"

    @property
    def is_open(self) -> bool:
        """Whether nobody knows how it ended."""
        return self.state in _OPEN


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The ledger as a plan sees it, without a single key. ``tails``: last five characters by the inventory's key name,
    for keys that were read in this run.
    """

    entries: tuple[SpentKey, ...] = ()
    tails: Mapping[str, str] = field(default_factory=dict)

    def of(self, key_name: str, host: str) -> SpentKey | None:
        """The newest application of that key to that host which is not proven to have failed."""
        found = [e for e in self.entries if e.key_name == key_name and e.host == host and e.counts]
        return found[-1] if found else None

    def tails_of(self, key_name: str) -> frozenset[str]:
        """The tails under which that key is known."""
        told = {entry.last5 for entry in self.entries if entry.key_name == key_name and entry.last5}
        return frozenset(told | ({self.tails[key_name]} if key_name in self.tails else set()))

    def version_on(self, host: str) -> str | None:
        """The version of the key that was last applied to that host with a known outcome."""
        found = [entry.version for entry in self.entries if entry.host == host and entry.counts and not entry.is_open]
        return found[-1] if found else None


def host_identity(lane: HostLane) -> str:
    """The machine behind an inventory name, by which keys are counted: its own computer name, folded, where it told."""
    told = lane.facts.os.computer_name if lane.facts else None
    return (told or lane.name).casefold()


def is_older(version: str, other: str) -> bool:
    """Whether a Windows Server release is older than another; False where one is not known."""
    first, second = release_rank(version), release_rank(other)
    return first is not None and second is not None and first < second


def version_refusal(entry: HostKeyEntry, host: str, present: str | None) -> Reason | None:
    """Why the key's version forbids it on ``host``, whose key in force is of version ``present``."""
    if is_older(entry.version, _FLOOR) or release_rank(entry.version) is None:
        return reason("host_key_version_too_old", key=entry.name, version=entry.version, host=host)
    if present is not None and is_older(entry.version, present):
        return reason("host_key_downgrade", key=entry.name, version=entry.version, host=host, present=present)
    return None


def ledger_refusal(
    entry: HostKeyEntry, host: str, spent: Iterable[SpentKey], *, shown: str = "", fingerprint: str = ""
) -> Reason | None:
    """Why the key may not be spent on a host, or None.

    Args:
        entry: the inventory's key.
        host: the host's identity, see ``host_identity``.
        spent: everything that was ever spent or is planned, oldest first.
        shown: the host's name for the sentence, if it differs from its identity.
        fingerprint: of the key itself, where it was read: finds it under another inventory name.
    """
    name = shown or host
    same = [
        s for s in spent if s.counts and (s.key_name == entry.name or (fingerprint and s.fingerprint == fingerprint))
    ]
    here = [s for s in same if s.host == host]
    if here:
        if here[-1].is_open:
            return reason("host_key_unsettled", key=entry.name, host=name)
        return reason("host_key_already_sent", key=entry.name, host=name, state=here[-1].state)
    if entry.kind is not KeyKind.MAK:
        other = same[-1].host if same else None
        if other is None:
            return None
        return reason("host_key_used_elsewhere", kind=entry.kind.value, key=entry.name, other=other, host=name)
    if entry.activations is None:
        return reason("host_key_budget_unknown", key=entry.name, host=name)
    if len(same) >= entry.activations:
        return reason("host_key_budget_spent", key=entry.name, budget=entry.activations, used=len(same), host=name)
    return None
