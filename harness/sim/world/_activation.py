"""One AVMA attempt: the guest asks whatever host carries it now, and both write an event.

Rules: Microsoft Learn automatic-vm-activation (2023-09-19) and vm-activate for Azure Local (2026-06-29), SL_E codes of
slerror.h. What the documents leave open is asked of the variant register.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from harness.sim.world._fabric import Host
from harness.sim.world._installation import Installation
from harness.sim.world._licence import AVMA_LEASE, Grant, Licence, Status
from harness.sim.world._payload import event_values
from harness.sim.world._systems import AZURE_EDITION, OperatingSystem
from harness.sim.world._virtual import VirtualMachine

__all__ = ["attempt", "grant", "host_answer", "host_is_activated", "next_attempt"]

NO_CHANNEL = 0xC004FD01
NOT_ACTIVATED = 0xC004FD02
NOT_COVERED = 0xC004FD03
NOT_AVAILABLE = 0xC004F034

_FLOOR_RANK = 30
_KEY_RANKS = {"2019": 50, "2022": 60, "2025": 70}
_SYNC_LIMIT = timedelta(days=30)

_RENEWAL = {  # how long before the end the first attempt is made, and how often it is repeated
    "half": (AVMA_LEASE / 2, timedelta(hours=12)),
    "last_day": (timedelta(days=1), timedelta(hours=4)),
    "daily": (timedelta(days=6), timedelta(days=1)),
    "two_hours": (AVMA_LEASE - timedelta(hours=2), timedelta(hours=2)),
}
_STANDARD = {"fd01": NO_CHANNEL, "fd02": NOT_ACTIVATED, "fd03": NOT_COVERED}


def host_is_activated(host: Host, now: datetime, variants: Mapping[str, str]) -> bool:
    """Whether the host may be a parent at all, whoever asks."""
    if host.is_azure:
        synced = host.last_sync is None or now - host.last_sync <= _SYNC_LIMIT
        subscribed = host.subscription.enabled and (host.subscription.effective or now) <= now
        return host.registered and synced and (subscribed or host.key_in_force is not None)
    licence = host.windows.licence
    if host.windows.os.evaluation and variants["evaluation_parent"] != "accepted":
        return False
    if licence.status in {Status.OOB_GRACE, Status.OOT_GRACE, Status.EXTENDED_GRACE}:
        return variants["grace_parent"] == "accepted"
    return licence.licensed and (licence.expires is None or licence.expires > now)


def host_answer(host: Host, guest: OperatingSystem, now: datetime, variants: Mapping[str, str]) -> int:
    """The HRESULT with which ``host`` answers a guest of that system: 0, FD01, FD02 or FD03."""
    if not host.hyperv or (not host.is_azure and host.windows.os.rank < _FLOOR_RANK):
        return NO_CHANNEL
    if not host.is_azure and host.windows.os.edition != "Datacenter":
        return _STANDARD[variants["standard_host_code"]]
    if not host_is_activated(host, now, variants):
        return NOT_ACTIVATED
    if host.is_azure:
        covered = _azure_covers(host, guest, now, variants)
    else:
        covered = _server_covers(host.windows.os, guest, variants)
    return 0 if covered and guest.family == "server" else NOT_COVERED


def _server_covers(host: OperatingSystem, guest: OperatingSystem, variants: Mapping[str, str]) -> bool:
    """Guest release not newer than the host's, floor 2012 R2."""
    if guest.edition == AZURE_EDITION and variants["azure_edition_on_server"] != "accepted":
        return False
    if host.release == "2025" and guest.release == "2012 R2":
        return variants["host2025_guest2012r2"] == "allowed"
    return _FLOOR_RANK <= guest.rank <= host.rank


def _azure_covers(host: Host, guest: OperatingSystem, now: datetime, variants: Mapping[str, str]) -> bool:
    """A subscription covers everything from 2012 R2 on; a key what is not newer than itself."""
    if guest.rank < _FLOOR_RANK:
        return False
    if host.subscription.enabled and (host.subscription.effective or now) <= now:
        return True
    key = host.key_in_force
    if key is None or guest.rank > _KEY_RANKS[key.version]:
        return False
    if guest.edition == AZURE_EDITION:
        return variants["azure_edition_by_key"] == "accepted"
    return key.version != "2025" or guest.release != "2012 R2" or variants["host2025_guest2012r2"] == "allowed"


def attempt(vm: VirtualMachine, now: datetime, variants: Mapping[str, str]) -> int:
    """Let the guest ask its parent once. Returns what Activate() returns; the licence and both logs are changed.

    0 is not yet success: with Data Exchange off the call may come back without an error and without a licence.

    The caller has made sure that the guest runs Windows with an AVMA key and is running.
    """
    guest = vm.windows
    assert guest is not None
    licence = guest.licence
    without = variants["data_exchange_off"]
    if not vm.exchanges_data and without == "silent":
        licence.next_attempt = next_attempt(licence, now, variants)
        return 0
    if vm.exchanges_data:
        hresult = host_answer(vm.host, guest.os, now, variants)
    else:
        hresult = NOT_AVAILABLE if without == "f034" else NO_CHANNEL
    if hresult == 0:
        grant(vm, now, variants)
        return 0
    values = event_values(vm, hresult, now, variants)
    guest.log.write(12309, now, values)
    if hresult not in {NO_CHANNEL, NOT_AVAILABLE}:
        vm.host.windows.log.write(12310, now, values)
    if not licence.licensed and variants["failed_reason"] == "hresult":
        licence.reason = hresult
    licence.next_attempt = next_attempt(licence, now, variants)
    return hresult


def grant(vm: VirtualMachine, now: datetime, variants: Mapping[str, str]) -> None:
    """Give a guest its lease: the host answered that it may."""
    guest = vm.windows
    assert guest is not None
    values = event_values(vm, 0, now, variants)
    guest.log.write(12309, now, values)
    vm.host.windows.log.write(12310, now, values)
    guest.licence.set(Status.LICENSED, 0, now + AVMA_LEASE)
    guest.licence.grant = Grant(_host_name(vm.host.windows, variants), now, _pid2(vm.host))
    guest.licence.next_attempt = next_attempt(guest.licence, now, variants)


def next_attempt(licence: Licence, now: datetime, variants: Mapping[str, str]) -> datetime:
    """When the guest asks again by itself: near the end of its lease, or a day later while it has none."""
    if not licence.licensed or licence.expires is None:
        return now + timedelta(days=1)
    before, every = _RENEWAL[variants["renewal"]]
    return max(licence.expires - before, now + every)


def _host_name(host: Installation, variants: Mapping[str, str]) -> str:
    return host.fqdn if variants["grant_host_name"] == "fqdn" else host.computer_name


def _pid2(host: Host) -> str:
    """An invented Digital PID2 of the host: digits in the grouping of an extended PID."""
    digits = str(int.from_bytes(hashlib.sha256(host.name.encode()).digest()[:8])).zfill(20)
    build = host.windows.os.build
    return f"{digits[:5]}-{digits[5:10]}-{digits[10:13]}-{digits[13:19]}-03-1033-{build}.0000-0012026"
