"""Dates, durations and floating point numbers as System.Xml.XmlConvert writes and reads them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

__all__ = ["parse_date", "parse_duration", "write_date", "write_double", "write_duration"]

_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")


@lru_cache(maxsize=256)
def parse_duration(text: str) -> timedelta:
    """An xs:duration; a year counts 365 days and a month 30, as System.Xml does.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groupdict()[name] for name in _PARTS):
        raise ValueError(f"{text!r} is not a duration")
    part = {name: float(match.group(name) or 0) for name in _PARTS}
    try:
        value = timedelta(
            days=part["years"] * 365 + part["months"] * 30 + part["days"],
            hours=part["hours"],
            minutes=part["minutes"],
            seconds=part["seconds"],
        )
    except OverflowError:
        raise ValueError(f"{text!r} is too long a duration") from None
    return -value if match.group("sign") else value


_PARTS = ("years", "months", "days", "hours", "minutes", "seconds")


def write_duration(value: timedelta) -> str:
    """A TimeSpan: ``P8DT1H2M3.5S``, and ``PT0S`` for none."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    day = f"{value.days}D" if value.days else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    if not day and not clock:
        return "PT0S"
    return f"{sign}P{day}" + (f"T{clock}" if clock else "")


def write_date(value: datetime) -> str:
    """A DateTime with its kind: ``Z`` for UTC, an offset for a local time, nothing for an unspecified one."""
    text = value.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if value.microsecond:
        text += f".{value.microsecond:06d}".rstrip("0")
    offset = value.utcoffset()
    if offset is None:
        return text
    if value.tzinfo is UTC or value.tzinfo == UTC:
        return text + "Z"
    minutes = round(offset.total_seconds() / 60)
    return f"{text}{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def parse_date(text: str) -> datetime:
    """A DateTime; one without a kind is read as UTC.

    Raises:
        ValueError: it is none.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a date")
    moment = datetime.strptime(match.group(1) + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    if match.group(2):
        moment = moment.replace(microsecond=int(match.group(2)[:6].ljust(6, "0")))
    zone = match.group(3)
    if zone is None or zone == "Z":
        return moment.replace(tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return moment.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


def write_double(value: float) -> str:
    """A Double, shortest form that reads back: ``1``, ``0.1``, ``1E+20``, ``INF``, ``NaN``."""
    if value != value:  # noqa: PLR0124 - the test for not-a-number
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    text = repr(value).removesuffix(".0")
    return text.replace("e", "E")
