"""What %2 of events 12309 and 12310 may tell, whatever its layout: GUIDs and names anywhere in it."""

import base64
import binascii
import re

__all__ = ["guids_in", "names_in", "unpacked"]

_LONGEST = 65_536
_MOST = 64
_GUID = re.compile(r"(?<![0-9a-fA-F-])([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?![0-9a-fA-F-])")
_BARE_GUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])")
_FIELD = re.compile(r"[^,;|\r\n\t\"'<>{}\[\]()=]{1,300}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_HOST_LIKE = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^0-9.-]*[0-9.-]).+")
_NUMERIC = re.compile(r"[0-9.,:/\\ T+Z-]+|0[xX][0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


def unpacked(payload: str) -> str:
    """The payload, and behind it what it says in base64 of UTF-16 or UTF-8 text, if it is such a line."""
    text = payload[:_LONGEST]
    inner = _decoded(text.strip())
    return f"{text}\n{inner}" if inner else text


def _decoded(text: str) -> str | None:
    if not _BASE64.fullmatch(text):
        return None
    try:
        raw = base64.b64decode(text.translate({ord("-"): "+", ord("_"): "/"}), validate=True)
    except (binascii.Error, ValueError):
        return None
    encodings = ("utf-16-le", "utf-8") if b"\x00" in raw[:8] else ("utf-8", "utf-16-le")
    for encoding in encodings:
        try:
            plain = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(c.isprintable() or c in "\r\n\t" for c in plain):
            return plain
    return None


def guids_in(text: str) -> tuple[str, ...]:
    """Every GUID in lower case with dashes, in order, each once; 32 hexadecimal digits in a row count too."""
    dashed = [(match.start(), match[1].lower()) for match in _GUID.finditer(text)]
    bare = [(match.start(), _dashed(match[0].lower())) for match in _BARE_GUID.finditer(text)]
    return tuple(dict.fromkeys(guid for _, guid in sorted(dashed + bare)))[:_MOST]


def _dashed(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def names_in(text: str) -> tuple[str, ...]:
    """Whatever may be a name of a computer or VM: whole fields, values behind a label, words like host names.

    Meant to be compared with names that are known, never to be believed.
    """
    found: dict[str, None] = {}
    for field in _FIELD.findall(text):
        _label, colon, value = field.partition(": ")
        for candidate in (field, value if colon else "", *_words(field)):
            name = candidate.strip(" .:")
            if name and not _NUMERIC.fullmatch(name) and not _GUID.search(name) and not _BARE_GUID.search(name):
                found[name] = None
        if len(found) >= _MOST:
            break
    return tuple(found)[:_MOST]


def _words(field: str) -> list[str]:
    return [word for word in _WORD.findall(field) if _HOST_LIKE.fullmatch(word)]
