"""What the validation has before it: pools with their courses, hosts as they stand, guests as they are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from harness.core.catalogue import avma_key
from harness.core.errors import InputError
from harness.core.model import FabricFacts, HostLane, Inventory, LicenseStatus
from harness.core.moves import HostStand, Pool, homes, pools, stand_of
from harness.core.planning import LedgerView
from harness.core.preflight._order import Aim, Course, aim_of, course
from harness.core.preflight._records import Finding, Rank, UpgradeWish
from harness.core.verdict import CauseTable, GuestCase, cases_of, method_of

__all__ = ["CAUSES", "Desk", "Plot", "each_case", "open_desk"]

CAUSES = CauseTable("harness.core.preflight")
_EDITIONS = ("Essentials", "Standard", "Datacenter", "Datacenter: Azure Edition")


@dataclass(frozen=True, slots=True)
class Plot:
    """One pool with its course, its hosts as they stand now, and the guests that live in it."""

    pool: Pool
    course: Course
    stands: Mapping[str, HostStand]
    cases: tuple[GuestCase, ...]

    @property
    def avma_cases(self) -> tuple[GuestCase, ...]:
        """The guests that AVMA is for: those with an AVMA key, as far as anybody could read it."""
        return tuple(case for case in self.cases if case.licence is not None and method_of(case.licence) == "avma")

    def homes(self, case: GuestCase) -> tuple[HostLane, ...]:
        """The hosts that guest may come to live on."""
        return homes(self.pool, case.lane.vm)


@dataclass(frozen=True, slots=True)
class Desk:
    """The inputs of one validation, and the findings so far."""

    aim: Aim
    wish: UpgradeWish
    inventory: Inventory | None
    ledger: LedgerView
    now: datetime
    plots: tuple[Plot, ...]
    findings: list[Finding] = field(default_factory=list)

    def find(
        self,
        code: str,
        kind: str,
        target: str,
        *,
        evidence: tuple[str, ...] = (),
        vm_id: str | None = None,
        **told: object,
    ) -> None:
        """Add a finding of this package's table."""
        cause = CAUSES.reason(code, **told)
        rank = Rank(CAUSES.rows[code].rank)
        self.findings.append(Finding(rank, kind, target, code, cause.message, cause.next_step, evidence, vm_id))

    def upgrades(self, case: GuestCase) -> bool:
        """Whether that guest itself is to be upgraded."""
        return self.wish.guests and not self.aim.azure and _is_behind(self.aim, self.wish, case)

    def after(self, case: GuestCase) -> GuestCase:
        """That guest after its upgrade: another release, perhaps another edition, its AVMA key in, not yet asked."""
        if not self.upgrades(case):
            return case
        edition = _edition_after(case.identity.edition, self.wish.edition)
        identity = replace(case.identity, release=self.aim.release, edition=edition)
        key = avma_key(self.aim.release, edition) if edition else None
        licence = case.licence
        if licence is not None and key is not None:
            licence = replace(
                licence, partial_product_key=key.last5, status=LicenseStatus.NOTIFICATION, reason=None, grace_minutes=0
            )
        return replace(case, identity=identity, key=key, licence=licence)

    def window_ends(self, case: GuestCase) -> datetime:
        """The end of the upgrade by that guest's clock, if it begins now."""
        return case.clock + self.wish.window


def open_desk(
    fabric: FabricFacts, wish: UpgradeWish, inventory: Inventory | None, ledger: LedgerView, now: datetime
) -> Desk:
    """Everything laid out, nothing judged.

    Raises:
        InputError: no such release, cluster or edition, or guests are to go to a release only hosts have.
    """
    aim = aim_of(wish.to)
    wish = _checked(aim, wish)
    grouped = pools(fabric)
    if wish.cluster is not None:
        grouped = tuple(pool for pool in grouped if pool.name.casefold() == wish.cluster.casefold())
        if not grouped:
            listed = ", ".join(pool.name for pool in pools(fabric)) or "none"
            raise InputError("This run has no such cluster.", target=wish.cluster, hint=f"It has: {listed}.")
    cases = cases_of(fabric, now, inventory)
    plots = tuple(_plot(pool, aim, wish, inventory, cases) for pool in grouped)
    return Desk(aim, wish, inventory, ledger, now, plots)


def _checked(aim: Aim, wish: UpgradeWish) -> UpgradeWish:
    """The wish with its edition as the catalogue spells it."""
    if aim.azure and not wish.hosts:
        raise InputError(
            "Guests run Windows Server; this is a release of Azure Local.", target=wish.to, hint="Give 2022 or 2025."
        )
    known = {name.casefold(): name for name in _EDITIONS[1:]}
    if wish.edition is not None and wish.edition.casefold() not in known:
        hint = f"Give one of: {', '.join(known.values())}."
        raise InputError("This is no edition to upgrade guests to.", target=wish.edition, hint=hint)
    return replace(wish, edition=known[wish.edition.casefold()] if wish.edition else None)


def _plot(pool: Pool, aim: Aim, wish: UpgradeWish, inventory: Inventory | None, cases: tuple[GuestCase, ...]) -> Plot:
    stands = {lane.name: stand_of(lane, inventory) for lane in pool.lanes}
    own = tuple(case for case in cases if case.lane.host in stands)
    ready = {name: stand.verdict.avma_ready for name, stand in stands.items()}
    guests = wish.guests and not aim.azure and any(_is_behind(aim, wish, case) for case in own)
    return Plot(pool, course(pool, aim, ready, hosts=wish.hosts, guests=guests), stands, own)


def _is_behind(aim: Aim, wish: UpgradeWish, case: GuestCase) -> bool:
    """A Windows Server guest of an older release, or one of that release whose edition is to change."""
    known = case.identity
    if known.release is None or known.edition is None:
        return False
    changes = _edition_after(known.edition, wish.edition) != known.edition and known.release == aim.release
    return aim.is_behind(known.release) or changes


def _edition_after(now: str | None, wanted: str | None) -> str | None:
    """Setup changes an edition upwards only (Microsoft Learn, Plan your Windows Server upgrade, 2026)."""
    if wanted is None or now not in _EDITIONS or _EDITIONS.index(wanted) < _EDITIONS.index(now):
        return now
    return wanted


def each_case(desk: Desk) -> Iterator[tuple[Plot, GuestCase]]:
    """Every guest with its pool."""
    for plot in desk.plots:
        for case in plot.cases:
            yield plot, case
