"""What becomes of one guest on each node it may live on, in each state of its pool."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from harness.core.model import HostLane, Reason
from harness.core.moves import HostStand, Outlook, Stay, outlook, stand_of
from harness.core.preflight._desk import Desk, Plot
from harness.core.preflight._order import upgraded
from harness.core.preflight._records import Span
from harness.core.verdict import GuestCase, method_of
from harness.core.verdict.obstacles import unpublished

__all__ = ["Stretch", "span", "stretches"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive states in which one guest fares alike on one node."""

    node: str
    first: int
    last: int
    found: Outlook

    @property
    def stay(self) -> Stay:
        """What becomes of the guest."""
        return self.found.stay

    @property
    def until(self) -> datetime | None:
        """The end of its lease where it lapses."""
        return self.found.until

    @property
    def cause(self) -> Reason | None:
        """Why."""
        return self.found.cause


def stretches(desk: Desk, plot: Plot, case: GuestCase) -> tuple[Stretch, ...]:
    """Every node the guest may live on, by consecutive states.

    A host keeps its own activation through its upgrade here; that it needs a key of its own for the new release is a
    finding of its own. What it answered before the upgrade of either side says nothing of the time after.
    """
    held = case.licence is not None and method_of(case.licence) == "avma"
    late = desk.after(case) if held else case
    guests_last = bool(plot.course.steps) and plot.course.steps[-1].node is None
    found = []
    for lane in plot.homes(case):
        known: dict[tuple[str | None, bool], Outlook] = {}
        column = []
        for number, releases in enumerate(plot.course.states):
            is_late = guests_last and number == len(plot.course.steps)
            key = (releases[lane.name], is_late)
            if key not in known:
                stand = _stand(desk, plot, lane, releases[lane.name])
                then = late if is_late else case
                fresh = stand is not plot.stands[lane.name] or then is not case
                lost = _keyless(late) if then is not case else None
                known[key] = lost or outlook(replace(then, host_events=()) if fresh else then, stand)
            column.append(known[key])
        for outcome, group in groupby(enumerate(column), key=lambda pair: pair[1]):
            numbers = [number for number, _ in group]
            found.append(Stretch(lane.name, numbers[0], numbers[-1], outcome))
    return tuple(found)


def _keyless(late: GuestCase) -> Outlook | None:
    """A guest that becomes something no AVMA key is published for."""
    return Outlook(Stay.NEVER, cause=unpublished(late)) if late.key is None else None


def span(stretch: Stretch) -> Span:
    """The stretch as it is shown."""
    cause = stretch.cause
    return Span(
        stretch.node,
        stretch.first,
        stretch.last,
        stretch.stay,
        stretch.until.isoformat(timespec="minutes") if stretch.until else None,
        cause.code if cause else "",
        cause.message if cause else "",
        cause.next_step if cause else "",
    )


def _stand(desk: Desk, plot: Plot, lane: HostLane, release: str | None) -> HostStand:
    then = upgraded(lane, release)
    return plot.stands[lane.name] if then is lane else stand_of(then, desk.inventory)
