"""Whether a host can act as AVMA parent, and which guests it covers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast, get_args

from harness.core.catalogue import Cell, azure_local_supports, host_supports, release_rank
from harness.core.catalogue import Licensing as AzureLicensing
from harness.core.model import (
    Flavour,
    HostFacts,
    HostLane,
    HostVerdict,
    Inventory,
    LicenseStatus,
    Licensing,
    PartState,
    Reason,
)
from harness.core.verdict._causes import reason
from harness.core.verdict._identity import GuestIdentity
from harness.core.verdict.licences import GRACE, method_of, status_name, windows_licence

__all__ = ["AZURE", "HostGrant", "coverage", "grant_of", "host_verdict", "key_version", "part_error"]

AZURE = frozenset({Flavour.AZURE_STACK_HCI, Flavour.AZURE_LOCAL})
_MODULE = "serveravmamanager"
_FLOOR = "2012 R2"
_SYNC_LIMIT = timedelta(days=30)
"""Microsoft Learn, Azure Local vm-activate: the host must sync with Azure at least every thirty days."""

Finding = tuple[bool | None, Reason | None]
"""Whether the host passes one test (None: nobody can tell), and the cause where it does not."""


@dataclass(frozen=True, slots=True)
class HostGrant:
    """By what right a host activates guests: ``version`` is the release of the host key in force, where known."""

    licensing: Licensing = Licensing.HOST
    version: str | None = None


def key_version(text: str | None) -> str | None:
    """A host key's version as the catalogue's matrix names it ("2022"), or None."""
    plain = (text or "").strip()
    return plain if plain in get_args(AzureLicensing) else None


def grant_of(lane: HostLane, inventory: Inventory | None) -> HostGrant:
    """The right of one host: a subscription in force, what it says of its key, else what the inventory gave it."""
    if lane.facts and lane.facts.subscription and lane.facts.subscription.active:
        return HostGrant(Licensing.SUBSCRIPTION)
    entry = inventory.hosts.get(lane.name) if inventory is not None else None
    licensing = entry.licensing if entry else Licensing.HOST
    activation = lane.facts.activation if lane.facts else None
    told = key_version(activation.version) if activation else None
    key = inventory.keys.get(entry.key) if inventory and entry and entry.key else None
    if told is None and licensing is Licensing.BYOL and key is not None:
        told = key_version(key.version)
    return HostGrant(licensing, told)


def coverage(facts: HostFacts, grant: HostGrant, guest: GuestIdentity) -> Cell | None:
    """The matrix cell of this host and that guest; None where a side of the question is unknown."""
    if guest.release is None:
        return None
    if facts.flavour in AZURE:
        subscribed = grant.licensing is Licensing.SUBSCRIPTION or _subscribed(facts)
        right = "subscription" if subscribed else grant.version
        return azure_local_supports(cast("AzureLicensing", right), guest.release, guest.edition) if right else None
    release = facts.os.release
    return host_supports(release, guest.release, guest.edition) if release else None


def part_error(parts: Mapping[str, PartState], name: str) -> str | None:
    """Why a part of the facts is unknown, or None when it was read."""
    part = parts.get(name)
    if part is None:
        return "it was not asked"
    return None if part.ok else (part.message or part.code or "no reason given").rstrip(".")


def host_verdict(lane: HostLane, grant: HostGrant) -> HostVerdict:
    """Whether that host can activate guests now, with every cause against it, the root first."""
    facts = lane.facts
    if facts is None:
        failure = lane.failure
        told = Reason(failure.code, failure.message, failure.next_step) if failure else None
        told = told or reason("host_silent", host=lane.name)
        return HostVerdict(lane.name, Flavour.UNKNOWN.value, None, None, None, (told,))
    findings = [_kind(lane.name, facts), _hyperv(lane.name, facts)]
    if findings[0][0] is True:
        right = _azure(lane.name, facts, grant) if facts.flavour in AZURE else _server(lane.name, facts)
        findings.append(right)
    answers = {answer for answer, _ in findings}
    ready = False if False in answers else (None if None in answers else True)
    ordered = sorted((f for f in findings if f[1]), key=lambda finding: finding[0] is not False)
    return HostVerdict(
        name=lane.name,
        flavour=facts.flavour.value,
        os_version=facts.os.release,
        edition=facts.os.edition,
        avma_ready=ready,
        reasons=tuple(cause for _, cause in ordered if cause),
    )


def _kind(name: str, facts: HostFacts) -> Finding:
    """The edition and release of the host."""
    if facts.flavour in AZURE:
        return True, None
    if facts.flavour is Flavour.UNKNOWN:
        why = part_error(facts.parts, "os") or "its edition is not in the catalogue"
        return None, reason("host_kind_unknown", host=name, why=why)
    if facts.flavour is Flavour.OTHER:
        return False, reason("host_not_windows_server", host=name)
    if facts.flavour is Flavour.SERVER_OTHER:
        return False, reason("host_wrong_edition", host=name, edition=facts.os.edition or "(another edition)")
    rank, floor = release_rank(facts.os.release or ""), release_rank(_FLOOR)
    if rank is not None and floor is not None and rank < floor:
        return False, reason("host_before_avma", host=name, release=facts.os.release)
    return True, None


def _hyperv(name: str, facts: HostFacts) -> Finding:
    if facts.hyperv is None:
        why = part_error(facts.parts, "hyperv") or part_error(facts.parts, "modules") or "no proof either way"
        return None, reason("hyperv_unknown", host=name, why=why)
    return (True, None) if facts.hyperv else (False, reason("hyperv_missing", host=name))


def _server(name: str, facts: HostFacts) -> Finding:
    """A plain Windows Server host must be activated itself, by whatever method."""
    error = part_error(facts.parts, "licences")
    if error is not None:
        return None, reason("host_licence_unreadable", host=name, why=error)
    licence = windows_licence(facts.licences)
    if licence is None:
        return False, reason("host_no_key", host=name)
    if facts.os.evaluation or method_of(licence) == "evaluation":
        return None, reason("host_evaluation", host=name)
    if licence.status == LicenseStatus.LICENSED:
        return True, None
    told = reason("host_not_activated", host=name, status=status_name(licence.status))
    if licence.status in GRACE:
        return None, reason("host_in_grace", host=name, status=status_name(licence.status))
    return (None if licence.status is None else False), told


def _azure(name: str, facts: HostFacts, grant: HostGrant) -> Finding:
    """An Azure node needs its registration, a host key or the subscription, and a sync within thirty days."""
    if facts.subscription is not None and facts.subscription.registered is False:
        return False, reason("node_not_registered", host=name)
    if _unsynced(facts):
        return False, reason("node_not_synced", host=name)
    if _subscribed(facts):
        return True, None
    told = facts.subscription.active if facts.subscription else None
    if grant.licensing is Licensing.SUBSCRIPTION and told is False:
        return False, reason("subscription_inactive", host=name)
    return _host_key(name, facts, grant)


def _subscribed(facts: HostFacts) -> bool:
    """The node says that its subscription is in force, whatever the inventory holds to be its right."""
    return facts.subscription is not None and facts.subscription.active is True


def _host_key(name: str, facts: HostFacts, grant: HostGrant) -> Finding:
    """What Get-VMAutomaticActivation tells of the right to activate guests."""
    activation = facts.activation
    if activation is not None and activation.configured is True:
        return True, None
    if activation is not None and activation.configured is False:
        code = "subscription_inactive" if grant.licensing is Licensing.SUBSCRIPTION else "host_key_missing"
        return False, reason(code, host=name)
    if activation is None and _module_missing(facts):
        return False, reason("avma_module_missing", host=name)
    error = part_error(facts.parts, "activation")
    if activation is None and error is not None:
        return None, reason("host_key_unreadable", host=name, why=error)
    return None, reason("host_key_unrecorded", host=name)


def _unsynced(facts: HostFacts) -> bool:
    last = facts.subscription.last_connected if facts.subscription else None
    return last is not None and (facts.os.clock or facts.gathered_at) - last > _SYNC_LIMIT


def _module_missing(facts: HostFacts) -> bool:
    """The command is not there, and neither is its module: not merely hidden by a role."""
    part = facts.parts.get("activation")
    gone = part is None or part.code == "command_missing"
    readable = part_error(facts.parts, "modules") is None
    return gone and readable and not any(module.name.casefold() == _MODULE for module in facts.modules)
