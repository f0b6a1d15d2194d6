"""Finds one secret in the disguises in which it travels over WinRM and into files.

Two kinds of search keep masking fast with many secrets: fixed fragments (base64) are looked for as they stand, and
only the character-wise disguises need a regular expression. Those are sequences of alternatives without nested
repetition, so that their time stays linear.
"""

import base64
import re
from collections.abc import Callable, Iterator
from functools import cached_property

__all__ = ["KEY_SHAPE", "PLAIN_KEY_SHAPE", "Disguises", "Glance", "tail_of_key"]

_DASH = "[-\u2010-\u2015\u2212]"
_KEY_CHARACTER = "[A-Za-z0-9]\x00?"
KEY_SHAPE = rf"(?<![A-Za-z0-9-])(?:(?:{_KEY_CHARACTER}){{5}}{_DASH}\x00?){{4}}(?:{_KEY_CHARACTER}){{5}}(?![A-Za-z0-9-])"
"""A product key with dashes, also with the NULs of UTF-16 text that was read as bytes."""
PLAIN_KEY_SHAPE = r"(?<![A-Za-z0-9+/=])[BCDFGHJKMNPQRTVWXY2346789]{25}(?![A-Za-z0-9+/=])"
"""A product key without dashes: only the letters that product keys use."""

_KEY = re.compile(rf"[A-Za-z0-9]{{5}}(?:(?:{_DASH})?[A-Za-z0-9]{{5}}){{4}}")
_ESCAPED = re.compile(r"[\\%&\x00+]|_x[0-9A-Fa-f]{4}_|(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s:,-]{0,2}){4}")
_SEPARATORS = re.compile(rf"{_DASH}|[_\s]")
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_SHORT_ESCAPES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_SHORTEST_FRAGMENT = 4
_HEX_JOINT = r"[\s:,-]{0,2}(?:0x|\\x)?"
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
        yield from self._hexadecimal()
        yield self._text()
        if len(self._secret) >= 4:
            yield _characters(self._secret[::-1], any_case=self._is_key)
        if not self._secret.isascii():
            for encoding in ("utf-8", "utf-16-le"):
                yield re.escape(self._secret.encode(encoding, "surrogatepass").decode("latin-1"))

    def _hexadecimal(self) -> Iterator[str]:
        if self._is_key:
            plain = re.sub(r"[^A-Za-z0-9]", "", self._secret)
            yield _hexadecimal_key(plain, wide=True)
            yield _hexadecimal_key(plain, wide=False)
        else:
            yield from (_hexadecimal(data) for data in self._data if len(data) * 2 >= _SHORTEST_FRAGMENT)

    def _text(self) -> str:
        if self._is_key:
            plain = re.sub(r"[^A-Za-z0-9]", "", self._secret)
            groups = [_characters(plain[i : i + 5], any_case=True) for i in range(0, 25, 5)]
            return rf"(?:{_DASH}|%2[dD]|_|\s)?\x00?".join(groups)
        body = _characters(self._secret, any_case=False)
        # a secret this short would eat half of every text: only whole words
        return body if len(self._secret) >= 4 else rf"(?<!\w){body}(?!\w)"

    @cached_property
    def _plain(self) -> tuple[str, ...]:
        encodings = () if self._secret.isascii() else ("utf-8", "utf-16-le")
        wide = (self._secret.encode(encoding, "surrogatepass").decode("latin-1") for encoding in encodings)
        return (self._secret, self._secret[::-1], *wide)

    @cached_property
    def _bare(self) -> tuple[str, str]:
        compact = _compact(self._secret)
        return compact, compact[::-1]

    @cached_property
    def _digits(self) -> tuple[str, ...]:
        return tuple(data.hex() for data in self._data)

    @cached_property
    def _simple(self) -> bool:
        """Whether no character of the secret is one by which escapes begin: then unescaped texts can be compared."""
        return self._secret.isascii() and not _INTRODUCERS.search(self._secret)

    def replace(self, text: str, glance: "Glance", replacement: Callable[[re.Match[str]], str]) -> str:
        """The text with every disguise replaced; ``glance`` is what is known of the text before any replacement."""
        for fragment in self._fragments:
            if fragment in text:
                text = re.sub(f"{_SEXTET}?{re.escape(fragment)}{_SEXTET}?", replacement, text)
        return self._pattern.sub(replacement, text) if self._may_be_in(text, glance) else text

    def _may_be_in(self, text: str, glance: "Glance") -> bool:
        """Whether the costly search can find anything: most texts hold no escape and no part of a secret."""
        if any(form in text for form in self._plain):
            return True
        if not self._simple:
            return glance.escaped
        if self._is_key:
            compact, keys = glance.compact, glance.hexadecimal_keys
            return any(form in compact for form in self._bare) or any(form in keys for form in self._bare)
        if not glance.escaped:
            return False
        unescaped = glance.unescaped
        return (
            self._secret in unescaped
            or self._secret[::-1] in unescaped
            or any(digits in glance.hexadecimal for digits in self._digits)
        )


class Glance:
    """What one look at a text tells about all secrets: whether anything is escaped, and how it reads without."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.escaped = _ESCAPED.search(text) is not None

    @cached_property
    def unescaped(self) -> str:
        """The text with every escape undone that the search knows."""
        return _unescaped(self._text) if self.escaped else self._text

    @cached_property
    def compact(self) -> str:
        """Its letters and digits in capitals."""
        return _compact(self.unescaped)

    @cached_property
    def hexadecimal(self) -> str:
        """The text with what may stand between hexadecimal digits left out, in small letters."""
        return _HEX_BETWEEN.sub("", self._text).lower() if self.escaped else ""

    @cached_property
    def hexadecimal_keys(self) -> str:
        """What long runs of hexadecimal digits spell, read from their first and from their second digit."""
        runs = _LONG_HEX.findall(self.hexadecimal)
        spelled = (bytes.fromhex(run[start : len(run) - (len(run) - start) % 2]) for run in runs for start in (0, 1))
        return "\n".join(_compact(data.replace(b"\0", b"").decode("latin-1")) for data in spelled)


_INTRODUCERS = re.compile(r"[\\%&+_^` ]")
_HEX_BETWEEN = re.compile(r"0x|\\x|[\s:,-]")
_LONG_HEX = re.compile(r"[0-9a-f]{50,}")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_UNESCAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\\{1,4}u([0-9a-fA-F]{4})"), lambda match: chr(int(match[1], 16))),
    (re.compile(r"_x([0-9a-fA-F]{4})_"), lambda match: chr(int(match[1], 16))),
    (re.compile(r"%([0-9a-fA-F]{2})"), lambda match: chr(int(match[1], 16))),
    (
        re.compile(r"&(?:amp;){0,3}#(?:([0-9]{1,7})|[xX]0{0,4}([0-9a-fA-F]{1,6}));"),
        lambda match: _character(int(match[1]) if match[1] else int(match[2], 16)),
    ),
    (re.compile(r"&(?:amp;){0,3}(amp|lt|gt|quot|apos);"), lambda match: _NAMED[match[1]]),
    (re.compile(r"\\{1,4}([nrtbf])"), lambda match: _SHORT[match[1]]),
    (re.compile(r"[\\`^]{1,4}(?=[\"'\\/&|<>^$`])"), lambda _match: ""),
)


def _character(point: int) -> str:
    return chr(point) if point < 0x110000 else ""


def _unescaped(text: str) -> str:
    """The text with each kind of escape undone, one kind after the other, and without NULs.

    It serves only to decide whether the exact search is worth its time, for secrets without characters that begin an
    escape: no step can then destroy such a secret where an earlier one laid it bare.
    """
    text = text.replace("\x00", "")
    for pattern, put in _UNESCAPES:
        text = pattern.sub(put, text)
    return text.replace("\x00", "")


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()


def _spellings(secret: str) -> tuple[str, ...]:
    if tail_of_key(secret) is None:
        return (secret,)
    plain = re.sub(r"[^A-Za-z0-9]", "", secret)
    dashed = "-".join(plain[i : i + 5] for i in range(0, 25, 5))
    return tuple(dict.fromkeys((dashed.upper(), dashed.lower(), plain.upper(), plain.lower())))


def _characters(text: str, *, any_case: bool) -> str:
    forms = _either_letter if any_case else _escapes
    return "".join(rf"(?:{'|'.join(forms(c))})\x00?" for c in text)


def _either_letter(character: str) -> Iterator[str]:
    """Both cases of a letter of a product key at once; their code points differ in one bit."""
    upper = character.upper()
    if not upper.isalpha():
        yield from _escapes(character)
        return
    point = _two_cases(upper)
    yield f"[{upper}{upper.lower()}]"
    yield rf"\\{{1,4}}u00{point}"
    yield f"_x00{point}_"
    yield f"%{point}"
    yield rf"&(?:amp;){{0,3}}#(?:{ord(upper)}|{ord(upper) + 32}|[xX]0{{0,4}}{point});"


def _two_cases(upper: str) -> str:
    high, low = divmod(ord(upper), 16)
    return f"[{high:x}{high + 2:x}]{_either_case(f'{low:x}')}"


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
    return _HEX_JOINT.join(_either_case(f"{byte:02x}") for byte in data)


def _hexadecimal_key(plain: str, *, wide: bool) -> str:
    zero = f"{_HEX_JOINT}00" if wide else ""
    letters = [(_two_cases(c) if c.isalpha() else f"{ord(c):02x}") + zero for c in plain.upper()]
    dash = f"(?:2[dD]{zero}{_HEX_JOINT})?"
    groups = [_HEX_JOINT.join(letters[i : i + 5]) for i in range(0, 25, 5)]
    return f"{_HEX_JOINT}{dash}".join(groups)
