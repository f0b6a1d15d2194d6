"""The matrix for a whole fabric as it is now, or for a host that is about to be drained."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from harness.core.errors import InputError
from harness.core.model import FabricFacts, HostLane, Inventory
from harness.core.moves._outlook import HostStand, Outlook, Stay, outlook, stand_of
from harness.core.moves._pools import Pool, homes, pools
from harness.core.verdict import GuestCase, cases_of

__all__ = ["MoveCell", "MoveGuest", "MoveMatrix", "MoveNode", "moves"]

_KEEPS = frozenset({Stay.STAYS, Stay.ACTIVATES, Stay.UNAFFECTED})


@dataclass(frozen=True, slots=True)
class MoveNode:
    """A column. ``state`` is the cluster's word for the node; ``key_version`` the release of its host key, if known."""

    name: str
    cluster: str | None
    state: str | None
    os_version: str | None
    edition: str | None
    avma_ready: bool | None
    licensing: str
    key_version: str | None


@dataclass(frozen=True, slots=True)
class MoveCell:
    """One VM on one node. ``until`` is an ISO 8601 UTC text where it lapses; ``here`` where it runs now."""

    node: str
    stay: Stay
    until: str | None
    here: bool
    code: str = ""
    message: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class MoveGuest:
    """A row. ``verdict`` over all its cells but the present host's: anywhere, somewhere, nowhere, or unknown."""

    name: str
    vm_id: str
    host: str
    cluster: str | None
    os_version: str | None
    edition: str | None
    expires_minutes: int | None
    keeps: str
    cells: tuple[MoveCell, ...]


@dataclass(frozen=True, slots=True)
class MoveMatrix:
    """All nodes and guests in the facts' order; ``drained`` names the host that is to be emptied."""

    nodes: tuple[MoveNode, ...]
    guests: tuple[MoveGuest, ...]
    drained: str | None = None

    @property
    def lapses(self) -> bool:
        """Whether a guest that is activated now would not be renewed on some node."""
        return any(cell.stay is Stay.LAPSES for guest in self.guests for cell in guest.cells)


def moves(
    fabric: FabricFacts,
    now: datetime,
    inventory: Inventory | None = None,
    *,
    drain: str | None = None,
    anywhere: bool = False,
) -> MoveMatrix:
    """Each VM on each host it may come to live on.

    Args:
        fabric: the facts of a run.
        now: aware UTC time, used only where no machine told its own clock.
        inventory: tells by what right Azure nodes activate guests.
        drain: a host that is to be emptied: only its VMs, and only the hosts they could go to. Where it has no
            cluster, that is every other host of the run.
        anywhere: every host of the run for every VM, not only those of its cluster.

    Raises:
        InputError: ``drain`` names no host of the run.
    """
    grouped = pools(fabric)
    stands = {lane.name: stand_of(lane, inventory) for pool in grouped for lane in pool.lanes}
    everyone = tuple(lane for pool in grouped for lane in pool.lanes)
    of_host = {lane.name: pool for pool in grouped for lane in pool.lanes}
    emptied = _named(everyone, drain) if drain is not None else None
    rows = []
    for case in cases_of(fabric, now, inventory):
        pool = of_host.get(case.lane.host)
        if pool is None or (emptied is not None and case.lane.host != emptied):
            continue
        rows.append(_row(case, pool, _targets(case, pool, everyone, emptied, anywhere=anywhere), stands))
    shown = {cell.node for row in rows for cell in row.cells}
    nodes = tuple(
        _node(pool, stands[lane.name])
        for pool in grouped
        for lane in pool.lanes
        if emptied is None or lane.name in shown
    )
    return MoveMatrix(nodes, tuple(rows), emptied)


def _targets(
    case: GuestCase, pool: Pool, everyone: tuple[HostLane, ...], emptied: str | None, *, anywhere: bool
) -> Iterable[HostLane]:
    if anywhere or (emptied is not None and len(pool.lanes) == 1):
        found = everyone
    elif emptied is not None:
        found = pool.lanes
    else:
        found = homes(pool, case.lane.vm)
    return (lane for lane in found if lane.name != emptied)


def _named(lanes: Iterable[HostLane], name: str) -> str:
    listed = {lane.name.casefold(): lane.name for lane in lanes}
    if name.casefold() not in listed:
        raise InputError(
            "This run has no such host.", target=name, hint=f"It has: {', '.join(listed.values()) or 'none'}."
        )
    return listed[name.casefold()]


def _row(case: GuestCase, pool: Pool, targets: Iterable[HostLane], stands: dict[str, HostStand]) -> MoveGuest:
    cells = tuple(_cell(lane.name, outlook(case, stands[lane.name]), case) for lane in targets)
    known, licence = case.identity, case.licence
    return MoveGuest(
        name=case.name,
        vm_id=case.lane.vm.vm_id,
        host=case.lane.host,
        cluster=pool.name if pool.clustered else None,
        os_version=known.release,
        edition=known.edition,
        expires_minutes=(licence.grace_minutes or None) if licence else None,
        keeps=_keeps(cells),
        cells=cells,
    )


def _cell(node: str, found: Outlook, case: GuestCase) -> MoveCell:
    cause = found.cause
    return MoveCell(
        node=node,
        stay=found.stay,
        until=found.until.isoformat(timespec="minutes") if found.until else None,
        here=node == case.lane.host,
        code=cause.code if cause else "",
        message=cause.message if cause else "",
        next_step=cause.next_step if cause else "",
    )


def _keeps(cells: tuple[MoveCell, ...]) -> str:
    """Where a guest keeps (or gets) its activation: ``anywhere`` certain for all cells, ``nowhere`` for none."""
    if all(cell.stay is Stay.UNAFFECTED for cell in cells):
        return "unaffected" if cells else "nowhere"
    good = [cell.stay in _KEEPS for cell in cells]
    if all(good):
        return "anywhere"
    if any(good):
        return "somewhere"
    return "unknown" if any(cell.stay is Stay.UNKNOWN for cell in cells) else "nowhere"


def _node(pool: Pool, stand: HostStand) -> MoveNode:
    verdict = stand.verdict
    return MoveNode(
        name=stand.lane.name,
        cluster=pool.name if pool.clustered else None,
        state=pool.states.get(stand.lane.name),
        os_version=verdict.os_version,
        edition=verdict.edition,
        avma_ready=verdict.avma_ready,
        licensing=stand.grant.licensing.value,
        key_version=stand.grant.version,
    )
