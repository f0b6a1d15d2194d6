"""Questions that activation requests answer: the events of both logs, and what came of them."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from harness.core.catalogue import host_supports
from harness.core.model import DATA_EXCHANGE, Flavour, GuestFacts, LicenseStatus
from harness.windows.capture._host_rules import release_of_key
from harness.windows.capture._material import GuestMaterial, HostMaterial, Material, event_values
from harness.windows.capture._sightings import Sighting, agreed, unseen

__all__ = ["REQUEST_RULES"]

_FD01, _FD02, _FD03, _F034 = 0xC004FD01, 0xC004FD02, 0xC004FD03, 0xC004F034
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")
_AZURE_EDITION = "Datacenter: Azure Edition"
_AZURE = frozenset({Flavour.AZURE_STACK_HCI, Flavour.AZURE_LOCAL})
_INITIAL_GRACE = LicenseStatus.OOB_GRACE


_NO_VALUE = "System.Diagnostics.Eventing.Reader.EventProperty"


def _all_values(material: Material) -> Iterator[tuple[str, ...]]:
    for raw in (*(host.raw for host in material.hosts), *(guest.raw for guest in material.guests)):
        yield from event_values(raw).values()


def _values(material: Material) -> Iterator[tuple[str, ...]]:
    """%1, %2 of every event 12309 and 12310 that was read, where they arrived."""
    return (values for values in _all_values(material) if _NO_VALUE not in values)


def _projected(material: Material) -> Sighting:
    return agreed(
        (
            ("names", "The values did not arrive.", list(values))
            if _NO_VALUE in values
            else ("objects", "The values arrived.", list(values))
            for values in _all_values(material)
            if values
        ),
        "No event 12309 or 12310 was found.",
    )


def _payload(material: Material) -> Sighting:
    told = [values for values in _values(material) if values]
    return agreed(
        ((choice, "%2 is laid out so.", list(v)) for v in told if (choice := _layout(v[1] if len(v) > 1 else ""))),
        "No event 12309 or 12310 was found, or %2 is laid out as no choice of the register says.",
    )


def _layout(text: str) -> str | None:
    bare = text.strip()
    if not bare:
        return "empty"
    if _GUID.fullmatch(bare):
        return "vm_only"
    if "\n" in bare:
        return "lines" if re.search(r"^[^:\n]+: ", bare, re.MULTILINE) else None
    if _is_base64(bare):
        return "blob"
    if re.fullmatch(r"[^=;]+=[^;]*(?:;[^=;]+=[^;]*)+;?", bare):
        return "pairs"
    if not _GUID.search(bare):
        return "no_ids"
    return "comma" if bare.count(",") >= 3 else None


def _is_base64(text: str) -> bool:
    if not re.fullmatch(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        return False
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _hresult(material: Material) -> Sighting:
    """0xC004FD02 is the same in short and padded form, 0x0 in short and lower: two kinds of codes may be needed."""
    codes = sorted({values[0].strip() for values in _values(material) if values and values[0].strip()})
    fits = {
        "short": [code for code in codes if code == _short(code)],
        "padded": [code for code in codes if code == f"0x{_number(code):08X}"],
        "lower": [code for code in codes if code == _short(code).lower()],
    }
    possible = [choice for choice, fitting in fits.items() if fitting == codes]
    if not codes:
        return unseen("No event 12309 or 12310 was found.")
    if len(possible) != 1:
        return unseen(f"The codes {', '.join(codes)} fit {', '.join(possible) or 'no choice'}.", *codes)
    return Sighting(possible[0], f"The codes are written {', '.join(codes)}.", tuple(codes))


def _number(code: str) -> int:
    return int(code, 16) if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}", code) else -1


def _short(code: str) -> str:
    return f"0x{_number(code):X}"


_RHYTHMS = {
    "two_hours": timedelta(hours=2),
    "daily": timedelta(days=1),
    "half": timedelta(days=3.5),
    "last_day": timedelta(days=6),
}


def _renewal(material: Material) -> Sighting:
    """By the times between one success and the next of the same VM. Somebody's /ato is noise, so most must agree."""
    found: list[tuple[str, timedelta]] = []
    successes: dict[str, list[object]] = {}
    for host in material.hosts:
        for request in material.requests(host):
            if request.vm_id and request.time and request.hresult == 0:
                successes.setdefault(request.vm_id, []).append(request.time)
    gaps = [
        later - earlier  # type: ignore[operator] # times of one VM
        for times in successes.values()
        for earlier, later in zip(sorted(times), sorted(times)[1:], strict=False)  # type: ignore[type-var]
    ]
    for gap in gaps:
        found += [(name, gap) for name, rhythm in _RHYTHMS.items() if abs(gap - rhythm) <= rhythm * 0.05]
    if len(gaps) < 3:
        return unseen(f"Only {len(gaps)} renewal(s) of known VMs are in the logs; three are needed.")
    counts = {name: sum(one == name for one, _ in found) for name in _RHYTHMS}
    best = max(counts, key=lambda name: counts[name])
    shown = tuple(str(gap) for gap in gaps[:20])
    if counts[best] * 2 <= len(gaps):
        return unseen("The times between renewals follow no rhythm that the register has.", *shown)
    return Sighting(best, f"{counts[best]} of {len(gaps)} renewals came {_RHYTHMS[best]} after the one before.", shown)


def _data_exchange_off(material: Material) -> Sighting:
    found = []
    for host, guest, facts in _reached(material):
        service, licence = guest.lane.vm.service(DATA_EXCHANGE), guest.licence
        works = service is None or (service.enabled and service.status in {None, 2})
        if works or licence is None or not licence.is_avma or licence.status == LicenseStatus.LICENSED:
            continue
        last = next((event for event in facts.events if event.event_id == 12309), None)
        choice = {_FD01: "fd01", _F034: "f034"}.get(last.hresult or 0) if last else None
        if choice and _could_answer(host):
            found.append((choice, f"{guest.lane.vm.name} was told 0x{last.hresult:08X}.", last.payload))  # type: ignore[union-attr]
    return agreed(
        found, "No guest with Data Exchange off had tried: that an attempt leaves no trace is not seen by reading."
    )


def _could_answer(host: HostMaterial) -> bool:
    return host.facts.flavour in {Flavour.SERVER_DATACENTER, *_AZURE}


def _reached(material: Material) -> Iterator[tuple[HostMaterial, GuestMaterial, GuestFacts]]:
    for host in material.hosts:
        for guest in material.on(host):
            if guest.lane.facts is not None and guest.lane.facts.reachable:
                yield host, guest, guest.lane.facts


def _answers(material: Material, host: HostMaterial, vm_id: str) -> set[int]:
    """Every code with which that host answered that VM, as far as its log reaches."""
    requests = material.requests(host)
    return {request.hresult for request in requests if request.vm_id == vm_id and request.hresult is not None}


def _grants(host: HostMaterial, guest: GuestMaterial) -> bool:
    """Whether the guest's licence names this very host as the one that granted it."""
    licence, own = guest.licence, host.facts.os.computer_name
    if licence is None or licence.status != LicenseStatus.LICENSED or not licence.avma_host or not own:
        return False
    return licence.avma_host.partition(".")[0].casefold() == own.partition(".")[0].casefold()


def _permission(
    material: Material, fits: Callable[[HostMaterial, GuestMaterial], bool], yes: str, no: str, otherwise: str
) -> Sighting:
    """Whether hosts of one kind activate guests of one kind: granted by this host, or refused by it with FD03."""
    found: list[tuple[str, str, object]] = []
    for host, guest, _ in _reached(material):
        if not fits(host, guest):
            continue
        name, codes = guest.lane.vm.name, _answers(material, host, guest.lane.vm.vm_id)
        shown = [f"0x{code:08X}" for code in sorted(codes)]
        if _grants(host, guest) or 0 in codes:
            found.append((yes, f"{host.facts.name} has activated {name}.", shown))
        elif _FD03 in codes:
            found.append((no, f"{host.facts.name} has refused {name} with 0xC004FD03.", shown))
    return agreed(found, otherwise)


def _release(guest: GuestMaterial) -> str | None:
    facts = guest.lane.facts
    return facts.os.release if facts and facts.os else None


def _edition(guest: GuestMaterial) -> str | None:
    facts = guest.lane.facts
    return facts.os.edition if facts and facts.os else None


def _old_guest(material: Material) -> Sighting:
    def fits(host: HostMaterial, guest: GuestMaterial) -> bool:
        server = host.facts.flavour is Flavour.SERVER_DATACENTER and host.facts.os.release == "2025"
        azure = host.facts.flavour in _AZURE and release_of_key(host) == "2025" and not _subscribed(host)
        return _release(guest) == "2012 R2" and (server or azure)

    return _permission(
        material,
        fits,
        "allowed",
        "refused",
        "No 2012 R2 guest of a 2025 host, or of a node with a 2025 key, had tried.",
    )


def _subscribed(host: HostMaterial) -> bool:
    return host.facts.subscription is not None and host.facts.subscription.active is not False


def _azure_edition_on_server(material: Material) -> Sighting:
    def fits(host: HostMaterial, guest: GuestMaterial) -> bool:
        own, theirs = host.facts.os.release, _release(guest)
        covered = bool(own and theirs and host_supports(own, theirs).supported)
        return host.facts.flavour is Flavour.SERVER_DATACENTER and _edition(guest) == _AZURE_EDITION and covered

    return _permission(
        material, fits, "accepted", "refused", "No Azure Edition guest of a Windows Server Datacenter host had tried."
    )


def _azure_edition_by_key(material: Material) -> Sighting:
    def fits(host: HostMaterial, guest: GuestMaterial) -> bool:
        key, theirs = release_of_key(host), _release(guest)
        covered = bool(key and theirs and host_supports(key, theirs).supported)
        by_key = host.facts.activation is not None and host.facts.activation.configured is True
        return (
            host.facts.flavour in _AZURE
            and by_key
            and not _subscribed(host)
            and _edition(guest) == _AZURE_EDITION
            and covered
        )

    return _permission(
        material,
        fits,
        "accepted",
        "refused",
        "No Azure Edition guest of a node with a key and no subscription had tried.",
    )


def _parent(material: Material, fits: Callable[[HostMaterial], bool], otherwise: str) -> Sighting:
    """Whether hosts in one state count as activated: what they answered, success or FD02."""
    found: list[tuple[str, str, object]] = []
    for host in material.hosts:
        if not fits(host):
            continue
        codes = {request.hresult for request in material.requests(host)}
        if 0 in codes:
            found.append(("accepted", f"{host.facts.name} has activated a guest.", sorted(filter(None, codes))))
        elif _FD02 in codes:
            found.append(("refused", f"{host.facts.name} has answered 0xC004FD02.", sorted(filter(None, codes))))
    return agreed(found, otherwise)


def _evaluation_parent(material: Material) -> Sighting:
    def fits(host: HostMaterial) -> bool:
        return host.facts.flavour is Flavour.SERVER_DATACENTER and host.facts.os.evaluation

    return _parent(material, fits, "No evaluation Datacenter host was asked by a guest.")


def _grace_parent(material: Material) -> Sighting:
    """Only the initial grace tells: in any later one the host may have answered before it fell into it."""

    def fits(host: HostMaterial) -> bool:
        states = {record.status for record in host.facts.licences if record.is_windows}
        datacenter = host.facts.flavour is Flavour.SERVER_DATACENTER and not host.facts.os.evaluation
        return datacenter and states == {_INITIAL_GRACE}

    return _parent(material, fits, "No Datacenter host in its initial grace period was asked by a guest.")


def _standard_host(material: Material) -> Sighting:
    codes = {_FD01: "fd01", _FD02: "fd02", _FD03: "fd03"}
    found = []
    for host, guest, facts in _reached(material):
        if host.facts.flavour is not Flavour.SERVER_OTHER or host.facts.os.edition != "Standard":
            continue
        last = next((event for event in facts.events if event.event_id == 12309), None)
        choice = codes.get(last.hresult or 0) if last else None
        service = guest.lane.vm.service(DATA_EXCHANGE)
        if choice and (service is None or service.enabled):
            found.append((choice, f"{guest.lane.vm.name} was told so.", f"0x{last.hresult:08X}"))  # type: ignore[union-attr]
    return agreed(found, "No guest of a Standard host with an AVMA key had tried.")


REQUEST_RULES: Mapping[str, Callable[[Material], Sighting]] = {
    "event_payload": _payload,
    "event_hresult": _hresult,
    "projected_event_values": _projected,
    "renewal": _renewal,
    "data_exchange_off": _data_exchange_off,
    "host2025_guest2012r2": _old_guest,
    "evaluation_parent": _evaluation_parent,
    "grace_parent": _grace_parent,
    "standard_host_code": _standard_host,
    "azure_edition_on_server": _azure_edition_on_server,
    "azure_edition_by_key": _azure_edition_by_key,
}
