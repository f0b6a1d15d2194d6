"""Finds one secret in the disguises in which it travels over WinRM and into files.

Two kinds of search keep masking fast with many secrets: fixed fragments (base64) are looked for as they stand, and
only the character-wise disguises need a regular expression. Those are sequences of alternatives without nested
repetition, so that their time stays linear.
"""

import base64
import re
from collections.abc import Callable, Iterator
from functools import cached_property

__all__ = ["KEY_SHAPE", "PLAIN_KEY_SHAPE", "Disguises", "tail_of_key"]

_DASH = "[-\u2010-\u2015\u2212]"
_KEY_CHARACTER = "[A-Za-z0-9]\x00?"
KEY_SHAPE = rf"(?<![A-Za-z0-9-])(?:(?:{_KEY_CHARACTER}){{5}}{_DASH}\x00?){{4}}(?:{_KEY_CHARACTER}){{5}}(?![A-Za-z0-9-])"
"""A product key with dashes, also with the NULs of UTF-16 text that was read as bytes."""
PLAIN_KEY_SHAPE = r"(?<![A-Za-z0-9+/=])[BCDFGHJKMNPQRTVWXY2346789]{25}(?![A-Za-z0-9+/=])"
"""A product key without dashes: only the letters that product keys use."""

_KEY = re.compile(rf"[A-Za-z0-9]{{5}}(?:(?:{_DASH})?[A-Za-z0-9]{{5}}){{4}}")
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_SHORTEST_FRAGMENT = 4
_SEXTET = "[A-Za-z0-9+/_-]"


def tail_of_key(text: str) -> str | None:
    """The last five characters of a 25-character product key, or None when the text is none."""
    return text[-5:].upper() if _KEY.fullmatch(text) else None


class Disguises:
    """One secret in all its disguises.

    Covered: plain text; URL, JSON, XML and CLIXML escapes of any of its characters, also escaped twice; UTF-16 seen as
    bytes; base64 of UTF-8 and UTF-16LE at each of the three offsets, standard and URL alphabet; hexadecimal of both,
    with or without separators; the text backwards. Product keys match in any case and with any dashes.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._is_key = tail_of_key(secret) is not None
        self._data = tuple(
            spelling.encode(encoding, "surrogatepass")
            for spelling in _spellings(secret)
            for encoding in ("utf-16-le", "utf-8")
        )
        self._fragments = tuple(dict.fromkeys(fragment for data in self._data for fragment in _base64(data)))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self._alternatives()))

    def _alternatives(self) -> Iterator[str]:
        yield from (_hexadecimal(data) for data in self._data if len(data) * 2 >= _SHORTEST_FRAGMENT)
        yield self._text()
        if len(self._secret) >= 4:
            yield _characters(self._secret[::-1], any_case=self._is_key)
        if not self._secret.isascii():
            for encoding in ("utf-8", "utf-16-le"):
                yield re.escape(self._secret.encode(encoding, "surrogatepass").decode("latin-1"))

    def _text(self) -> str:
        if self._is_key:
            plain = re.sub(r"[^A-Za-z0-9]", "", self._secret)
            groups = [_characters(plain[i : i + 5], any_case=True) for i in range(0, 25, 5)]
            return rf"(?:{_DASH}|%2[dD]|_|\s)?\x00?".join(groups)
        body = _characters(self._secret, any_case=False)
        # a secret this short would eat half of every text: only whole words
        return body if len(self._secret) >= 4 else rf"(?<!\w){body}(?!\w)"

    def replace(self, text: str, replacement: Callable[[re.Match[str]], str]) -> str:
        """The text with every disguise replaced."""
        for fragment in self._fragments:
            if fragment in text:
                text = re.sub(f"{_SEXTET}?{re.escape(fragment)}{_SEXTET}?", replacement, text)
        return self._pattern.sub(replacement, text)


def _spellings(secret: str) -> tuple[str, ...]:
    if tail_of_key(secret) is None:
        return (secret,)
    plain = re.sub(r"[^A-Za-z0-9]", "", secret)
    dashed = "-".join(plain[i : i + 5] for i in range(0, 25, 5))
    return tuple(dict.fromkeys((dashed.upper(), dashed.lower(), plain.upper(), plain.lower())))


def _characters(text: str, *, any_case: bool) -> str:
    return "".join(rf"(?:{'|'.join(_forms(c, any_case=any_case))})\x00?" for c in text)


def _forms(character: str, *, any_case: bool) -> Iterator[str]:
    variants = {character, character.upper(), character.lower()} if any_case else {character}
    for variant in sorted(v for v in variants if len(v) == 1):
        yield from _escapes(variant)


def _escapes(character: str) -> Iterator[str]:
    point = ord(character)
    units = character.encode("utf-16-be", "surrogatepass")
    words = [_either_case(units[i : i + 2].hex()) for i in range(0, len(units), 2)]
    yield re.escape(character)
    yield "".join(rf"\\{{1,4}}u{word}" for word in words)
    yield "".join(f"_x{word}_" for word in words)
    yield _either_case("".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass")))
    yield rf"&(?:amp;){{0,3}}#(?:{point}|[xX]0{{0,4}}{_either_case(f'{point:x}')});"
    if character == " ":
        yield r"\+"
    if character in _ENTITIES:
        yield f"&(?:amp;){{0,3}}{_ENTITIES[character]};"
    if character in _SHORT_ESCAPES:
        yield rf"\\{{1,4}}{_SHORT_ESCAPES[character]}"
    if character in "\"'\\/&|<>^$`":
        yield rf"[\\`^]{{1,4}}{re.escape(character)}"


def _either_case(text: str) -> str:
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else re.escape(c) for c in text)


def _base64(data: bytes) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode("ascii")
        fragment = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(fragment) >= _SHORTEST_FRAGMENT:
            yield fragment
            yield fragment.translate({ord("+"): "-", ord("/"): "_"})


def _hexadecimal(data: bytes) -> str:
    return r"[\s:,-]{0,2}(?:0x|\\x)?".join(_either_case(f"{byte:02x}") for byte in data)
