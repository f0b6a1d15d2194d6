"""The step that turns an evaluation into what it can become, or Standard into Datacenter. Off unless asked for.

Rules: Microsoft Learn, "Upgrade and conversion options for Windows Server" (2025-08-18): a domain controller never; an
evaluation of Standard Core becomes Datacenter Core only; Datacenter never becomes Standard; Core stays Core.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.core.catalogue import KeyRow, avma_key, edition_of_family, sku
from harness.core.model import Reason, RetryClass, Step
from harness.core.planning._desk import Desk
from harness.core.planning._guests import with_key
from harness.core.verdict import GuestCase, reason
from harness.core.verdict.obstacles import evaluation, foreign_method, host_not_ready, not_covered, wrong_system

__all__ = ["plan_edition"]

_DOMAIN_CONTROLLER = 2


@dataclass(frozen=True, slots=True)
class _Way:
    """What a guest becomes: ``name`` as DISM says it."""

    edition: str
    name: str
    key: KeyRow


def plan_edition(desk: Desk, step: Step, index: int) -> None:
    """DISM with the AVMA key and a restart for each guest whose edition is in the way, where ``convert`` allows it.

    ``to`` Datacenter also takes Standard guests there, and is the only way for Standard Core evaluations.
    """
    wanted = step.options.get("to")
    for case in desk.guests(step):
        cause = evaluation(case)
        if case.facts is None or (cause is None and not _rises(case, wanted)):
            continue
        if cause is not None and step.options.get("convert") is not True:
            desk.block_guest(case, cause, step.kind)
            continue
        way = _way(case, wanted)
        refusal = way if isinstance(way, Reason) else _first(case)
        if refusal is not None:
            desk.block_guest(case, refusal, step.kind)
        elif isinstance(way, _Way) and step.options.get("convert") is True:
            _change(desk, case, step, index, way)


def _rises(case: GuestCase, wanted: object) -> bool:
    """A Standard guest that is to become Datacenter, and that no other method licenses."""
    known = case.identity
    return wanted == "Datacenter" and known.edition == "Standard" and foreign_method(case) is None


def _first(case: GuestCase) -> Reason | None:
    """A guest that its host would not activate afterwards is left as it is."""
    return wrong_system(case) or host_not_ready(case) or not_covered(case)


def _way(case: GuestCase, wanted: object) -> _Way | Reason:
    known, system = case.identity, case.facts.os if case.facts else None
    if system is not None and system.product_type == _DOMAIN_CONTROLLER:
        return reason("edition_domain_controller", guest=case.name)
    core = _core(case)
    if core is None:
        return reason("edition_core_unknown", guest=case.name)
    edition = "Datacenter" if wanted == "Datacenter" else known.edition
    if known.evaluation and core and edition == "Standard":
        return reason("edition_core_to_datacenter", guest=case.name)
    key = avma_key(known.release or "", edition or "")
    if edition is None or key is None:
        return reason("no_avma_key_published", guest=case.name, release=known.release, edition=edition)
    return _Way(edition, f"Server{edition}{'Cor' * core}", key)


def _core(case: GuestCase) -> bool | None:
    """Whether it is Server Core: by the licence's family, else by the number of its SKU."""
    families: Iterable[str | None] = (record.license_family for record in (case.facts.licences if case.facts else ()))
    told = [info.core for family in families if family and (info := edition_of_family(family)) is not None]
    number = case.facts.os.sku if case.facts and case.facts.os else None
    by_number = sku(number) if number is not None else None
    return next((core for core in (*told, by_number.core if by_number else None) if core is not None), None)


def _change(desk: Desk, case: GuestCase, step: Step, index: int, way: _Way) -> None:
    before = f"{case.identity.edition}{' (evaluation)' * case.identity.evaluation}"
    desk.change_guest(
        case,
        step,
        index,
        retry_class=RetryClass.ONCE,
        refundable=False,
        arguments={
            "edition_id": way.name,
            "edition": way.edition,
            "product_key": way.key.key,
            "seconds": f"{float(str(step.options.get('seconds', 1800))):g}",
        },
        field="edition",
        before=before,
        after=way.edition,
        reason=f"{case.name} is {before}; DISM makes it {way.edition} with the AVMA key, and the guest restarts. "
        "This cannot be undone.",
    )
    identity = replace(case.identity, edition=way.edition, evaluation=False)
    desk.expect(case, identity=identity, key=way.key, licence=with_key(way.key))
