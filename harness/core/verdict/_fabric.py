"""The verdict on everything a run has seen."""

from datetime import datetime

from harness.core.model import FabricFacts, FabricVerdict, Inventory
from harness.core.verdict._guests import guest_verdict
from harness.core.verdict._hosts import grant_of, host_verdict
from harness.core.verdict.cases import cases_of

__all__ = ["judge"]


def judge(fabric: FabricFacts, now: datetime, inventory: Inventory | None = None) -> FabricVerdict:
    """The verdict on every host and guest, in the order of the facts. Pure: the same facts give the same verdict.

    Args:
        fabric: what the run has gathered.
        now: the run's aware UTC time, used only where neither guest nor host told its own clock.
        inventory: tells by what right Azure nodes activate guests, and of which version their keys are.
    """
    return FabricVerdict(
        hosts=tuple(host_verdict(lane, grant_of(lane, inventory)) for lane in fabric.hosts),
        guests=tuple(guest_verdict(case) for case in cases_of(fabric, now, inventory)),
    )
