"""The step that removes what Data Exchange left in guests that AVMA once activated and another licence now does.

Microsoft Learn, "Automatic Virtual Machine Activation": this data is not protected, and is to be removed where an AVMA
key is replaced by another key. Off unless a playbook holds the step.
"""

from harness.core.model import LicenseStatus, Reason, Step
from harness.core.planning._desk import Desk
from harness.core.verdict import GuestCase, method_name, method_of, reason
from harness.core.verdict.obstacles import avma_trace, wrong_system

__all__ = ["plan_kvp_cleanup"]

_OTHERS = frozenset({"kms", "kms_host", "mak", "retail", "oem", "timebased"})


def plan_kvp_cleanup(desk: Desk, step: Step, index: int) -> None:
    """Remove the host's names from guests that another licence activates now and that bear a trace of AVMA.

    The trace is an event of AVMA in the guest's log or in a host's, or a licence that still names its granter;
    ``without_trace`` takes guests whose logs are too young to hold one.
    """
    for case in desk.guests(step):
        if wrong_system(case) is not None:
            continue
        cause = _unread(desk, case)
        if cause is not None:
            desk.block_guest(case, cause, step.kind)
        elif _has_left(case) and (avma_trace(case) or step.options.get("without_trace") is True):
            _remove(desk, case, step, index)


def _unread(desk: Desk, case: GuestCase) -> Reason | None:
    """Why nothing can be said of a guest: it was not reached, or its licence or registry was not read."""
    facts = case.facts
    if facts is None or case.cim_error is not None:
        return desk.found[case.lane.vm.vm_id].reasons[0]
    part = facts.parts.get("parameters")
    if part is not None and not part.ok and _has_left(case):
        return reason("kvp_unreadable", guest=case.name, why=part.message or part.code)
    return None


def _has_left(case: GuestCase) -> bool:
    """Another method licenses the guest now."""
    licence = case.licence
    return licence is not None and licence.status == LicenseStatus.LICENSED and method_of(licence) in _OTHERS


def _remove(desk: Desk, case: GuestCase, step: Step, index: int) -> None:
    facts, licence = case.facts, case.licence
    if facts is None or licence is None or not facts.host_values:
        return
    trace = avma_trace(case)
    desk.change_guest(
        case,
        step,
        index,
        field="guest_parameters",
        before=", ".join(facts.host_values),
        after="",
        reason=f"{case.name} is licensed by {method_name(method_of(licence))} now"
        f"{f', and {trace}' if trace else ''}; what Data Exchange wrote of its host is to go.",
    )
