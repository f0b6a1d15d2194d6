"""What SoftwareLicensingService and SoftwareLicensingProduct do to one installation: keys in, keys out, rearm, KMS.

Codes: slerror.h. Which refusal a wrong key meets follows the meanings of SL_E_INVALID_PRODUCT_KEY (a key that this
build does not know) and SL_E_MISMATCHED_PRODUCT_SKU (a key of another edition, or an evaluation).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from harness.sim.world._installation import Installation
from harness.sim.world._keys import KeyBook, KeyChannel, ProductKey
from harness.sim.world._licence import KMS_LEASE, Licence, LicensingError, Status

__all__ = ["activate_elsewhere", "expire", "install_key", "rearm", "uninstall_key"]

INVALID_KEY = 0xC004F050
WRONG_EDITION = 0xC004F069
NOT_INSTALLED = 0xC004F014
NOT_ACTIVATED_YET = 0xC004F034
OOB_GRACE = 0x4004F00C
GRACE_EXPIRED = 0xC004F009
EVALUATION_EXPIRED = 0xC004FC07
NO_KMS = 0xC004F074
NO_INTERNET = 0x80072EE7
REARM_EXHAUSTED = 0xC004D307

_OOB_DAYS = timedelta(days=10)


def install_key(windows: Installation, text: str, keys: KeyBook, now: datetime, variants: Mapping[str, str]) -> None:
    """InstallProductKey. A refused key leaves the installed one untouched.

    Raises:
        LicensingError: C004F050 for a key this release does not know, C004F069 for another edition or an evaluation.
    """
    key = keys.find(text)
    if key is None or windows.os.release not in key.releases:
        _refuse(windows, text, INVALID_KEY, now)
    elif key.edition != windows.os.edition or windows.os.evaluation:
        _refuse(windows, text, WRONG_EDITION, now)
    else:
        _accept(windows, key, now, variants)


def _refuse(windows: Installation, text: str, hresult: int, now: datetime) -> None:
    windows.log.write(1017, now, (f"hr=0x{hresult:08X}", text.strip().upper()[-5:]), level=3)
    raise LicensingError(hresult)


def _accept(windows: Installation, key: ProductKey, now: datetime, variants: Mapping[str, str]) -> None:
    licence = windows.licence
    again = licence.key is not None and licence.key.text == key.text
    windows.log.write(1016, now, (key.last5,))
    if again and licence.licensed and variants["reinstall_same_key"] == "keeps":
        return
    licence.key = key
    licence.key_in_registry = True
    licence.grant = None
    licence.next_attempt = None
    if key.channel is KeyChannel.AVMA:
        _wait_for_parent(licence, now, variants)
    else:
        licence.set(Status.NOTIFICATION, NOT_ACTIVATED_YET)


def _wait_for_parent(licence: Licence, now: datetime, variants: Mapping[str, str]) -> None:
    state = variants["unactivated_state"]
    if state == "oob_grace":
        licence.set(Status.OOB_GRACE, OOB_GRACE, now + _OOB_DAYS)
    else:
        licence.set(Status.UNLICENSED if state == "unlicensed" else Status.NOTIFICATION, NOT_ACTIVATED_YET)


def uninstall_key(windows: Installation, now: datetime) -> None:
    """UninstallProductKey on the primary product. Raises LicensingError C004F014 when there is none."""
    licence = windows.licence
    if licence.key is None:
        raise LicensingError(NOT_INSTALLED)
    windows.log.write(1018, now, (licence.key.last5,))
    licence.key = None
    licence.grant = None
    licence.next_attempt = None
    licence.set(Status.UNLICENSED, NOT_INSTALLED)


def activate_elsewhere(windows: Installation, now: datetime) -> None:
    """Activate() for every channel but AVMA: KMS, MAK, retail, OEM, evaluation.

    Raises:
        LicensingError: no key, no KMS host, no way to Microsoft's activation service.
    """
    licence = windows.licence
    channel = licence.channel
    if channel is None:
        raise LicensingError(NOT_INSTALLED)
    if channel is KeyChannel.EVALUATION:
        if not licence.licensed:
            raise LicensingError(EVALUATION_EXPIRED)
    elif channel is KeyChannel.GVLK:
        if not licence.kms.reachable:
            raise LicensingError(NO_KMS)
        licence.set(Status.LICENSED, 0, now + KMS_LEASE)
        licence.next_attempt = now + timedelta(days=7)
    elif not licence.licensed:
        if not licence.internet:
            raise LicensingError(NO_INTERNET)
        licence.set(Status.LICENSED)


def expire(windows: Installation, now: datetime) -> None:
    """Fall out of a lease or a trial whose end has come."""
    licence = windows.licence
    if licence.expires is None or licence.expires > now:
        return
    ended = EVALUATION_EXPIRED if licence.channel is KeyChannel.EVALUATION else GRACE_EXPIRED
    licence.set(Status.NOTIFICATION, ended)


def rearm(windows: Installation, now: datetime) -> None:
    """ReArmWindows: back to the initial grace period at the next start. Raises LicensingError when used up."""
    licence = windows.licence
    if licence.rearm_windows <= 0:
        raise LicensingError(REARM_EXHAUSTED)
    licence.rearm_windows -= 1
    licence.rearm_sku -= 1
    licence.grant = None
    licence.set(Status.OOB_GRACE, OOB_GRACE, now + _OOB_DAYS)
