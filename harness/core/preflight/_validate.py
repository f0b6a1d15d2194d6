"""The validation as a whole."""

from datetime import datetime

from harness.core.model import FabricFacts, Inventory
from harness.core.planning import LedgerView
from harness.core.preflight._clusters import find_clusters
from harness.core.preflight._desk import Desk, Plot, open_desk
from harness.core.preflight._guests import find_guests
from harness.core.preflight._hosts import find_hosts, forecast_host
from harness.core.preflight._records import Finding, PoolForecast, Preflight, Rank, UpgradeWish

__all__ = ["validate"]

_WEIGHT = {Rank.BLOCKER: 0, Rank.WARNING: 1, Rank.NOTE: 2}
_KINDS = {"cluster": 0, "host": 1, "guest": 2}


def validate(
    fabric: FabricFacts,
    wish: UpgradeWish,
    now: datetime,
    inventory: Inventory | None = None,
    ledger: LedgerView | None = None,
) -> Preflight:
    """What the upgrade does to every host and guest. Pure: the same arguments give the same answer.

    The forecasts hold for hosts that keep their own activation, or get it again with their own key of the new release
    before VMs come back; where that needs a deed, a finding says so.

    Args:
        fabric: the facts of a run.
        wish: what is to be upgraded, to what, within how long.
        now: aware UTC time, used only where no machine told its own clock.
        inventory: licensing of the hosts and the host keys planned for them.
        ledger: which keys were ever spent.

    Raises:
        InputError: the wish names a release, cluster or edition that there is not.
    """
    desk = open_desk(fabric, wish, inventory, ledger or LedgerView(), now)
    find_clusters(desk)
    find_hosts(desk)
    guests = find_guests(desk)
    return Preflight(
        to=desk.aim.release,
        scope=_scope(desk),
        window_minutes=int(wish.window.total_seconds() // 60),
        pools=tuple(_pool(plot) for plot in desk.plots),
        hosts=tuple(forecast_host(desk, plot, stand) for plot in desk.plots for stand in plot.stands.values()),
        guests=guests,
        findings=tuple(sorted(desk.findings, key=_weight)),
    )


def _weight(finding: Finding) -> tuple[int, int]:
    return _WEIGHT[finding.rank], _KINDS[finding.kind]


def _scope(desk: Desk) -> tuple[str, ...]:
    guests = desk.wish.guests and not desk.aim.azure
    return (*(("hosts",) if desk.wish.hosts else ()), *(("guests",) if guests else ()))


def _pool(plot: Plot) -> PoolForecast:
    pool = plot.pool
    names = tuple(lane.name for lane in pool.lanes)
    return PoolForecast(pool.name, pool.clustered, names, pool.functional_level, plot.course.steps)
