"""Releases on the way to the one wished for, and the order in which a pool's hosts are upgraded.

Rules: Microsoft Learn, "Cluster OS rolling upgrade" (2026): one release at a time, node by node. "Plan your Windows
Server upgrade" (2026): in place to 2025 from up to four releases back, to 2022 and earlier from up to two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.catalogue import normal_release, release_rank, releases
from harness.core.errors import InputError
from harness.core.model import HostLane, VmState
from harness.core.moves import Pool
from harness.core.preflight._records import UpgradeStep
from harness.core.verdict import AZURE

__all__ = ["Aim", "Course", "aim_of", "course", "hops", "upgraded"]

_LADDER = ("2012 R2", "2016", "2019", "2022", "2025")
_WIDE = "2025"


@dataclass(frozen=True, slots=True)
class Aim:
    """The release wished for: of Windows Server, or (``azure``) of Azure Stack HCI and Azure Local."""

    release: str
    azure: bool = False

    def is_behind(self, release: str | None) -> bool:
        """Whether a release of the same family is older than the one wished for."""
        if release is None:
            return False
        if self.azure:
            return release < self.release
        here, there = release_rank(release), release_rank(self.release)
        return here is not None and there is not None and here < there

    def concerns(self, lane: HostLane) -> bool:
        """Whether the aim is one for that host's kind."""
        return lane.facts is not None and (lane.facts.flavour in AZURE) is self.azure


@dataclass(frozen=True, slots=True)
class Course:
    """A pool's steps, and the release of each host in each state: state 0 is now, state n follows step n."""

    steps: tuple[UpgradeStep, ...]
    states: tuple[Mapping[str, str | None], ...]
    rounds: tuple[str, ...]


def aim_of(text: str) -> Aim:
    """The release a person names: "2025", "Windows Server 2022", "23H2".

    Raises:
        InputError: no release of the catalogue, or one from before AVMA.
    """
    azure = {row.name: row for row in releases() if row.kind == "azure"}
    plain = text.strip().upper()
    if plain in azure:
        return Aim(plain, azure=True)
    name = normal_release(text)
    if name not in _LADDER:
        listed = ", ".join((*_LADDER, *azure))
        raise InputError("This is no release to upgrade to.", target=text, hint=f"Give one of: {listed}.")
    return Aim(name)


def hops(release: str, to: str) -> tuple[str, ...]:
    """The releases an in-place upgrade has to go through on its way; empty where one upgrade is enough.

    Example:
        >>> hops("2012 R2", "2022")
        ('2019',)
    """
    here, there = _rung(release), _rung(to)
    if here is None or there is None or there <= here:
        return ()
    if to == _WIDE:
        return () if here >= 0 else (_LADDER[1],)
    return tuple(_LADDER[rung] for rung in range(here + 2, there, 2))


def upgraded(lane: HostLane, release: str | None) -> HostLane:
    """The same host with another release; all else, its own activation too, as it is now."""
    if lane.facts is None or lane.facts.os.release == release:
        return lane
    return replace(lane, facts=replace(lane.facts, os=replace(lane.facts.os, release=release)))


def course(pool: Pool, aim: Aim, ready: Mapping[str, bool | None], *, hosts: bool, guests: bool) -> Course:
    """The order proposed for a pool.

    Hosts come before guests, since no host activates a guest newer than itself. Of the nodes those go first that
    activate nobody now, then those with the fewest running VMs.

    Args:
        pool: the hosts.
        aim: the release wished for.
        ready: whether each host can activate guests now.
        hosts: whether hosts are upgraded.
        guests: whether any guest of the pool is.
    """
    state: dict[str, str | None] = {lane.name: lane.facts.os.release if lane.facts else None for lane in pool.lanes}
    states = [dict(state)]
    steps: list[UpgradeStep] = []
    rounds = _rounds(pool, aim) if hosts else ()
    for release in rounds:
        stage = replace(aim, release=release)
        behind = [lane for lane in pool.lanes if aim.concerns(lane) and stage.is_behind(state[lane.name])]
        for lane in sorted(behind, key=lambda lane: (ready.get(lane.name) is not False, _running(lane))):
            state[lane.name] = release
            steps.append(UpgradeStep(len(steps) + 1, lane.name, release, _running(lane)))
            states.append(dict(state))
    if guests:
        running = sum(_running(lane) for lane in pool.lanes)
        steps.append(UpgradeStep(len(steps) + 1, None, aim.release, running))
        states.append(dict(state))
    return Course(tuple(steps), tuple(states), rounds)


def _rounds(pool: Pool, aim: Aim) -> tuple[str, ...]:
    """The releases a pool goes through: each one between for a cluster, the last alone elsewhere."""
    found = [lane.facts.os.release for lane in pool.lanes if aim.concerns(lane) and lane.facts]
    behind = [release for release in found if release is not None and aim.is_behind(release)]
    if not behind:
        return ()
    if not pool.clustered or aim.azure:
        return (aim.release,)
    lowest = min(rung for release in behind if (rung := _rung(release)) is not None)
    top = _rung(aim.release)
    assert top is not None
    return _LADDER[lowest + 1 : top + 1]


def _rung(release: str) -> int | None:
    """Where a release, or the one it shares keys with, stands on the ladder; below it -1."""
    rank = release_rank(release)
    if rank is None:
        return None
    ranks: Sequence[int | None] = [release_rank(name) for name in _LADDER]
    return max((i for i, other in enumerate(ranks) if other is not None and other <= rank), default=-1)


def _running(lane: HostLane) -> int:
    return sum(vm.state is VmState.RUNNING for vm in lane.facts.vms) if lane.facts else 0
