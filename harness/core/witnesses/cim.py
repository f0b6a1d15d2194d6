"""Rows of SoftwareLicensingProduct, however they travelled, as licence records.

JSON, CLIXML and WMI each dress numbers and dates differently: LicenseStatusReason is an unsigned 32-bit number that
arrives as a negative one, as text or as hexadecimal; an unset date is FILETIME zero, which shows as 1601 or, behind a
time zone, as the last hours of 1600.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone

from harness.core.model import LicenceRecord

__all__ = ["licence_record", "licence_records", "moment", "uint32"]

_LAST_UNSET_YEAR = 1601
_JSON_DATE = re.compile(r"\\?/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\\?/")
_DMTF = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?\s?(Z|[+-]\d\d:?\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE = frozenset({"true", "1", "yes"})


def uint32(value: object) -> int | None:
    """An unsigned 32-bit number out of any disguise; None for what is no number.

    Example:
        >>> [hex(uint32(v)) for v in (-1073418231, 3221549065, "3221549065", "0xC004F009")]
        ['0xc004f009', '0xc004f009', '0xc004f009', '0xc004f009']
    """
    number = _integer(value)
    return None if number is None or not -(1 << 31) <= number < 1 << 32 else number & 0xFFFFFFFF


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return _integer_in(str(value).strip()) if isinstance(value, str) else _integer_in(str(value))


def _integer_in(text: str) -> int | None:
    if not text.isascii() or len(text) > 32:
        return None
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """An aware UTC time out of any disguise; None for "never" and for what is no date.

    Understood: datetime, "/Date(1772619058000)/", ISO 8601 with any number of decimals, DMTF
    "20260304101112.000000+000". A time without a zone counts as UTC, which is what the class holds.
    """
    found = _moment(value)
    return None if found is None or found.year <= _LAST_UNSET_YEAR else found


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return _utc(value)
    if not isinstance(value, str):
        return None
    text = value.strip()[:64]
    for read in (_json_date, _dmtf, _iso):
        found = read(text)
        if found is not None:
            return found
    return None


def _utc(value: datetime) -> datetime | None:
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def _json_date(text: str) -> datetime | None:
    match = _JSON_DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        return None


def _dmtf(text: str) -> datetime | None:
    match = _DMTF.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(minutes=int(match[4]) * (1 if match[3] == "+" else -1))
    try:
        local = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=timezone(offset))
        return _utc(local.replace(microsecond=int(match[2])))
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    decimals = (match[2] or "0").ljust(6, "0")[:6]
    zone = (match[3] or "Z").replace("Z", "+00:00")
    try:
        return _utc(datetime.fromisoformat(f"{match[1].replace(' ', 'T')}{zone}").replace(microsecond=int(decimals)))
    except ValueError:
        return None


def licence_record(row: Mapping[str, object]) -> LicenceRecord:
    """One product. Property names are compared without case; what is missing or empty is None."""
    table = {str(name).casefold(): value for name, value in row.items()}
    return LicenceRecord(
        activation_id=_lower(table, "ID"),
        name=_text(table, "Name"),
        description=_text(table, "Description"),
        application_id=_lower(table, "ApplicationID"),
        partial_product_key=_text(table, "PartialProductKey"),
        product_key_channel=_text(table, "ProductKeyChannel"),
        license_family=_text(table, "LicenseFamily"),
        status=_status(table.get("licensestatus")),
        reason=uint32(table.get("licensestatusreason")),
        grace_minutes=uint32(table.get("graceperiodremaining")),
        is_addon=_flag(table.get("licenseisaddon")),
        iaid=_text(table, "IAID"),
        avma_host=_text(table, "AutomaticVMActivationHostMachineName"),
        avma_time=moment(table.get("automaticvmactivationlastactivationtime")),
        avma_host_pid2=_text(table, "AutomaticVMActivationHostDigitalPid2"),
    )


def licence_records(rows: Iterable[Mapping[str, object]]) -> tuple[LicenceRecord, ...]:
    """One record per row, in the rows' order."""
    return tuple(licence_record(row) for row in rows)


def _text(table: Mapping[str, object], name: str) -> str | None:
    value = table.get(name.casefold())
    return (str(value).strip() or None) if value is not None else None


def _lower(table: Mapping[str, object], name: str) -> str | None:
    text = _text(table, name)
    return text.strip("{}").lower() if text else None


def _status(value: object) -> int | None:
    """LicenseStatus 0-6; any other number is unknown, not a state."""
    number = uint32(value)
    return number if number is not None and number <= 6 else None


def _flag(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).strip().casefold() in _TRUE
