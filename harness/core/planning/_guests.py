"""Steps inside guests: the AVMA key, the request for activation, the wait for it."""

from collections.abc import Callable, Iterable, Sequence

from harness.core.catalogue import KeyRow
from harness.core.model import LicenceRecord, LicenseStatus, Reason, RetryClass, Step, StepKind, Verdict
from harness.core.planning._desk import Desk
from harness.core.verdict import GuestCase, method_name, method_of, reason, status_name
from harness.core.verdict.obstacles import (
    data_exchange,
    evaluation,
    foreign_method,
    host_not_ready,
    not_covered,
    refused_here,
    unknown_kind,
    unpublished,
    wrong_system,
)

__all__ = ["plan_activate", "plan_guest_key", "plan_wait", "with_key"]

_LICENSED = f"{LicenseStatus.LICENSED.name.capitalize()} ({LicenseStatus.LICENSED.value})"
_UNSETTLED = frozenset({"witnesses_disagree", "lease_implausible", "state_in_flux"})
_AVMA_WORD = "VIRTUAL_MACHINE_ACTIVATION"

_NEVER: tuple[Callable[[GuestCase], Reason | None], ...] = (wrong_system, unpublished)
_PLACE: tuple[Callable[[GuestCase], Reason | None], ...] = (host_not_ready, not_covered)
_INSIDE: tuple[Callable[[GuestCase], Reason | None], ...] = (evaluation, unknown_kind, data_exchange)


def plan_guest_key(desk: Desk, step: Step, index: int) -> None:
    """The AVMA key of the guest's release and edition, wherever another or none is installed.

    A guest that could not be activated with it is left untouched, and one that is licensed by another method keeps
    that licence unless ``replace`` lists the method.
    """
    replaced = frozenset(str(method) for method in _listed(step.options.get("replace")))
    for case in desk.guests(step):
        if _is_activated(desk, case):
            continue
        cause = _obstacle(desk, case, replaced)
        if cause is not None:
            desk.block_guest(case, cause, step.kind)
        elif case.key is not None and _tail(case) != case.key.last5:
            desk.change_guest(
                case,
                step,
                index,
                arguments={"product_key": case.key.key},
                field="product_key",
                before=_tail(case),
                after=case.key.key,
                reason=_why_key(case, case.key),
            )
            desk.expect(case, licence=with_key(case.key))


def plan_activate(desk: Desk, step: Step, index: int) -> None:
    """Ask the host now, for each guest that has its AVMA key by then and is not activated."""
    for case in desk.guests(step):
        if _is_activated(desk, case) or desk.has_action(case.lane.vm.vm_id, StepKind.ACTIVATE):
            continue
        cause = _obstacle(desk, case, frozenset()) or _refusal(desk, case)
        if cause is not None:
            desk.block_guest(case, cause, step.kind)
        elif case.key is not None and _tail(case) != case.key.last5:
            missing = reason("key_first", guest=case.name, wanted=case.key.last5, key=case.key.key)
            desk.block_guest(case, missing, step.kind)
        else:
            told = f"{case.name} has its AVMA key and is not activated; {case.lane.host} is asked now."
            desk.change_guest(
                case, step, index, field="license_status", before=_status(case), after=_LICENSED, reason=told
            )


def plan_wait(desk: Desk, step: Step, index: int) -> None:
    """Watch the guests of this plan until they are activated. Changes nothing; a converged guest has none."""
    asks = any(action.step is StepKind.ACTIVATE for action in desk.actions)
    kinds = (StepKind.ACTIVATE,) if asks else (StepKind.GUEST_KEY,)
    for case in desk.guests(step):
        vm_id = case.lane.vm.vm_id
        if desk.has_action(vm_id, *kinds) and not desk.has_action(vm_id, StepKind.WAIT_FOR_ACTIVATION):
            desk.change_guest(
                case,
                step,
                index,
                retry_class=RetryClass.READ,
                arguments={"seconds": f"{float(str(step.options.get('seconds', 120))):g}"},
                field="license_status",
                before=_status(case),
                after=_LICENSED,
                reason=f"Wait until {case.name} shows its activation; nothing is changed.",
            )


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _is_activated(desk: Desk, case: GuestCase) -> bool:
    vm_id = case.lane.vm.vm_id
    return desk.found[vm_id].verdict is Verdict.ACTIVATED and not desk.has_action(vm_id, StepKind.GUEST_KEY)


def _obstacle(desk: Desk, case: GuestCase, replaced: frozenset[str]) -> Reason | None:
    """The first cause for which the guest is left alone, the root first."""
    found = desk.found[case.lane.vm.vm_id]
    if case.facts is None or case.wrong_machine or case.cim_error is not None:
        return found.reasons[0]
    tests: tuple[Callable[[GuestCase], Reason | None], ...] = (
        *_NEVER,
        lambda c: _kept_licence(c, replaced),
        *_PLACE,
        *_INSIDE,
    )
    cause = _first(tests, case)
    if cause is None and found.reasons and found.reasons[0].code in _UNSETTLED:
        return found.reasons[0]
    return cause


def _kept_licence(case: GuestCase, replaced: frozenset[str]) -> Reason | None:
    """Another method that licenses the guest now. A volume key that licenses nothing is no reason to keep it."""
    licensed = case.licence is not None and case.licence.status == LicenseStatus.LICENSED
    return foreign_method(case) if licensed and _option(case) not in replaced else None


def _option(case: GuestCase) -> str:
    """The method of the installed key as ``replace`` names it; what is neither KMS nor MAK counts as retail."""
    method = method_of(case.licence) if case.licence else ""
    return {"kms_host": "kms", "kms": "kms", "mak": "mak"}.get(method, "retail")


def _refusal(desk: Desk, case: GuestCase) -> Reason | None:
    """The host's own refusal of this guest, unless this plan gives the host or the guest another key."""
    changed = case.lane.host in desk.keyed or desk.has_action(case.lane.vm.vm_id, StepKind.GUEST_KEY)
    return None if changed else refused_here(case)


def _first(tests: Iterable[Callable[[GuestCase], Reason | None]], case: GuestCase) -> Reason | None:
    return next((cause for test in tests if (cause := test(case)) is not None), None)


def _tail(case: GuestCase) -> str | None:
    return case.licence.partial_product_key if case.licence else None


def _status(case: GuestCase) -> str:
    """The state as it was found, before anything of this plan."""
    facts = case.facts
    records = facts.licences if facts else ()
    found = next((record for record in records if record.is_windows and record.partial_product_key), None)
    return status_name(found.status) if found else "no key"


def _why_key(case: GuestCase, key: KeyRow) -> str:
    tail = _tail(case)
    method = f"the {method_name(method_of(case.licence))} key ...{tail}" if case.licence and tail else "no key"
    has = f"has {method}"
    return f"{case.name} runs Windows Server {key.release} {key.edition} and {has}; its AVMA key ends in {key.last5}."


def with_key(key: KeyRow) -> LicenceRecord:
    """The licence as it will be once the key is installed and before the host was asked."""
    return LicenceRecord(
        description=_AVMA_WORD,
        application_id="55c92734-d682-4d71-983e-d6ec3f16059f",
        partial_product_key=key.last5,
        product_key_channel="VT:IA",
        status=LicenseStatus.UNLICENSED,
    )
