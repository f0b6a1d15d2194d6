"""Where a guest that is activated now would not be renewed: for good, on the way, or nobody can tell."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from harness.core.model import Reason
from harness.core.moves import Stay, lease_end
from harness.core.preflight._desk import Desk, Plot
from harness.core.preflight._spans import Stretch
from harness.core.verdict import GuestCase

__all__ = ["BAD", "find_losses", "find_unknowns"]

BAD = frozenset({Stay.LAPSES, Stay.NEVER})
_FORMAT = "%Y-%m-%d %H:%M UTC"
_KEYLESS = "no_avma_key_published"
"""Told by a finding of its own, since no host can help."""
_NOTHING = Reason("", "no reason is given.", "Verify again.")


def find_losses(desk: Desk, plot: Plot, case: GuestCase, found: Sequence[Stretch]) -> None:
    """Blockers where it is lost at the end or within the window, warnings where it only has to keep off some nodes."""
    last = len(plot.course.steps)
    final = [s for s in found if s.stay in BAD and s.last == last]
    gone = {s.node for s in final}
    for group in _alike(s for s in final if s.cause is None or s.cause.code != _KEYLESS):
        _tell(desk, plot, case, "loses_activation", group)
    bad = [s for s in found if s.stay in BAD]
    for group in _alike(s for s in bad if s.node not in gone):
        ends = lease_end(case)
        short = ends <= desk.window_ends(case)
        shunned = {s.node for s in bad if s.first <= group[0].last and group[0].first <= s.last}
        others = [lane.name for lane in plot.homes(case) if lane.name not in shunned]
        _tell(
            desk,
            plot,
            case,
            "lease_too_short" if short else "keep_off_nodes",
            group,
            until=ends.strftime(_FORMAT),
            owners=",".join(others) or "<other nodes>",
        )
    _down_with_host(desk, plot, case)


def find_unknowns(desk: Desk, plot: Plot, case: GuestCase, found: Sequence[Stretch]) -> None:
    """Nodes of which nobody can tell."""
    for group in _alike(s for s in found if s.stay is Stay.UNKNOWN):
        _tell(desk, plot, case, "outlook_unknown", group)


def _down_with_host(desk: Desk, plot: Plot, case: GuestCase) -> None:
    """A VM that does not move stops with its host, and its lease goes on running out."""
    host, licence = case.lane.host, case.licence
    stops = any(step.node == host for step in plot.course.steps) and len(plot.homes(case)) == 1
    if not stops or licence is None or not licence.grace_minutes:
        return
    ends = lease_end(case)
    if ends <= desk.window_ends(case):
        desk.find(
            "lease_ends_while_down",
            "guest",
            case.name,
            vm_id=case.lane.vm.vm_id,
            evidence=(_licence(case),),
            guest=case.name,
            host=host,
            until=ends.strftime(_FORMAT),
        )


def _alike(stretches: Iterable[Stretch]) -> list[list[Stretch]]:
    """Stretches of several nodes with one cause over the same states."""

    def likeness(stretch: Stretch) -> tuple[str, int, int]:
        return (stretch.cause.code if stretch.cause else "", stretch.first, stretch.last)

    return [list(group) for _, group in groupby(sorted(stretches, key=likeness), key=likeness)]


def _tell(desk: Desk, plot: Plot, case: GuestCase, code: str, group: Sequence[Stretch], **told: object) -> None:
    cause = group[0].cause or _NOTHING
    desk.find(
        code,
        "guest",
        case.name,
        vm_id=case.lane.vm.vm_id,
        evidence=(_licence(case), *(f"{s.node}, states {s.first} to {s.last}: {s.stay}" for s in group)),
        guest=case.name,
        nodes=", ".join(s.node for s in group),
        when=_when(plot, group[0]),
        cause=cause.message,
        cure=cause.next_step,
        **told,
    )


def _licence(case: GuestCase) -> str:
    licence = case.licence
    if licence is None:
        return "CIM: no licence with a key"
    return f"CIM: key ...{licence.partial_product_key}, {licence.grace_minutes} minutes left"


def _when(plot: Plot, stretch: Stretch) -> str:
    """From when on, in words."""
    if stretch.first == 0:
        last = len(plot.course.steps)
        return "now" if last == 0 else ("now and after the upgrade" if stretch.last == last else "as it is now")
    step = plot.course.steps[stretch.first - 1]
    return "once the guests are upgraded" if step.node is None else f"from step {step.number} on ({step.node})"
