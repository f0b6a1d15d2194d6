"""One guest on one host: does it stay activated there, until when, or why not.

Rules: Microsoft Learn, Automatic Virtual Machine Activation (2023-09-19): every host a VM moves to must be activated
and cover the guest; a lease lasts seven days and goes along with a move, so that a host that does not renew it shows
only when it ends.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from harness.core.catalogue import Cell
from harness.core.model import HostLane, HostVerdict, Inventory, LicenseStatus, Reason
from harness.core.verdict import CauseTable, GuestCase, HostGrant, coverage, grant_of, host_verdict, method_of
from harness.core.verdict.obstacles import (
    data_exchange,
    evaluation,
    foreign_method,
    host_not_ready,
    not_covered,
    refused_here,
    wrong_key,
    wrong_system,
)

__all__ = ["HostStand", "Outlook", "Stay", "lease_end", "outlook", "stand_of"]

_CAUSES = CauseTable("harness.core.moves")


class Stay(StrEnum):
    """What becomes of a guest's activation on a host.

    STAYS: it is renewed there. LAPSES: activated now, until its lease ends. ACTIVATES: not activated now, will be as
    soon as it asks. NEVER: not activated now, nor there. UNAFFECTED: not by AVMA, so the host does not matter.
    """

    STAYS = "stays"
    LAPSES = "lapses"
    ACTIVATES = "activates"
    NEVER = "never"
    UNAFFECTED = "unaffected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HostStand:
    """A host as an activator, real or imagined: its facts, its verdict, and by what right it activates."""

    lane: HostLane
    verdict: HostVerdict
    grant: HostGrant


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of a guest on a host; ``until`` is the end of its lease where it lapses, ``cause`` says why."""

    stay: Stay
    until: datetime | None = None
    cause: Reason | None = None


def stand_of(lane: HostLane, inventory: Inventory | None) -> HostStand:
    """A host as it stands now."""
    grant = grant_of(lane, inventory)
    return HostStand(lane, host_verdict(lane, grant), grant)


def lease_end(case: GuestCase) -> datetime:
    """When the licence of a guest ends by its own clock, if nothing renews it. The guest has a licence with an end."""
    assert case.licence is not None
    return case.clock + timedelta(minutes=case.licence.grace_minutes or 0)


def outlook(case: GuestCase, stand: HostStand) -> Outlook:
    """What becomes of that guest if it lives on that host from now on.

    Args:
        case: the guest as it is now, on whatever host.
        stand: the host in question.
    """
    aside = _not_by_avma(case)
    if aside is not None:
        return aside
    renewed, cause = _renewed(case, stand)
    licence = case.licence
    assert licence is not None
    if renewed is None:
        return Outlook(Stay.UNKNOWN, cause=cause)
    if licence.status == LicenseStatus.LICENSED:
        return Outlook(Stay.STAYS) if renewed else Outlook(Stay.LAPSES, lease_end(case), cause)
    return Outlook(Stay.ACTIVATES) if renewed else Outlook(Stay.NEVER, cause=cause)


def _not_by_avma(case: GuestCase) -> Outlook | None:
    """What can be said without asking the host: another system or method, or a guest nobody could read."""
    system = wrong_system(case)
    if system is not None:
        return Outlook(Stay.UNAFFECTED, cause=system)
    if case.facts is None or case.cim_error is not None:
        told = {"guest": case.name, "host": case.lane.host, "why": _why_unread(case)}
        return Outlook(Stay.UNKNOWN, cause=_CAUSES.reason("licence_unread", **told))
    if case.licence is None or method_of(case.licence) != "avma":
        return Outlook(Stay.UNAFFECTED, cause=foreign_method(case) or evaluation(case) or wrong_key(case))
    return None


def _why_unread(case: GuestCase) -> str:
    if case.wrong_machine:
        return case.unproven or "what answered is another VM"
    failure = case.lane.failure
    if failure is not None:
        return failure.message.rstrip(".")
    return case.cim_error or "it was not reached"


def _moved(case: GuestCase, stand: HostStand) -> GuestCase:
    """The same guest with that host under it."""
    vm = replace(case.lane.vm, host=stand.lane.name)
    lane = replace(case.lane, vm=vm, host=stand.lane.name)
    return replace(case, lane=lane, host=stand.lane, host_verdict=stand.verdict, grant=stand.grant)


def _renewed(case: GuestCase, stand: HostStand) -> tuple[bool | None, Reason | None]:
    """Whether an attempt of the guest succeeds on that host: a certain no first, then anything unknown.

    Data Exchange goes along with the VM and is mended where the VM is now, so that cause names the present host.
    """
    there = _moved(case, stand)
    certain = host_not_ready(there) or not_covered(there) or data_exchange(case) or refused_here(there)
    if certain is not None:
        return False, certain
    if stand.verdict.avma_ready is None:
        return None, stand.verdict.reasons[0] if stand.verdict.reasons else None
    cell = coverage(stand.lane.facts, stand.grant, case.identity) if stand.lane.facts else None
    if cell is None or cell.supported is None:
        return None, _unsettled(case, stand, cell)
    return True, None


def _unsettled(case: GuestCase, stand: HostStand, cell: Cell | None) -> Reason:
    """Why nobody can tell whether the host covers the guest."""
    if cell is not None:
        why = cell.note or "no source settles it"
    elif case.identity.release is None:
        why = "the guest's release is unknown"
    else:
        why = "the version of its host key is unknown"
    return _CAUSES.reason("coverage_unknown", guest=case.name, host=stand.lane.name, why=why)
