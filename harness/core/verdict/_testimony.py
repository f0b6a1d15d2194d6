"""What each of the five witnesses says of one guest, before anybody asks whether they agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from harness.core.model import ActivationEvent, LicenceRecord, LicenseStatus, WitnessName
from harness.core.verdict._events import GUEST_EVENT, HOST_EVENT, latest, of_another_vm
from harness.core.verdict._identity import System
from harness.core.verdict._slmgr import windows_product
from harness.core.verdict.cases import GuestCase
from harness.core.verdict.licences import LEASE_MINUTES, duration, method_name, method_of, status_name

__all__ = ["Stance", "Statement", "lease_error", "statements"]

LEASE = timedelta(minutes=LEASE_MINUTES)
TOLERANCE = timedelta(minutes=30)
"""A lease is renewed at a moment and read at another; clocks of one machine read twice differ less than this."""
JUST_NOW = timedelta(minutes=2)
"""A success this young may not show in the licence yet."""


class Stance(StrEnum):
    """What a witness claims about AVMA and this guest."""

    ACTIVATED = "activated"
    NOT_ACTIVATED = "not_activated"
    OTHER_METHOD = "other_method"
    EVALUATION = "evaluation"
    DOUBTFUL = "doubtful"
    """It claims an activation that cannot be right."""
    SUCCESS = "success"
    """An activation went well within the last seven days: it says nothing of the present."""
    JUST_NOW = "just_now"
    FAILURE = "failure"
    STALE = "stale"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Statement:
    """One witness's word; ``hresult`` where it named a code, ``detail`` the flaw of a doubtful one."""

    witness: WitnessName
    stance: Stance
    says: str
    hresult: int | None = None
    detail: str = ""
    time: datetime | None = None


def statements(case: GuestCase) -> dict[WitnessName, Statement]:
    """All five, always, in the order of their weight."""
    return {name: ask(case) for name, ask in _WITNESSES.items()}


def _cim(case: GuestCase) -> Statement:
    witness = WitnessName.CIM
    if case.cim_error is not None:
        return Statement(witness, Stance.SILENT, f"Silent: {case.cim_error}.")
    licence = case.licence
    if licence is None:
        return Statement(witness, Stance.NOT_ACTIVATED, "Windows has no product key installed.")
    method = method_of(licence)
    says = f"{method_name(method)} key ...{licence.partial_product_key}, {status_name(licence.status)}"
    if licence.status is None:
        return Statement(witness, Stance.SILENT, f"{says}.")
    if method == "evaluation":
        return Statement(witness, Stance.EVALUATION, f"{says}.", licence.reason)
    if method != "avma":
        licensed = licence.status == LicenseStatus.LICENSED
        return Statement(witness, Stance.OTHER_METHOD if licensed else Stance.NOT_ACTIVATED, f"{says}.", licence.reason)
    if licence.status != LicenseStatus.LICENSED:
        return Statement(witness, Stance.NOT_ACTIVATED, f"{says}.", licence.reason)
    error = lease_error(case, licence)
    told = f"{says}, {_lease(case, licence)}."
    return Statement(witness, Stance.DOUBTFUL if error else Stance.ACTIVATED, told, detail=error or "")


def _lease(case: GuestCase, licence: LicenceRecord) -> str:
    left = f"{duration(licence.grace_minutes)} left" if licence.grace_minutes is not None else "no end told"
    by = f", granted by {licence.avma_host}" if licence.avma_host else ""
    if licence.avma_time is None:
        return left + by
    minutes = max(0, int((case.clock - licence.avma_time) / timedelta(minutes=1)))
    return f"{left}{by} {duration(minutes)} ago"


def lease_error(case: GuestCase, licence: LicenceRecord) -> str | None:
    """Why a lease that CIM reports cannot be right, or None.

    An AVMA lease lasts seven days from its activation (AskCore blog, 2014); a date of 1601 is none and arrives as None.
    """
    if licence.grace_minutes is None:
        return "it does not say how long it lasts"
    if not 0 < licence.grace_minutes <= LEASE_MINUTES:
        return f"it claims {licence.grace_minutes} minutes, and an AVMA lease has 1 to {LEASE_MINUTES}"
    if licence.avma_time is not None and case.clock - licence.avma_time > LEASE + TOLERANCE:
        return f"it was granted on {licence.avma_time:%Y-%m-%d %H:%M} UTC, over seven days before the guest's clock"
    return None


def _dlv(case: GuestCase) -> Statement:
    witness = WitnessName.SLMGR_DLV
    facts = case.facts
    if facts is None:
        return Statement(witness, Stance.SILENT, "Silent: the guest was not reached.")
    if facts.dlv is None:
        why = "there is no script engine to run slmgr.vbs" if facts.script_engine is False else "it was not read"
        return Statement(witness, Stance.SILENT, f"Silent: {why}.")
    product = windows_product(facts.dlv)
    if product is None:
        return Statement(witness, Stance.SILENT, "Its output names no licence of Windows.")
    says = f"{method_name(product.method)} key ...{product.tail or '?'}, {status_name(product.status)}"
    left = f", {duration(product.expires_minutes)} left" if product.expires_minutes is not None else ""
    if product.status is None:
        return Statement(witness, Stance.SILENT, f"{says}.", product.reason)
    if product.status != LicenseStatus.LICENSED:
        return Statement(witness, Stance.NOT_ACTIVATED, f"{says}.", product.reason)
    stance = {"avma": Stance.ACTIVATED, "evaluation": Stance.EVALUATION, "unknown": Stance.SILENT}
    return Statement(witness, stance.get(product.method, Stance.OTHER_METHOD), f"{says}{left}.", product.reason)


def _guest_event(case: GuestCase) -> Statement:
    facts = case.facts
    if facts is None:
        return Statement(WitnessName.GUEST_EVENT, Stance.SILENT, "Silent: the guest was not reached.")
    own = [e for e in facts.events if not of_another_vm(e, case.lane.vm.vm_id, case.other_vms)]
    foreign = len(facts.events) - len(own)
    statement = _event(case, WitnessName.GUEST_EVENT, latest(own, GUEST_EVENT))
    if foreign and statement.stance is Stance.SILENT:
        says = f"Holds {foreign} event(s) of another VM, from a copied disk, and none of its own."
        return Statement(statement.witness, Stance.SILENT, says)
    return statement


def _host_event(case: GuestCase) -> Statement:
    return _event(case, WitnessName.HOST_EVENT, latest(case.host_events, HOST_EVENT))


def _event(case: GuestCase, witness: WitnessName, event: ActivationEvent | None) -> Statement:
    if event is None:
        return Statement(witness, Stance.SILENT, "No event that belongs to this VM.")
    if event.time is None or event.hresult is None:
        return Statement(witness, Stance.SILENT, "Its event has no readable time or result.")
    when = f"{event.time:%Y-%m-%d %H:%M} UTC"
    by = f" by {event.computer}" if witness is WitnessName.HOST_EVENT and event.computer else ""
    code = f"0x{event.hresult & 0xFFFFFFFF:08X}"
    if event.hresult:
        return Statement(witness, Stance.FAILURE, f"Refused{by} with {code} on {when}.", event.hresult, time=event.time)
    age = case.clock - event.time
    if age > LEASE:
        says = f"Activated{by} on {when}, more than seven days ago."
        return Statement(witness, Stance.STALE, says, 0, time=event.time)
    stance = Stance.JUST_NOW if abs(age) <= JUST_NOW else Stance.SUCCESS
    return Statement(witness, stance, f"Activated{by} on {when}.", 0, time=event.time)


def _kvp(case: GuestCase) -> Statement:
    kvp = case.lane.vm.kvp
    name = kvp.get("FullyQualifiedDomainName")
    system = kvp.get("OSName") or kvp.get("OSVersion")
    if not name and not system:
        return Statement(WitnessName.KVP, Stance.SILENT, "Silent: the host holds no items of this guest.")
    contrary = ""
    if case.facts is not None and case.identity.system is System.WINDOWS_SERVER and not case.identity.hearsay:
        build = kvp.get("OSBuildNumber")
        own = case.facts.os.build if case.facts.os else None
        contrary = f"; the guest itself reports build {own}" if build and own and build != str(own) else ""
    says = f"Reports {system or 'no system'} as {name or 'no name'}{contrary}; hearsay, no word on activation."
    return Statement(WitnessName.KVP, Stance.SILENT, says)


_WITNESSES: dict[WitnessName, Callable[[GuestCase], Statement]] = {
    WitnessName.CIM: _cim,
    WitnessName.SLMGR_DLV: _dlv,
    WitnessName.GUEST_EVENT: _guest_event,
    WitnessName.HOST_EVENT: _host_event,
    WitnessName.KVP: _kvp,
}
