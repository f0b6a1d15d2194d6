"""The rules of host keys: what may be spent where. Pure; used by the planner, and by the store before each intent.

Source of the rules: Microsoft Learn, "Activate Windows Server VMs on Azure Local" (2026-06-29) and its predecessor for
Azure Stack HCI (2023-04-17): one key per host except a MAK up to its count; 2019 or later; never an older one over a
newer one; an overwritten key stays used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.catalogue import release_rank
from harness.core.model import HostKeyEntry, HostLane, KeyKind, Reason
from harness.core.verdict import reason

__all__ = ["LedgerView", "SpentKey", "host_identity", "is_older", "ledger_refusal", "unsettled", "version_refusal"]

_FLOOR = "2019"
_OPEN = frozenset({"intent", "unknown"})


@dataclass(frozen=True, slots=True)
class SpentKey:
    """One application of one key to one host, past or planned.

    ``fingerprint`` is the store's salted one, "" where the key was not read; ``host`` is what ``host_identity`` gives;
    ``state``: planned, intent, verified, accepted, unknown, or failed where failure is proven; ``run_id`` who sent it.
    """

    key_name: str
    fingerprint: str
    host: str
    version: str
    state: str
    last5: str = ""
    run_id: str = ""

    @property
    def counts(self) -> bool:
        """Whether it uses up an activation: everything but a proven failure."""
        return self.state != "failed"

    @property
    def is_open(self) -> bool:
        """Whether nobody knows how it ended."""
        return self.state in _OPEN

    def is_of(self, key_name: str, fingerprint: str) -> bool:
        """Whether it was that key: by fingerprint where both were read, so that neither another name nor a new key
        under an old name deceives; else by name.
        """
        if self.fingerprint and fingerprint:
            return self.fingerprint == fingerprint
        return self.key_name == key_name


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The ledger as a plan sees it, without a single key.

    ``tails`` and ``fingerprints``: last five characters and the store's salted fingerprint by the inventory's key name,
    for the keys that were read in this run.
    """

    entries: tuple[SpentKey, ...] = ()
    tails: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self, key_name: str) -> str:
        """The fingerprint of the inventory's key, "" where it was not read."""
        return self.fingerprints.get(key_name, "")

    def of(self, key_name: str, host: str) -> SpentKey | None:
        """The newest application of that key to that host which is not proven to have failed."""
        mark = self.fingerprint(key_name)
        found = [e for e in self.entries if e.host == host and e.counts and e.is_of(key_name, mark)]
        return found[-1] if found else None

    def tails_of(self, key_name: str) -> frozenset[str]:
        """The tails under which that key is known."""
        mark = self.fingerprint(key_name)
        told = {entry.last5 for entry in self.entries if entry.is_of(key_name, mark) and entry.last5}
        return frozenset(told | ({self.tails[key_name]} if key_name in self.tails else set()))

    def open_on(self, host: str) -> SpentKey | None:
        """An application of any key to that host of which nobody knows how it ended."""
        return next((entry for entry in self.entries if entry.host == host and entry.is_open), None)

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
    known = [s for s in spent if s.counts]
    doubtful = next((s for s in known if s.host == host and s.is_open), None)
    if doubtful is not None:
        return unsettled(doubtful, name)
    same = [s for s in known if s.is_of(entry.name, fingerprint)]
    here = next((s for s in same if s.host == host), None)
    if here is not None:
        return reason("host_key_already_sent", key=entry.name, host=name, state=here.state)
    return _budget_refusal(entry, same, name)


def unsettled(doubtful: SpentKey, host: str) -> Reason:
    """Nothing is sent to ``host`` while nobody knows what became of the last key; and how to settle it."""
    return reason(
        "host_key_unsettled",
        key=doubtful.key_name,
        tail=doubtful.last5 or "?????",
        host=host,
        run=doubtful.run_id or "RUN",
    )


def _budget_refusal(entry: HostKeyEntry, same: Sequence[SpentKey], name: str) -> Reason | None:
    """Why the key has no activation left for a host, with its applications to others."""
    if entry.kind is not KeyKind.MAK:
        if not same:
            return None
        return reason("host_key_used_elsewhere", kind=entry.kind.value, key=entry.name, other=same[-1].host, host=name)
    if entry.activations is None:
        return reason("host_key_budget_unknown", key=entry.name, host=name)
    if len(same) >= entry.activations:
        return reason("host_key_budget_spent", key=entry.name, budget=entry.activations, used=len(same), host=name)
    return None
