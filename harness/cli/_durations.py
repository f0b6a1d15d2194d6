"""Durations on the command line: 90s, 30m, 2h, 90d, and 1h30m."""

import re

from harness.core.errors import InputError

__all__ = ["seconds_of"]

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_FORM = re.compile(r"(?=\d)(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


def seconds_of(option: str, text: str) -> float:
    """The seconds of a duration; a bare number counts seconds.

    Raises:
        InputError: it is none, or not above zero.

    >>> seconds_of("--every", "1h30m")
    5400.0
    """
    match = _FORM.fullmatch(text.strip().lower())
    seconds = (
        sum(float(part or 0) * unit for part, unit in zip(match.groups(), _UNITS.values(), strict=True)) if match else 0
    )
    if not seconds:
        raise InputError(f"{option} {text} is no duration.", target=option, hint="Write 90s, 30m, 2h, 7d or 1h30m.")
    return seconds
