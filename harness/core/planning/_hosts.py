"""Steps about hosts: whether they are ready, and host keys for Azure nodes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from harness.core.model import (
    Flavour,
    HostActivation,
    HostKeyEntry,
    HostLane,
    Licensing,
    Reason,
    RetryClass,
    Step,
)
from harness.core.planning._cluster import ClusterSight, cluster_of, sights
from harness.core.planning._desk import Desk
from harness.core.planning.ledger import SpentKey, host_identity, ledger_refusal, unsettled, version_refusal
from harness.core.verdict import AZURE, HostGrant, part_error, reason

__all__ = ["plan_host_activation", "plan_host_keys"]

_UNASKABLE = frozenset({"access_denied", "command_missing"})
"""Reasons for which Get-VMAutomaticActivation did not run; silence or another error may be how it says "no key"."""
_FIRST = frozenset({"hyperv_missing", "avma_module_missing", "node_not_registered", "node_not_synced"})
"""What has to be mended before a key is worth sending."""
_NOTHING = HostActivation(configured=None, last5=None, version=None, raw=())


def plan_host_activation(desk: Desk, step: Step, _index: int) -> None:
    """No action: a host that is not ready, and does not become so in this plan, is named with its causes."""
    for lane in desk.hosts(step):
        verdict = desk.host_verdicts[lane.name]
        if verdict.avma_ready is not True and lane.name not in desk.keyed and lane.failure is None:
            for cause in verdict.reasons:
                desk.block_host(lane.name, cause, step.kind)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A key that a node should get; ``refusal`` where it must not."""

    lane: HostLane
    entry: HostKeyEntry
    before: str
    note: str


def plan_host_keys(desk: Desk, step: Step, index: int) -> None:
    """One Set-VMAutomaticActivation for each node that lacks its key, refused wherever a key could be wasted."""
    seen = sights(desk.fabric)
    machines: dict[str, str] = {}
    wishes: list[_Wish] = []
    for lane in desk.hosts(step):
        entry = _entry(desk, lane, step) if lane.name not in desk.keyed else None
        if entry is None:
            continue
        cause = _twice(lane, machines) or _away(desk, lane, seen)
        wish = _wish(desk, lane, entry, step) if cause is None else None
        if isinstance(wish, _Wish):
            identity, mark = host_identity(lane), desk.ledger.fingerprint(entry.name)
            spent = _of_same_secret(desk, entry, desk.spent)
            cause = ledger_refusal(entry, identity, spent, shown=lane.name, fingerprint=mark)
            if cause is None:
                desk.spent.append(SpentKey(entry.name, mark, identity, entry.version, "planned"))
                wishes.append(wish)
        elif isinstance(wish, Reason):
            cause = wish
        if cause is not None:
            desk.block_host(lane.name, cause, step.kind)
    _strangers(desk, seen, step)
    _carry_out(desk, _without_mixtures(desk, wishes, step), step, index)


def _entry(desk: Desk, lane: HostLane, step: Step) -> HostKeyEntry | None:
    """The key that the inventory wants on a host; None where there is nothing to do or the wish makes no sense."""
    host = desk.inventory.hosts.get(lane.name)
    if host is None or host.licensing is Licensing.SUBSCRIPTION:
        return None
    azure = lane.facts is None or lane.facts.flavour in AZURE
    wanted = host.key is not None or host.licensing is Licensing.BYOL
    if not azure and wanted:
        desk.block_host(lane.name, _not_a_node(desk, lane), step.kind)
    if not azure or (lane.facts is None and not wanted):
        return None
    if host.licensing is Licensing.HOST:
        if desk.host_verdicts[lane.name].avma_ready is not True:
            desk.block_host(lane.name, reason("licensing_not_chosen", host=lane.name), step.kind)
        return None
    entry = desk.inventory.keys.get(host.key or "")
    if entry is None:
        desk.block_host(lane.name, reason("host_key_not_given", host=lane.name), step.kind)
    return entry


def _not_a_node(desk: Desk, lane: HostLane) -> Reason:
    """Why a host that is not known to be an Azure node gets no key."""
    assert lane.facts is not None
    if lane.facts.flavour is Flavour.UNKNOWN:
        return desk.host_verdicts[lane.name].reasons[0]
    system = lane.facts.os.caption or lane.facts.flavour.value
    return reason("host_key_not_applicable", host=lane.name, system=system)


def _twice(lane: HostLane, machines: dict[str, str]) -> Reason | None:
    """Two inventory names of one machine would spend a key each."""
    told = lane.facts.os.computer_name if lane.facts else None
    if told is None:
        return None
    other = machines.setdefault(told.casefold(), lane.name)
    return None if other == lane.name else reason("same_machine_twice", host=lane.name, other=other, computer=told)


def _away(desk: Desk, lane: HostLane, seen: dict[str, ClusterSight]) -> Reason | None:
    """A node that is not up, by its own silence or by its cluster's word, gets nothing now."""
    cluster = cluster_of(desk, lane)
    state = seen[cluster].state(lane) if cluster in seen else None
    if lane.facts is not None and state in {None, "up"}:
        return None
    told = state if state not in {None, "up", "unknown"} else "not reachable"
    if lane.facts is not None and state == "unknown":
        return None
    return reason("cluster_not_covered", host=lane.name, cluster=cluster or "its cluster", state=told)


def _wish(desk: Desk, lane: HostLane, entry: HostKeyEntry, step: Step) -> _Wish | Reason | None:
    """What to do about one node: a key to apply, a cause against it, or nothing since it is right."""
    assert lane.facts is not None
    facts, activation = lane.facts, lane.facts.activation
    part = facts.parts.get("activation")
    verdict = desk.host_verdicts[lane.name]
    hard = next((c for c in verdict.reasons if c.code in _FIRST), None)
    if hard is not None:
        return hard
    if activation is None and (part is None or part.code in _UNASKABLE):
        return reason("host_key_unreadable", host=lane.name, why=part_error(facts.parts, "activation") or "no answer")
    shown = activation or _NOTHING
    told = _already(desk, lane, entry, shown)
    if told is not True:
        return told
    refusal = version_refusal(entry, lane.name, _present_version(desk, lane))
    if refusal is not None:
        return refusal
    if shown.configured is True and shown.last5 is None:
        return reason("host_key_unidentified", host=lane.name, key=entry.name)
    if shown.configured is True and step.options.get("accept_key_cost") is not True:
        return reason("host_key_replaces", host=lane.name, tail=shown.last5, key=entry.name)
    return _Wish(lane, entry, *_words(lane.name, entry, shown, _counting(desk, lane, shown)))


def _already(desk: Desk, lane: HostLane, entry: HostKeyEntry, shown: HostActivation) -> Literal[True] | Reason | None:
    """True: the key was never sent here, and no other is in doubt. None: it is there, or was sent and nothing speaks
    against it.
    """
    configured, tail = shown.configured, shown.last5
    if configured is True and tail is not None and tail in desk.ledger.tails_of(entry.name):
        return None
    doubtful = desk.ledger.open_on(host_identity(lane))
    if doubtful is not None:
        return unsettled(doubtful, lane.name)
    before = desk.ledger.of(entry.name, host_identity(lane))
    if before is None:
        return True
    if configured is False or (configured is True and tail is not None and before.last5 and tail != before.last5):
        return reason("host_key_already_sent", key=entry.name, host=lane.name, state=before.state)
    return None


def _counting(desk: Desk, lane: HostLane, shown: HostActivation) -> int:
    """How many keys count for a host already: those of the ledger, and the one in force if the ledger lacks it."""
    tails = {e.last5 for e in desk.ledger.entries if e.host == host_identity(lane) and e.counts}
    return len(tails | {shown.last5} if shown.configured is True and shown.last5 else tails)


def _words(host: str, entry: HostKeyEntry, shown: HostActivation, counting: int) -> tuple[str, str]:
    """What the plan shows as the state before, and why it would be changed."""
    cost = f"It takes one activation of the {entry.kind.value} key for ever."
    if shown.configured is True:
        both = f"The old key stays used as well. With the new one {counting + 1} keys count for {host}."
        return f"key ...{shown.last5}", f"{host} has another host key. {cost} {both}"
    if shown.configured is False:
        return "none", f"{host} has no host key, so it cannot activate guests. {cost}"
    return "unknown", f"{host} does not show a host key, and none is known to have been sent. {cost}"


def _of_same_secret(desk: Desk, entry: HostKeyEntry, spent: Iterable[SpentKey]) -> list[SpentKey]:
    """The spent keys, those of another inventory name with the very same reference counted as this key."""

    def same(name: str) -> bool:
        other = desk.inventory.keys.get(name)
        return other is not None and (other.key.source, dict(other.key.locator)) == (
            entry.key.source,
            dict(entry.key.locator),
        )

    return [replace(s, key_name=entry.name) if same(s.key_name) else s for s in spent]


def _without_mixtures(desk: Desk, wishes: list[_Wish], step: Step) -> list[_Wish]:
    """Refuse all keys of a cluster whose nodes would end with keys of several versions."""
    planned = {wish.lane.name: wish.entry.version for wish in wishes}
    versions: dict[str, set[str]] = {}
    for lane in desk.fabric.hosts:
        cluster = cluster_of(desk, lane)
        version = planned.get(lane.name) or _present_version(desk, lane)
        if cluster is not None and version is not None:
            versions.setdefault(cluster, set()).add(version)
    kept = []
    for wish in wishes:
        cluster = cluster_of(desk, wish.lane)
        found = versions.get(cluster or "", set())
        if cluster is None or len(found) < 2:
            kept.append(wish)
        else:
            cause = reason("mixed_key_versions", cluster=cluster, versions=", ".join(sorted(found)))
            desk.block_host(wish.lane.name, cause, step.kind)
    return kept


def _present_version(desk: Desk, lane: HostLane) -> str | None:
    """The version of the key in force on a node that this plan does not touch."""
    activation = lane.facts.activation if lane.facts else None
    if activation is not None and activation.configured is False:
        return None
    told = activation.version if activation else None
    return told or desk.ledger.version_on(host_identity(lane))


def _strangers(desk: Desk, seen: dict[str, ClusterSight], step: Step) -> None:
    """Nodes that a cluster names and the inventory does not."""
    for cluster, sight in seen.items():
        byol = [lane for lane in sight.lanes if _is_byol(desk, lane) and lane.name in desk.scope.hosts]
        for node in sight.strangers(desk.inventory) if byol else ():
            desk.block_host(node, reason("node_not_in_inventory", cluster=cluster, host=node), step.kind)


def _is_byol(desk: Desk, lane: HostLane) -> bool:
    entry = desk.inventory.hosts.get(lane.name)
    return entry is not None and entry.licensing is Licensing.BYOL


def _carry_out(desk: Desk, wishes: Iterable[_Wish], step: Step, index: int) -> None:
    """Plan the keys, and expect their nodes to activate guests from then on."""
    for wish in wishes:
        entry, lane = wish.entry, wish.lane
        desk.change_host(
            lane,
            step,
            index,
            retry_class=RetryClass.ONCE,
            arguments={"key": entry.name, "identity": host_identity(lane)},
            field="host_key",
            before=wish.before,
            after=f"key {entry.name} ({entry.version}, {entry.kind.value})",
            reason=wish.note,
        )
        desk.expect_ready(lane, HostGrant(Licensing.BYOL, entry.version))
