"""Set-VMAutomaticActivation: a host key on an Azure Stack HCI or Azure Local node.

Rules: Microsoft Learn vm-activate for Azure Local (2026-06-29): Datacenter keys of 2019 and later, no downgrade, both
keys stay used after an overwrite, a refused key leaves the last good one in force. The codes of refusals are invented.
"""

from collections.abc import Mapping
from datetime import datetime

from harness.sim.world._fabric import Host, HostKeyApplication
from harness.sim.world._keys import HostKey, KeyBook

__all__ = ["apply_host_key"]

INVALID_KEY = 0xC004F050
WRONG_EDITION = 0xC004F069
TOO_OLD = 0xC004F210
DOWNGRADE = 0xC004F211
MAK_EXHAUSTED = 0xC004C020
ALREADY_USED = 0xC004C008

_ORDER = ("2016", "2019", "2022", "2025")


def apply_host_key(
    host: Host, text: str, keys: KeyBook, now: datetime, variants: Mapping[str, str]
) -> HostKeyApplication:
    """Apply a key once. Every call is recorded on the host, accepted or not; an accepted one counts for ever."""
    key = keys.host_key(text)
    hresult = _refusal(host, key, variants)
    if key is not None and hresult == 0 and _counts(host, key, variants):
        key.used += 1
    kind, version = (key.kind, key.version) if key else ("unknown", "")
    applied = HostKeyApplication(text.strip().upper(), now, kind, version, hresult)
    host.keys_applied.append(applied)
    return applied


def _refusal(host: Host, key: HostKey | None, variants: Mapping[str, str]) -> int:
    if key is None:
        return INVALID_KEY
    if key.edition != "Datacenter":
        return WRONG_EDITION
    if key.version not in _ORDER[1:]:
        return TOO_OLD
    current = host.key_in_force
    if current is not None and _ORDER.index(key.version) < _ORDER.index(current.version):
        return DOWNGRADE
    if _counts(host, key, variants) and key.used >= key.activations:
        return MAK_EXHAUSTED if key.kind == "mak" else ALREADY_USED
    return 0


def _counts(host: Host, key: HostKey, variants: Mapping[str, str]) -> bool:
    current = host.key_in_force
    again = current is not None and current.key == key.text.upper()
    return not again or variants["avma_set_same_key"] == "counts_again"
