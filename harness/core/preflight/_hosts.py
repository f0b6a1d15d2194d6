"""Findings about each host, and what it is before and after."""

from collections.abc import Iterable
from datetime import timedelta

from harness.core.catalogue import release_rank
from harness.core.model import HostFacts, HostKeyEntry, Licensing, Reason
from harness.core.moves import HostStand
from harness.core.planning import SpentKey, host_identity, is_older, ledger_refusal, version_refusal
from harness.core.preflight._desk import Desk, Plot
from harness.core.preflight._order import hops
from harness.core.preflight._records import Finding, HostForecast, Rank
from harness.core.verdict import AZURE, method_name, method_of
from harness.core.verdict.licences import windows_licence

__all__ = ["find_hosts", "forecast_host", "needed_version"]

_MODULE = "serveravmamanager"
_SYNC_LIMIT = timedelta(days=30)
_LEASE = timedelta(days=7)
_VOLUME = frozenset({"kms", "kms_host"})


def find_hosts(desk: Desk) -> None:
    """Readiness, edition, own licence, host key, module, subscription, sync: host by host."""
    for plot in desk.plots:
        spent = list(desk.ledger.entries)
        for name, stand in plot.stands.items():
            if name not in plot.pool.strangers:
                _ready(desk, plot, stand)
                if stand.lane.facts is not None:
                    _own(desk, plot, stand, stand.lane.facts)
                    if stand.lane.facts.flavour in AZURE:
                        _azure(desk, plot, stand, stand.lane.facts, spent)


def forecast_host(desk: Desk, plot: Plot, stand: HostStand) -> HostForecast:
    """One host before and after."""
    facts = stand.lane.facts
    own = windows_licence(facts.licences) if facts else None
    last = facts.subscription.last_connected if facts and facts.subscription else None
    azure = facts is not None and facts.flavour in AZURE
    return HostForecast(
        name=stand.lane.name,
        pool=plot.pool.name,
        flavour=stand.verdict.flavour,
        release_before=plot.course.states[0].get(stand.lane.name),
        release_after=plot.course.states[-1].get(stand.lane.name),
        edition=stand.verdict.edition,
        avma_ready=stand.verdict.avma_ready,
        own_licence=method_of(own) if own else None,
        licensing=stand.grant.licensing.value,
        key_version=stand.grant.version,
        key_needed=needed_version(desk, plot) if azure else None,
        module=_module(facts),
        subscription_active=facts.subscription.active if facts and facts.subscription else None,
        synced_at=last.isoformat(timespec="minutes") if last else None,
        steps=tuple(step.number for step in plot.course.steps if step.node == stand.lane.name),
        guests=sum(case.lane.host == stand.lane.name for case in plot.cases),
    )


def needed_version(desk: Desk, plot: Plot) -> str | None:
    """The newest release of the pool's AVMA guests after the upgrade: what every host key there must cover."""
    ranked = [
        (rank, release)
        for case in plot.avma_cases
        if (release := desk.after(case).identity.release) and (rank := release_rank(release)) is not None
    ]
    return max(ranked)[1] if ranked else None


def _ready(desk: Desk, plot: Plot, stand: HostStand) -> None:
    """What the verdict holds against the host as it is now: a blocker where AVMA guests live or may come to live."""
    name, verdict = stand.lane.name, stand.verdict
    if stand.lane.facts is None:
        told = verdict.reasons[0]
        desk.find("host_unread", "host", name, host=name, why=told.message, cure=told.next_step)
        return
    hard = verdict.avma_ready is False and bool(plot.avma_cases)
    for cause in verdict.reasons:
        _borrow(desk, Rank.BLOCKER if hard else Rank.WARNING, name, cause)


def _borrow(desk: Desk, rank: Rank, host: str, cause: Reason, *evidence: str) -> None:
    """A finding in the words of another table."""
    desk.findings.append(Finding(rank, "host", host, cause.code, cause.message, cause.next_step, evidence))


def _own(desk: Desk, plot: Plot, stand: HostStand, facts: HostFacts) -> None:
    """The release of the host itself, and what becomes of its own licence."""
    name, release = stand.lane.name, facts.os.release
    if not desk.wish.hosts or not desk.aim.concerns(stand.lane) or release is None:
        return
    if not desk.aim.is_behind(release):
        desk.find("host_at_release", "host", name, host=name, release=release)
        return
    between = () if plot.pool.clustered or desk.aim.azure else hops(release, desk.aim.release)
    if between:
        listed = ", ".join(between)
        desk.find("host_upgrade_in_hops", "host", name, host=name, release=release, to=desk.aim.release, between=listed)
    own = windows_licence(facts.licences)
    if desk.aim.azure or own is None:
        return
    method = method_of(own)
    evidence = (f"CIM: channel {own.product_key_channel}, key ...{own.partial_product_key}",)
    if method in _VOLUME:
        desk.find("host_kms_after", "host", name, evidence=evidence, host=name, to=desk.aim.release)
    else:
        desk.find(
            "host_needs_own_key",
            "host",
            name,
            evidence=evidence,
            host=name,
            to=desk.aim.release,
            method=method_name(method),
            release=release,
        )


def _azure(desk: Desk, plot: Plot, stand: HostStand, facts: HostFacts, spent: list[SpentKey]) -> None:
    name = stand.lane.name
    subscription = facts.subscription
    last = subscription.last_connected if subscription else None
    if last is not None:
        age = (facts.os.clock or facts.gathered_at) - last
        if age <= _SYNC_LIMIT and age + desk.wish.window > _SYNC_LIMIT - _LEASE:
            told = (f"Get-AzureStackHCI: LastConnected {last.isoformat(timespec='minutes')}",)
            desk.find("sync_due", "host", name, evidence=told, host=name, days=age.days)
    if stand.grant.licensing is Licensing.SUBSCRIPTION:
        version = _module(facts)
        if version is not None and tuple(map(int, version.split("."))) < (1, 1):
            desk.find("avma_module_old", "host", name, host=name, version=version)
        return
    if desk.aim.azure and desk.aim.is_behind(facts.os.release):
        desk.find("azure_key_after_upgrade", "host", name, host=name, to=desk.aim.release)
    _host_key(desk, plot, stand, spent)


def _host_key(desk: Desk, plot: Plot, stand: HostStand, spent: list[SpentKey]) -> None:
    """Whether the key in force covers the guests after the upgrade, and whether the one planned for it may be spent."""
    name, needed, present = stand.lane.name, needed_version(desk, plot), stand.grant.version
    host = desk.inventory.hosts.get(name) if desk.inventory else None
    entry = desk.inventory.keys.get(host.key) if desk.inventory and host and host.key else None
    told = stand.lane.facts.activation if stand.lane.facts else None
    shown = told.version if told else None
    if needed is not None and present is None:
        desk.find("host_key_version_unknown", "host", name, host=name, needed=needed)
    elif needed is not None and present is not None and is_older(present, needed):
        guests = [c.name for c in plot.avma_cases if is_older(present, desk.after(c).identity.release or "")]
        desk.find(
            "host_key_upgrade_needed",
            "host",
            name,
            evidence=(f"host key of {present}" if shown else f"the inventory gives it a key of {present}",),
            host=name,
            present=present,
            needed=needed,
            guests=_some(guests),
        )
    if entry is not None:
        _planned_key(desk, stand, entry, shown, spent)


def _planned_key(desk: Desk, stand: HostStand, entry: HostKeyEntry, shown: str | None, spent: list[SpentKey]) -> None:
    """The inventory's key: no downgrade, an activation left, never a second time."""
    name, identity = stand.lane.name, host_identity(stand.lane)
    cause = version_refusal(entry, name, shown)
    mark = desk.ledger.fingerprint(entry.name)
    there = desk.ledger.of(entry.name, identity) or (shown is not None and shown == entry.version)
    if cause is None and not there:
        cause = ledger_refusal(entry, identity, spent, shown=name, fingerprint=mark)
        spent.append(SpentKey(entry.name, mark, identity, entry.version, "planned"))
    if cause is not None:
        _borrow(desk, Rank.BLOCKER, name, cause, f"inventory: key {entry.name} of {entry.version}")


def _module(facts: HostFacts | None) -> str | None:
    found = [m.version for m in facts.modules if m.name.casefold() == _MODULE] if facts else []
    return ".".join(map(str, max(found))) if found else None


def _some(names: Iterable[str]) -> str:
    listed = tuple(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
