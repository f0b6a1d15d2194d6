"""Findings about each guest, and what it is before and after."""

from collections.abc import Sequence

from harness.core.model import LicenseStatus, Verdict
from harness.core.moves import Stay
from harness.core.preflight._desk import Desk, Plot, each_case
from harness.core.preflight._losses import BAD, find_losses, find_unknowns
from harness.core.preflight._order import hops
from harness.core.preflight._records import GuestForecast
from harness.core.preflight._spans import Stretch, span, stretches
from harness.core.preflight._swap import key_swap
from harness.core.verdict import GuestCase, guest_verdict, method_of
from harness.core.verdict.obstacles import evaluation

__all__ = ["find_guests"]


def find_guests(desk: Desk) -> tuple[GuestForecast, ...]:
    """Every guest's forecast; what is to be known of it becomes a finding."""
    forecasts = []
    for plot, case in each_case(desk):
        found = stretches(desk, plot, case)
        _find(desk, plot, case, found)
        forecasts.append(_forecast(desk, plot, case, found))
    count = sum(desk.upgrades(case) for _, case in each_case(desk))
    if desk.aim.release == "2025" and count:
        desk.find("vbscript_on_demand", "guest", "all guests", count=count)
    return tuple(forecasts)


def _find(desk: Desk, plot: Plot, case: GuestCase, found: Sequence[Stretch]) -> None:
    if all(stretch.stay is Stay.UNAFFECTED for stretch in found):
        _aside(desk, case)
    elif case.facts is None or case.cim_error is not None:
        _unread(desk, case, found)
    else:
        if _licensed(case):
            find_losses(desk, plot, case, found)
        else:
            _not_activated(desk, case)
        find_unknowns(desk, plot, case, found)
        if case.facts.script_engine is False:
            _tell(desk, case, "vbscript_gone", evidence=("cscript.exe could not run slmgr.vbs",))
        if desk.upgrades(case):
            _keys(desk, case)


def _tell(desk: Desk, case: GuestCase, code: str, *, evidence: tuple[str, ...] = (), **told: object) -> None:
    desk.find(code, "guest", case.name, evidence=evidence, vm_id=case.lane.vm.vm_id, guest=case.name, **told)


def _licensed(case: GuestCase) -> bool:
    return case.licence is not None and case.licence.status == LicenseStatus.LICENSED


def _aside(desk: Desk, case: GuestCase) -> None:
    """Not by AVMA: only an evaluation edition is worth a word, since it has to be converted."""
    cause = evaluation(case)
    if cause is not None and desk.upgrades(case):
        _tell(desk, case, "guest_evaluation", cure=cause.next_step)


def _unread(desk: Desk, case: GuestCase, found: Sequence[Stretch]) -> None:
    cause = next((stretch.cause for stretch in found if stretch.cause), None)
    if cause is not None:
        _tell(desk, case, "guest_unread", cause=cause.message, cure=cause.next_step)


def _not_activated(desk: Desk, case: GuestCase) -> None:
    reasons = guest_verdict(case).reasons
    if reasons:
        _tell(desk, case, "not_activated_now", cause=reasons[0].message, cure=reasons[0].next_step)


def _keys(desk: Desk, case: GuestCase) -> None:
    """The generic key of the new release and edition, and the way there."""
    after, release, to = desk.after(case), case.identity.release or "", desk.aim.release
    between = hops(release, to)
    if between:
        _tell(desk, case, "guest_upgrade_in_hops", release=release, to=to, between=", ".join(between))
    if after.key is None:
        _tell(desk, case, "no_key_after", to=to, edition=after.identity.edition)
    swap = key_swap(desk, case)
    if swap is not None:
        _tell(
            desk,
            case,
            "key_changes",
            evidence=tuple(step.proof for step in swap.steps()),
            to=to,
            edition=swap.after.edition,
            before=swap.before,
            interim=swap.interim.last5,
            after=swap.after.last5,
            gvlk=swap.interim.key,
            key=swap.after.key,
        )


def _forecast(desk: Desk, plot: Plot, case: GuestCase, found: Sequence[Stretch]) -> GuestForecast:
    after, licence, swap = desk.after(case), case.licence, key_swap(desk, case)
    verdict = guest_verdict(case)
    unread = case.facts is None or case.cim_error is not None
    return GuestForecast(
        name=case.name,
        vm_id=case.lane.vm.vm_id,
        host=case.lane.host,
        pool=plot.pool.name,
        release_before=case.identity.release,
        edition_before=case.identity.edition,
        release_after=after.identity.release,
        edition_after=after.identity.edition,
        method=method_of(licence) if licence else None,
        activated=None if unread else verdict.verdict is Verdict.ACTIVATED,
        expires_minutes=verdict.expires_minutes,
        key_before=licence.partial_product_key if licence else None,
        key_after=swap.after.last5 if swap else None,
        outcome=_outcome(desk, case, found, last=len(plot.course.steps)),
        swap=swap.steps() if swap else (),
        spans=tuple(map(span, found)),
    )


def _outcome(desk: Desk, case: GuestCase, found: Sequence[Stretch], *, last: int) -> str:
    """The whole course in one word, the worst that counts: see GuestForecast."""
    final, whole = {s.stay for s in found if s.last == last}, {s.stay for s in found}
    if whole <= {Stay.UNAFFECTED}:
        return "unaffected"
    if case.facts is None or case.cim_error is not None:
        return "unknown"
    if desk.upgrades(case) and desk.after(case).key is None:
        return "loses"
    if not _licensed(case):
        return "gains" if final <= {Stay.ACTIVATES} else "at_risk"
    if final & BAD:
        return "loses"
    if Stay.UNKNOWN in whole:
        return "unknown"
    return "at_risk" if whole & BAD else "stays"
