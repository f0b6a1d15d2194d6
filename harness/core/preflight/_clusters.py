"""Findings about a cluster as a whole."""

from harness.core.catalogue import release_rank
from harness.core.model import Licensing
from harness.core.preflight._desk import Desk, Plot
from harness.core.verdict import AZURE

__all__ = ["find_clusters"]

_LEVELS = {8: "2012 R2", 9: "2016", 10: "2019", 11: "2022", 12: "2025"}
"""ClusterFunctionalLevel and the release it stands for (general knowledge; no document lists them)."""


def find_clusters(desk: Desk) -> None:
    """Rounds, nodes that are away or unknown, functional level, host keys that differ."""
    for plot in desk.plots:
        if plot.pool.clustered:
            _nodes(desk, plot)
            _releases(desk, plot)
            _level(desk, plot)
            _rights(desk, plot)


def _nodes(desk: Desk, plot: Plot) -> None:
    pool, rolling = plot.pool, any(step.node for step in plot.course.steps)
    for node, state in pool.states.items():
        if state not in {"up", "unknown"} and rolling:
            told = (f"Get-ClusterNode: {node} is {state}",)
            desk.find("node_away", "cluster", pool.name, evidence=told, cluster=pool.name, node=node, state=state)
    for node in pool.strangers:
        desk.find("node_not_seen", "cluster", pool.name, cluster=pool.name, node=node)
    if rolling and len(pool.lanes) == 1:
        desk.find("nowhere_to_drain", "cluster", pool.name, cluster=pool.name, node=pool.lanes[0].name)


def _releases(desk: Desk, plot: Plot) -> None:
    pool, now = plot.pool, plot.course.states[0]
    told = {name: release for name, release in now.items() if release}
    if len(set(told.values())) > 1:
        listed = ", ".join(f"{name} {release}" for name, release in told.items())
        desk.find("cluster_mixed", "cluster", pool.name, cluster=pool.name, releases=listed)
    rounds = plot.course.rounds
    if len(rounds) > 1:
        desk.find(
            "cluster_in_rounds",
            "cluster",
            pool.name,
            cluster=pool.name,
            to=desk.aim.release,
            count=len(rounds),
            rounds=", ".join(rounds),
        )


def _level(desk: Desk, plot: Plot) -> None:
    """A level behind the oldest node means an upgrade that was never finished."""
    pool = plot.pool
    level = pool.functional_level
    own = [lane.facts.os.release for lane in pool.lanes if lane.facts and lane.facts.flavour not in AZURE]
    ranked = [(rank, release) for release in own if release and (rank := release_rank(release)) is not None]
    if level is None or not ranked or not any(step.node for step in plot.course.steps):
        return
    evidence = (f"Get-Cluster: ClusterFunctionalLevel {level}",)
    named, oldest = release_rank(_LEVELS.get(level, "")), min(ranked)
    if named is not None and named < oldest[0]:
        desk.find(
            "cluster_level_behind",
            "cluster",
            pool.name,
            evidence=evidence,
            cluster=pool.name,
            level=f"{level} ({_LEVELS[level]})",
            release=oldest[1],
        )
    else:
        desk.find("cluster_level", "cluster", pool.name, evidence=evidence, cluster=pool.name, level=level)


def _rights(desk: Desk, plot: Plot) -> None:
    """All nodes of an Azure cluster activate by keys of one version, or all by subscription."""
    pool = plot.pool
    stands = [stand for stand in plot.stands.values() if stand.lane.facts and stand.lane.facts.flavour in AZURE]
    versions = {
        stand.lane.name: stand.grant.version
        for stand in stands
        if stand.grant.version and stand.grant.licensing is not Licensing.SUBSCRIPTION
    }
    if len(set(versions.values())) > 1:
        desk.find(
            "host_keys_differ",
            "cluster",
            pool.name,
            evidence=tuple(f"{name}: key of {version}" for name, version in versions.items()),
            cluster=pool.name,
            versions=", ".join(sorted(set(versions.values()))),
            newest=max(versions.values()),
        )
    rights = {stand.lane.name: stand.grant.licensing.value for stand in stands}
    if len(set(rights.values())) > 1:
        listed = ", ".join(f"{name} {right}" for name, right in rights.items())
        desk.find("licensing_differs", "cluster", pool.name, cluster=pool.name, rights=listed)
