"""The shapes by which a value is known in every language, and the few things that need a table."""

import re
from collections.abc import Sequence
from itertools import pairwise

from harness.core.catalogue import channel_of_token
from harness.core.witnesses._languages import Words, languages, skeleton, status_of_word, words_of
from harness.core.witnesses._stems import status_by_stem

__all__ = [
    "CHANNEL",
    "DATE",
    "HOST_AND_PORT",
    "INTEGER",
    "KEY_TAIL",
    "PRODUCT_ID",
    "days_left",
    "description_channel",
    "edition_in",
    "field_of",
    "guid_in",
    "is_addon",
    "is_unavailable",
    "product_name",
    "status_in",
]

_GUID = re.compile(r"\{?([0-9a-fA-FOoIlS]{8}(?:-[0-9a-fA-FOoIlS]{4}){3}-[0-9a-fA-FOoIlS]{12})\}?")
_LOOK_ALIKES = str.maketrans("OoIlS", "00115")
_TO_LETTERS = str.maketrans("01", "OI")
_GROUPED = re.compile(r"(?<=[\dOl])[.,' ](?=[\dOl]{3}(?![\dOl]))")
PRODUCT_ID = re.compile(r"\d{5}-\d{4,5}-\d{3}-\d{6}-\d{1,2}-\d{3,5}-[\d.]{4,12}-\d{5,7}")
CHANNEL = re.compile(r"(?i)(?:Retail|OEM|Volume|VT)(?::[\w:]{1,30})?")
KEY_TAIL = re.compile(r"[A-Z0-9]{5}")
INTEGER = re.compile(r"\d{1,9}")
DATE = re.compile(r"\d{1,4}\s?[./\-年년]\s?\d{1,2}\s?[./\-月월]\s?\d{1,4}")
HOST_AND_PORT = re.compile(r"[A-Za-z0-9_.-]{1,255}:\d{2,5}")
_DESCRIPTION = re.compile(r",\s*([A-Z][A-Z0-9_-]{2,60}(?: [A-Z0-9_-]{2,40}){0,3})\s+channe[l1I|]\.?$")
_BARE_TOKEN = re.compile(r"\b(VIRTUAL_MACHINE_ACTIVATION|VOLUME_KMSCLIENT|VOLUME_MAK|TIMEBASED_EVAL|OEM_DM)\b")
_NAME = re.compile(
    r"Windows(?: Server)?\(R\).{0,200}"
    r"|Office \d\d.{0,200}"
    r"|[^,]{1,120}, ?[^\s,]{1,80} edition"
    r"|.{1,120}\badd-on for .{0,200}"
)
_WITH_ID = re.compile(r"\([0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\)")
_EDITION = re.compile(r",\s*(\S{1,80})\s+edition\b")
_ADDON = re.compile(r"(?i)\badd-?on\b|\bESU\b|-ESU-")
_NUMBER = re.compile(r"[0-9OolI]{1,9}")


def guid_in(value: str) -> str | None:
    """The GUID that is the whole value, in lower case, scanner damage mended; None for anything else."""
    match = _GUID.fullmatch(value.strip())
    return match[1].translate(_LOOK_ALIKES).lower() if match else None


def description_channel(value: str) -> str | None:
    """The channel word of a Description value, or None when the value is no description."""
    if _WITH_ID.search(value[-60:]):
        return None
    match = _DESCRIPTION.search(value[-120:])
    if match:
        return _mended_token(match[1])
    bare = _BARE_TOKEN.search(value[-120:])
    return bare[1] if bare else None


def _mended_token(token: str) -> str:
    """The channel word; where it is unknown, the known one that a scanner may have read so."""
    if channel_of_token(token) is None:
        for mended in (token.replace(" ", "_"), token.replace(" ", "_").translate(_TO_LETTERS)):
            if channel_of_token(mended) is not None:
                return mended
    return token


def product_name(value: str) -> str | None:
    """A product's name out of a Name value, or None when the value names no product."""
    plain = value[:400].strip()
    if _WITH_ID.search(plain) or description_channel(plain):
        return None
    return plain if _NAME.fullmatch(plain) else None


def edition_in(name: str) -> str | None:
    """The licence family in a product's name: "ServerStandard"."""
    match = _EDITION.search(name[:400])
    return match[1] if match else None


def is_addon(text: str) -> bool:
    """Whether a name is that of an add-on such as Extended Security Updates."""
    return bool(_ADDON.search(text[:400]))


def days_left(text: str) -> int | None:
    """Minutes out of "N minute(s) (D day(s))" in any language: two numbers, the second the days of the first.

    Example:
        >>> days_left("259197 分钟(180天)")
        259197
    """
    shown = text[:300]
    return _days_left(shown) or _days_left(_GROUPED.sub("", shown))


def _days_left(text: str) -> int | None:
    numbers = [int(n.translate(_LOOK_ALIKES)) for n in _NUMBER.findall(text) if any(c.isdigit() for c in n)]
    for minutes, days in pairwise(numbers):
        # Windows 7 rounds down, later scripts up
        if minutes > 0 and days in {minutes // 1440, -(-minutes // 1440)}:
            return minutes
    return None


def field_of(label: str, language: str | None) -> str | None:
    """The field a label names, in the output's own language first, then in any."""
    word = skeleton(label[:200])
    own = words_of(language)
    tables: Sequence[Words] = languages() if own is None else (own, *languages())
    return next((words.labels[word] for words in tables if word in words.labels), None)


def status_in(value: str, language: str | None) -> int | None:
    """LicenseStatus out of a status line's value: a known word, one before parentheses, or a bare number."""
    number = status_of_word(value, language)
    if number is None:
        number = status_of_word(re.split(r"[(\[]", value[:200], maxsplit=1)[0], language)
    plain = value.strip(" .")
    if number is None and len(plain) == 1 and plain in "0123456":
        return int(plain)
    return number if number is not None else status_by_stem(value, language)


def is_unavailable(value: str) -> bool:
    """Whether a value is the script's "Not Available" in some language."""
    word = skeleton(value[:100])
    return any(word in words.unavailable for words in languages())
