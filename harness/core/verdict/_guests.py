"""The verdict on one guest: what the rules say, with causes and evidence."""

from collections.abc import Mapping
from datetime import timedelta

from harness.core.model import (
    GuestAccess,
    GuestVerdict,
    LicenceRecord,
    LicenseStatus,
    Reason,
    Verdict,
    VmState,
    WitnessName,
)
from harness.core.verdict._agreement import decide, testimonies
from harness.core.verdict._causes import code_reason, reason
from harness.core.verdict._testimony import Stance, Statement, statements
from harness.core.verdict.cases import GuestCase
from harness.core.verdict.licences import duration
from harness.core.verdict.obstacles import (
    data_exchange,
    foreign_method,
    host_not_ready,
    not_covered,
    obstacles,
    rewritten_items,
    unpublished,
    wrong_system,
)

__all__ = ["guest_verdict"]

SKEW = timedelta(minutes=5)

Finding = tuple[Verdict, tuple[Reason, ...]]


def guest_verdict(case: GuestCase) -> GuestVerdict:
    """Whether the guest is activated by AVMA now, why not, and who says so."""
    said = statements(case)
    verdict, reasons = _find(case, said)
    licence = case.licence
    known = case.identity
    return GuestVerdict(
        name=case.name,
        vm_id=case.lane.vm.vm_id,
        host=case.lane.host,
        os_version=known.release,
        edition=known.edition,
        verdict=verdict,
        channel=licence.product_key_channel if licence else None,
        expires_minutes=_expires(licence),
        reasons=reasons,
        witnesses=testimonies(said, verdict, reasons[0].code if reasons else ""),
        granted_by=licence.avma_host if licence else None,
        granted_at=licence.avma_time.isoformat() if licence and licence.avma_time else None,
    )


def _expires(licence: LicenceRecord | None) -> int | None:
    """Minutes left of a licence that is in force and ends; a permanent one reports 0."""
    if licence is None or licence.status != LicenseStatus.LICENSED:
        return None
    return licence.grace_minutes or None


def _find(case: GuestCase, said: Mapping[WitnessName, Statement]) -> Finding:
    if case.unproven:
        return Verdict.UNKNOWN, (
            reason("machine_unproven", guest=case.name, vm_id=case.lane.vm.vm_id, why=case.unproven),
        )
    if case.wrong_machine:
        reported = case.lane.facts.reported_vm_id if case.lane.facts else None
        cause = reason("wrong_machine", guest=case.name, reported=reported, vm_id=case.lane.vm.vm_id)
        return Verdict.UNKNOWN, (cause,)
    if case.facts is None:
        return _from_outside(case, said)
    return _from_inside(case, said)


def _from_inside(case: GuestCase, said: Mapping[WitnessName, Statement]) -> Finding:
    """The guest was reached: the table decides, except where AVMA is not for it at all."""
    rule = decide(said)
    skew = _skew(case)
    if rule.verdict is Verdict.ACTIVATED:
        return rule.verdict, (*_warnings(case, said), *skew)
    cim_denies = said[WitnessName.CIM].stance is not Stance.DOUBTFUL and rule.code != "witnesses_disagree"
    never = (wrong_system(case) or unpublished(case)) if cim_denies else None
    if never is not None:
        return Verdict.NOT_APPLICABLE, (never,)
    if rule.verdict is Verdict.NOT_ACTIVATED:
        return rule.verdict, (*obstacles(case, said), *skew)
    return rule.verdict, (_named(rule.code, case, said), *skew)


def _named(code: str, case: GuestCase, said: Mapping[WitnessName, Statement]) -> Reason:
    """The cause that a row of the table names."""
    cim, dlv = said[WitnessName.CIM], said[WitnessName.SLMGR_DLV]
    if code == "other_method":
        method = foreign_method(case)
        assert method is not None
        return method
    if code == "authority_silent":
        return reason(code, guest=case.name, why=case.cim_error or "it names no status")
    if code == "witnesses_disagree":
        first = f"CIM says: {cim.says.rstrip('.')}"
        return reason(code, first=first, second=f"slmgr /dlv says: {dlv.says.rstrip('.')}")
    if code == "lease_implausible":
        return reason(code, guest=case.name, why=cim.detail)
    return reason(code, guest=case.name)


def _warnings(case: GuestCase, said: Mapping[WitnessName, Statement]) -> tuple[Reason, ...]:
    """What would end an activation that holds now: a host that cannot renew it, a renewal that failed."""
    licence = case.licence
    assert licence is not None
    left = duration(licence.grace_minutes or 0)
    threat = host_not_ready(case) or not_covered(case) or data_exchange(case)
    if threat is not None:
        lapse = reason("will_lapse", guest=case.name, left=left, cause=threat.message, cure=threat.next_step)
        return (lapse,)
    event = said[WitnessName.GUEST_EVENT]
    after = event.time is not None and (licence.avma_time is None or event.time > licence.avma_time)
    if event.stance is Stance.FAILURE and event.hresult and after:
        cure = code_reason(event.hresult, "event 12309")
        shown = f"0x{event.hresult & 0xFFFFFFFF:08X}"
        return (reason("renewal_failed", guest=case.name, hresult=shown, left=left, cure=cure.next_step),)
    return ()


def _skew(case: GuestCase) -> tuple[Reason, ...]:
    skew = case.skew
    if skew is None or skew <= SKEW:
        return ()
    return (reason("clocks_differ", guest=case.name, difference=duration(int(skew.total_seconds() // 60))),)


def _from_outside(case: GuestCase, said: Mapping[WitnessName, Statement]) -> Finding:
    """Nobody got in. Hearsay settles only that AVMA is not for it, and not against a fresh event of the host."""
    host_event = said[WitnessName.HOST_EVENT]
    never = wrong_system(case) or unpublished(case)
    if never is not None and host_event.stance not in {Stance.SUCCESS, Stance.JUST_NOW}:
        return Verdict.NOT_APPLICABLE, (never,)
    if never is not None:
        first = f"KVP says: {said[WitnessName.KVP].says.rstrip('.')}"
        second = f"the host's event 12310 says: {host_event.says.rstrip('.')}"
        return Verdict.UNKNOWN, (reason("witnesses_disagree", first=first, second=second),)
    known = (cause for test in _FROM_OUTSIDE if (cause := test(case)) is not None)
    return Verdict.UNKNOWN, (_unreached(case), *known)


_FROM_OUTSIDE = (rewritten_items, host_not_ready, not_covered, data_exchange)


def _unreached(case: GuestCase) -> Reason:
    lane, state = case.lane, case.lane.vm.state
    if state is VmState.OFF:
        return reason("guest_off", guest=case.name, host=lane.host)
    if state in {VmState.PAUSED, VmState.SAVED, VmState.TRANSITIONAL}:
        return reason("guest_not_running", guest=case.name, host=lane.host, state=_STATES[state])
    if lane.failure is not None:
        return Reason(lane.failure.code, lane.failure.message, lane.failure.next_step)
    code = "no_access" if lane.access is GuestAccess.NONE else "guest_silent"
    return reason(code, guest=case.name, host=lane.host)


_STATES = {VmState.PAUSED: "paused", VmState.SAVED: "saved", VmState.TRANSITIONAL: "changing its state"}
