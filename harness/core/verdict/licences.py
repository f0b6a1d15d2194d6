"""Reading licence records: which one is Windows itself, and by which method it is licensed."""

from collections.abc import Iterable

from harness.core.catalogue import channel_of_token, key_by_tail, license_status
from harness.core.model import LicenceRecord, LicenseStatus

__all__ = [
    "GRACE",
    "LEASE_MINUTES",
    "avma_tail",
    "duration",
    "method_name",
    "method_of",
    "status_name",
    "windows_licence",
]

LEASE_MINUTES = 7 * 24 * 60
"""An AVMA activation lasts seven days (AskCore blog, 2014)."""

GRACE = frozenset(
    {LicenseStatus.OOB_GRACE, LicenseStatus.OOT_GRACE, LicenseStatus.NON_GENUINE_GRACE, LicenseStatus.EXTENDED_GRACE}
)

_NAMES = {
    "avma": "AVMA",
    "kms": "KMS",
    "kms_host": "KMS host",
    "mak": "MAK",
    "retail": "retail",
    "oem": "OEM",
    "evaluation": "evaluation",
    "timebased": "time-limited licence",
    "unknown": "an unknown channel",
}


def windows_licence(records: Iterable[LicenceRecord]) -> LicenceRecord | None:
    """The record of Windows itself that has a key: a licensed one before others, AVMA before others."""
    found = [record for record in records if record.is_windows and record.partial_product_key]
    return max(found, key=lambda r: (r.status == LicenseStatus.LICENSED, r.is_avma), default=None)


def method_of(record: LicenceRecord) -> str:
    """avma, kms, kms_host, mak, retail, oem, evaluation, timebased or unknown: channel first, then the words of
    Description, which are English in every language; last the tail of a public key.
    """
    if record.is_avma:
        return "avma"
    words = (record.description or "").replace(",", " ").split()
    for token in (record.product_key_channel or "", *words):
        row = channel_of_token(token) if token else None
        if row is not None:
            return row.method
    known = key_by_tail(record.partial_product_key or "")
    return {"AVMA": "avma", "GVLK": "kms"}[known.kind] if known else "unknown"


def method_name(method: str) -> str:
    """The method as an administrator calls it."""
    return _NAMES[method]


def status_name(status: int | None) -> str:
    """LicenseStatus in words and as a number: "Notification (5)"."""
    row = license_status(status) if status is not None else None
    return f"{row.name} ({status})" if row else f"unknown ({status})"


def avma_tail(record: LicenceRecord | None) -> str | None:
    """The tail of the record's key when it is an AVMA client key."""
    return record.partial_product_key if record is not None and method_of(record) == "avma" else None


def duration(minutes: int) -> str:
    """Minutes in words: "6 days 23 hours", "45 minutes"."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [(days, "day"), (hours, "hour")] if days else [(hours, "hour"), (left, "minute")]
    told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in parts if number]
    return " ".join(told) or "less than a minute"
