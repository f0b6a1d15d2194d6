"""Questions that a guest's own licence answers."""

import re
from collections.abc import Callable, Iterator, Mapping

from harness.core.model import LicenceRecord, LicenseStatus
from harness.windows.capture._material import GuestMaterial, Material
from harness.windows.capture._sightings import Sighting, agreed, unseen

__all__ = ["GUEST_RULES"]

_AZURE_EDITION_SKUS = frozenset({407, 408})
"""Datacenter: Azure Edition, with and without desktop (PRODUCT_AZURE_SERVER..., winnt.h)."""
_FAMILIES = (("ServerTurbine", "turbine"), ("ServerAzure", "azure_cor"), ("ServerDatacenterAzure", "datacenter_azure"))
_DESCRIPTIONS = {
    "Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel": "operating_system",
    "Windows Server(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel": "server",
}
_FORMS = (
    ("guid", re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")),
    ("digits", re.compile(r"[0-9]{63}")),
    ("hex", re.compile(r"[0-9a-fA-F]{32}")),
)

_NOT_YET = 0xC004F034
_BEFORE: Mapping[tuple[int | None, int | None], str] = {
    (LicenseStatus.NOTIFICATION, _NOT_YET): "notification",
    (LicenseStatus.UNLICENSED, _NOT_YET): "unlicensed",
    (LicenseStatus.OOB_GRACE, 0x4004F00C): "oob_grace",
}


def _avma(material: Material) -> Iterator[tuple[GuestMaterial, LicenceRecord]]:
    for guest in material.guests:
        licence = guest.licence
        if licence is not None and licence.is_avma:
            yield guest, licence


def _never_activated(guest: GuestMaterial, licence: LicenceRecord) -> bool:
    """No grant is remembered, and every event of the guest's log tells of something else."""
    events = guest.lane.facts.events if guest.lane.facts else ()
    return licence.avma_time is None and licence.avma_host is None and all(event.hresult for event in events)


def _azure_family(material: Material) -> Sighting:
    found = []
    for guest in material.guests:
        facts, licence = guest.lane.facts, guest.licence
        family = licence.license_family if licence else None
        if facts is None or facts.os is None or facts.os.sku not in _AZURE_EDITION_SKUS or not family:
            continue
        choice = next((name for start, name in reversed(_FAMILIES) if family.startswith(start)), None)
        if choice:
            found.append((choice, f"{guest.lane.vm.name} has the family {family}.", family))
    return agreed(found, "No Azure Edition guest with a key was reached.")


def _description(material: Material) -> Sighting:
    told = [record.description or "" for _, record in _avma(material)]
    return agreed(
        ((_DESCRIPTIONS[text], f"It reads: {text}.", text) for text in told if text in _DESCRIPTIONS),
        "No guest with an AVMA key was reached, or its description reads as no choice of the register says.",
    )


def _iaid(material: Material) -> Sighting:
    """Once activated, a guest shows digits under two choices: only one that never was tells them apart."""
    found: list[tuple[str, str, object]] = []
    digits = 0
    for guest, licence in _avma(material):
        name, fresh = guest.lane.vm.name, _never_activated(guest, licence)
        form = next((form for form, pattern in _FORMS if pattern.fullmatch(licence.iaid or "")), None)
        if fresh and not licence.iaid:
            found.append(("empty", f"{name}, never activated, has none.", licence.iaid))
        elif form and (form != "digits" or fresh):
            found.append((form, f"{name} has one of this form.", form))
        digits += form == "digits"
    if not found and digits:
        return unseen("Activated guests show 63 digits; whether there is none before activation was not seen.")
    return agreed(found, "No guest with an AVMA key was reached, or its IAID has another form.")


def _unactivated(material: Material) -> Sighting:
    """By status and reason together: a grace period that ended, or an attempt that failed, leaves another pair."""
    found = []
    for guest, licence in _avma(material):
        choice = _BEFORE.get((licence.status, licence.reason))
        events = guest.lane.facts.events if guest.lane.facts else ()
        told_so = any(event.hresult == _NOT_YET for event in events)
        if choice and _never_activated(guest, licence) and not told_so:
            shown = f"status {licence.status}, reason 0x{licence.reason:08X}"
            found.append((choice, f"{guest.lane.vm.name} has {shown}.", shown))
    return agreed(found, "No guest with an AVMA key that was never activated was reached.")


def _failed_reason(material: Material) -> Sighting:
    found = []
    for guest, licence in _avma(material):
        events = guest.lane.facts.events if guest.lane.facts else ()
        last = next((event for event in events if event.event_id == 12309), None)
        if licence.status == LicenseStatus.LICENSED or last is None or not last.hresult or licence.reason is None:
            continue
        if last.hresult == _NOT_YET:
            continue  # what the licence says before any attempt as well
        choice = "hresult" if licence.reason == last.hresult else "keeps"
        shown = f"the attempt 0x{last.hresult:08X}, the licence 0x{licence.reason:08X}"
        found.append((choice, f"{guest.lane.vm.name}: {shown}.", shown))
    return agreed(found, "No guest with a failed attempt and no licence was reached.")


def _grant_name(material: Material) -> Sighting:
    found = []
    for guest, licence in _avma(material):
        name = licence.avma_host
        if name:
            choice = "fqdn" if "." in name else "short"
            found.append((choice, f"{guest.lane.vm.name} names its host {name}.", name))
    return agreed(found, "No guest that was activated by AVMA was reached.")


def _avma_language(material: Material) -> Sighting:
    """Whether slmgr.vbs, where it does not speak English, says its lines on AVMA in English all the same."""
    found = []
    for guest, _ in _avma(material):
        text = (guest.lane.facts.dlv or "") if guest.lane.facts else ""
        if not text.strip() or "License Status:" in text:
            continue
        choice = "english" if "Guest IAID:" in text else "translated"
        found.append((choice, f"slmgr.vbs in {guest.lane.vm.name} has them so.", text.splitlines()))
    return agreed(found, "No guest with an AVMA key whose slmgr.vbs speaks another language than English was reached.")


GUEST_RULES: Mapping[str, Callable[[Material], Sighting]] = {
    "azure_edition_family": _azure_family,
    "description_text": _description,
    "iaid_format": _iaid,
    "unactivated_state": _unactivated,
    "failed_reason": _failed_reason,
    "slmgr_avma_language": _avma_language,
    "grant_host_name": _grant_name,
}
