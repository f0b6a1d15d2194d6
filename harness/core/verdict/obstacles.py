"""What keeps a guest from being activated by AVMA: one small test per cause, the root first.

The verdict lists every obstacle of a guest that is not activated; the plan leaves alone a guest that has one it cannot
remove.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from harness.core.catalogue import avma_key, component_status, edition_of_family, key_by_tail
from harness.core.model import DATA_EXCHANGE, LicenseStatus, Reason, VmState, WitnessName
from harness.core.verdict._causes import code_reason, reason
from harness.core.verdict._events import GUEST_EVENT, HOST_EVENT, latest, of_another_vm
from harness.core.verdict._hosts import AZURE, coverage
from harness.core.verdict._identity import System
from harness.core.verdict._testimony import Stance, Statement
from harness.core.verdict.cases import GuestCase
from harness.core.verdict.licences import LEASE_MINUTES, avma_tail, method_name, method_of, status_name

__all__ = [
    "avma_trace",
    "data_exchange",
    "evaluation",
    "foreign_method",
    "host_not_ready",
    "not_covered",
    "obstacles",
    "refused_here",
    "rewritten_items",
    "unknown_kind",
    "unpublished",
    "wrong_key",
    "wrong_system",
]

_OK = 2
_NOT_COVERED = 0xC004FD03
_BLAMES_HOST = "host_not_activated"
"""What the licensing service says wherever the host cannot; the host itself tells more exactly why."""
_NO_NEWS = frozenset({"not_activated_yet", "initial_grace"})
"""What the licensing service says of any guest that is not activated: no cause beside a real one."""
_OPTIONS = {"kms": "kms", "kms_host": "kms", "mak": "mak"}
_FALLBACK_KEY = "<AVMA key of its release and edition, see: avma keys>"


def _key(case: GuestCase) -> str:
    return case.key.key if case.key else _FALLBACK_KEY


def wrong_system(case: GuestCase) -> Reason | None:
    """The VM runs something that AVMA is not for."""
    if case.identity.system in {System.WINDOWS_SERVER, System.UNKNOWN}:
        return None
    unproven = ", as it tells its host unproven" if case.identity.hearsay else ""
    return reason("not_a_windows_server_guest", guest=case.name, system=f"{case.identity.shown}{unproven}")


def rewritten_items(case: GuestCase) -> Reason | None:
    """What it tells of itself through Data Exchange cannot all be true, and nothing else tells what it is."""
    why = case.identity.contradiction
    return reason("kvp_contradicts_itself", guest=case.name, host=case.lane.host, why=why) if why else None


def unpublished(case: GuestCase) -> Reason | None:
    """No AVMA key exists for its release and edition."""
    if not case.key_is_unpublished:
        return None
    known = case.identity
    return reason("no_avma_key_published", guest=case.name, release=known.release, edition=known.edition)


def unknown_kind(case: GuestCase) -> Reason | None:
    """It is reached, but its release or edition is not told, so nobody knows which key it needs."""
    known = case.identity
    if case.facts is None or known.system is System.OTHER or (known.release and known.edition):
        return None
    return reason("guest_kind_unknown", guest=case.name, shown=known.shown)


def foreign_method(case: GuestCase) -> Reason | None:
    """It is licensed by another method, or holds a volume key that somebody chose for it (KMS client, MAK)."""
    licence = case.licence
    if licence is None:
        return None
    method = method_of(licence)
    licensed = licence.status == LicenseStatus.LICENSED
    if method in {"avma", "evaluation"} or not (licensed or method in _OPTIONS):
        return None
    return reason(
        "other_method",
        guest=case.name,
        method=method_name(method),
        tail=licence.partial_product_key,
        status=status_name(licence.status),
        option=_OPTIONS.get(method, "retail"),
        key=_key(case),
    )


def host_not_ready(case: GuestCase) -> Reason | None:
    """The present host certainly cannot activate anybody."""
    verdict = case.host_verdict
    return verdict.reasons[0] if verdict is not None and verdict.avma_ready is False else None


def not_covered(case: GuestCase) -> Reason | None:
    """The present host, or its key, does not cover the guest's release."""
    facts = case.host.facts if case.host else None
    cell = coverage(facts, case.grant, case.identity) if facts is not None else None
    if facts is None or cell is None or cell.supported is not False or case.key_is_unpublished:
        return None
    azure = facts.flavour in AZURE
    return reason(
        "host_key_too_old" if azure else "host_too_old",
        guest=case.name,
        host=case.lane.host,
        release=case.identity.release,
        host_release=case.grant.version if azure else facts.os.release,
    )


def evaluation(case: GuestCase) -> Reason | None:
    """The guest runs an evaluation edition."""
    by_licence = case.licence is not None and method_of(case.licence) == "evaluation"
    if not by_licence and not case.identity.evaluation:
        return None
    known = case.identity
    core = _is_core(case)
    edition = "Standard" if known.edition == "Standard" and not core else "Datacenter"
    row = avma_key(known.release, edition) if known.release else None
    target, key = f"{edition}{'Cor' * core}", row.key if row else _FALLBACK_KEY
    return reason("evaluation_edition", guest=case.name, target=target, key=key)


def _is_core(case: GuestCase) -> bool:
    """Whether its licence is one for Server Core: an evaluation of Standard Core becomes Datacenter Core only."""
    family = case.licence.license_family if case.licence else None
    info = edition_of_family(family) if family else None
    return info is not None and info.core is True


def data_exchange(case: GuestCase) -> Reason | None:
    """Data Exchange is off, or enabled but not answering while the VM runs."""
    service = case.lane.vm.service(DATA_EXCHANGE)
    if service is None:
        return None
    if not service.enabled:
        return reason("data_exchange_off", guest=case.name, host=case.lane.host)
    if case.lane.vm.state is not VmState.RUNNING or service.status in {None, _OK}:
        return None
    row = component_status(service.status) if service.status is not None else None
    status = row.name if row else f"status {service.status}"
    return reason("data_exchange_no_contact", guest=case.name, status=status)


def wrong_key(case: GuestCase) -> Reason | None:
    """There is no key, or another one than the AVMA key of its release and edition."""
    if case.cim_error is not None or foreign_method(case) is not None or evaluation(case) is not None:
        return None
    if case.licence is None:
        return reason("no_key", guest=case.name, key=_key(case))
    tail = case.licence.partial_product_key or "?"
    if case.key is None or tail == case.key.last5:
        return None
    known = key_by_tail(tail)
    method = method_name(method_of(case.licence))
    belongs = f"the {known.kind} key of {known.release} {known.edition}" if known else f"{method} key"
    return reason(
        "wrong_key",
        guest=case.name,
        tail=tail,
        belongs=belongs,
        release=case.identity.release,
        edition=case.identity.edition,
        wanted=case.key.last5,
        key=case.key.key,
    )


def avma_trace(case: GuestCase) -> str:
    """What shows that AVMA activated the guest, or refused it, at some time; empty where nothing does."""
    if case.facts is None:
        return ""
    granter = next((r.avma_host for r in case.facts.licences if r.is_windows and r.avma_host), None)
    if granter is not None:
        return f"its licence names {granter}"
    own = (event for event in case.facts.events if event.event_id == GUEST_EVENT)
    if any(not of_another_vm(event, case.lane.vm.vm_id, case.other_vms) for event in own):
        return "its log holds event 12309"
    return "a host's log holds its event 12310" if case.host_events else ""


def told_code(case: GuestCase, said: Mapping[WitnessName, Statement]) -> Reason | None:
    """What the licensing service itself names as the cause: the last attempt's code, else the licence's."""
    if case.licence is None or evaluation(case) is not None:
        return None
    event = said[WitnessName.GUEST_EVENT]
    recent = event.time is not None and case.clock - event.time <= timedelta(minutes=LEASE_MINUTES)
    if event.stance is Stance.FAILURE and event.hresult and recent and avma_tail(case.licence):
        return code_reason(event.hresult, f"event 12309 of {event.time:%Y-%m-%d %H:%M} UTC")
    for name, where in ((WitnessName.CIM, "LicenseStatusReason"), (WitnessName.SLMGR_DLV, "slmgr /dlv")):
        if said[name].hresult:
            return code_reason(said[name].hresult or 0, where)
    return None


def refused_here(case: GuestCase) -> Reason | None:
    """The present host itself has answered, within the last seven days, that it may not activate this guest.

    It settles what no source does. Where the documents say that the host may, the refusal may be an old one of another
    key, and asking again is right; an event of another host, from before a move, proves nothing here.
    """
    facts = case.host.facts if case.host else None
    cell = coverage(facts, case.grant, case.identity) if facts is not None else None
    if cell is not None and cell.supported is not None:
        return None
    here = _here(case)
    event = latest((e for e in case.host_events if _short(e.computer) == here), HOST_EVENT)
    if event is None or event.time is None or event.hresult is None or event.hresult & 0xFFFFFFFF != _NOT_COVERED:
        return None
    if case.clock - event.time > timedelta(minutes=LEASE_MINUTES):
        return None
    return code_reason(event.hresult, f"event 12310 of {case.lane.host}, {event.time:%Y-%m-%d %H:%M} UTC")


def _short(name: str | None) -> str:
    return (name or "").partition(".")[0].casefold()


_ROOT_FIRST: tuple[Callable[[GuestCase], Reason | None], ...] = (
    wrong_system,
    foreign_method,
    host_not_ready,
    not_covered,
    evaluation,
    unpublished,
    unknown_kind,
    data_exchange,
    wrong_key,
)


def obstacles(case: GuestCase, said: Mapping[WitnessName, Statement]) -> tuple[Reason, ...]:
    """Every cause that keeps the guest from being activated, the root first; never empty."""
    found = [cause for test in _ROOT_FIRST if (cause := test(case)) is not None]
    told = told_code(case, said)
    if told is not None and told.code == _BLAMES_HOST:
        told = _overtaken(case, told)
    if not found:
        found = [told or reason("not_activated_yet", guest=case.name, host=case.lane.host)]
    elif told is not None and told.code not in {c.code for c in found} | _implied(case):
        found.append(told)
    return tuple(found)


def _implied(case: GuestCase) -> frozenset[str]:
    """Codes that say no more than a cause that was found."""
    old = {"refused_before", "refused_elsewhere"}
    return _NO_NEWS | old | ({_BLAMES_HOST} if host_not_ready(case) is not None else set())


def _overtaken(case: GuestCase, told: Reason) -> Reason:
    """A code that blames the host; another where the host was mended since, or the VM left the one that refused."""
    verdict, why = case.host_verdict, told.message.rstrip(".")
    if verdict is not None and verdict.avma_ready is True:
        return reason("refused_before", guest=case.name, host=case.lane.host, why=why)
    answer = latest(case.host_events, HOST_EVENT)
    if answer is None or not answer.computer or _short(answer.computer) == _here(case):
        return told
    return reason("refused_elsewhere", guest=case.name, host=case.lane.host, other=answer.computer, why=why)


def _here(case: GuestCase) -> str:
    """The present host as it signs its events."""
    facts = case.host.facts if case.host else None
    return _short(facts.os.computer_name if facts else None) or _short(case.lane.host)
