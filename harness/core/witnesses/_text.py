"""Makes lines out of what people paste: other encodings, quote marks, wraps, masks.

Everything here works on one pass over the text or over its lines, so that time grows linearly with input.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["clean_lines", "display_width", "is_masked", "rejoin", "split_label"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_BREAK = re.compile(r"(?i)<br\s{0,5}/?>|_x000D__x000A_|_x000A_")
_TAG = re.compile(r"(?i)</?(?:S|p|pre|code|div|span|li|td|tr|b|i|font)(?:\s[^<>]{0,200})?>")
_ESCAPED_BREAK = re.compile(r"\\r\\n|\\n")
_LIST_ITEM = re.compile(r"\s{0,40}\"((?:[^\"\\]|\\.){0,2000})\",?\s{0,8}")
_QUOTE = re.compile(r"^(?:[ \t]{0,8}(?:>|&gt;))+[ \t]?|^[ \t]{0,3}[│┃|](?=\s)")
_BOLD = re.compile(r"(?<!\*)\*\*([^*]{1,200})\*\*(?!\*)")
_FENCE = re.compile(r"^\s{0,8}(?:```|~~~)")
_MASK = re.compile(r"^[\sXx*#•·●█▒░?_.\-–—<>\[\](){}]+$")
_MASK_WORDS = re.compile(r"(?i)redact|masked|removed|hidden|omitted|censored|entfernt|gelöscht|snip")
_LOGO = re.compile(r"(?i)microsoft \(r\) windows script host|windows script host version|\(c\) microsoft corp")


def clean_lines(text: str) -> list[str]:
    """The text's lines without control characters, quote marks, code fences, bold marks and the script host's logo.

    UTF-16 text that was read byte by byte loses its NULs; full-width and non-breaking forms become plain ones.
    """
    plain = unicodedata.normalize("NFKC", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    plain = _unpacked(plain)
    lines = (_unquoted(line) for line in plain.split("\n"))
    return [line for line in lines if not _FENCE.match(line) and not _LOGO.search(line)]


def _unpacked(text: str) -> str:
    """Text out of HTML, CLIXML or JSON: tags and escapes of line breaks; an event's XML stays as it is."""
    if "<Event" in text:
        return text
    if "&" in text or "<" in text or "_x000" in text:
        text = _TAG.sub("", _BREAK.sub("\n", html.unescape(text)))
    if text.count("\\n") >= 4:
        text = _ESCAPED_BREAK.sub("\n", text)
    return text


def _unquoted(line: str) -> str:
    bare = _BOLD.sub(r"\1", _QUOTE.sub("", line)).replace("`", "").rstrip()
    if bare.endswith(('"', '",')) and (item := _LIST_ITEM.fullmatch(bare)) is not None:
        bare = item[1]
    # Markdown's own line break
    return bare[:-1].rstrip() if bare.endswith("\\") and not bare.endswith(":\\") else bare


def is_masked(value: str) -> bool:
    """Whether a poster has blanked the value: XXXXX, *****, [redacted]; an empty value is masked too."""
    bare = value.strip()
    return not bare or bool(_MASK.match(bare)) or bool(_MASK_WORDS.search(bare[:80]))


def split_label(line: str) -> tuple[str, str] | None:
    """Label and value of a "label: value" line, or None when the line has no colon of that kind.

    The colon must end the label: followed by a space or the line's end, or come from a full-width one.
    """
    label, colon, value = line.partition(":")
    if not colon:
        return None
    return label.strip(), value.strip()


def display_width(line: str) -> int:
    """Columns that a console needs: wide East Asian characters take two."""
    if line.isascii():
        return len(line)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


_FRESH = re.compile(
    r"\s{0,12}[^\W\d][^:/\\=?&]{0,90}:(?:\s|$)"  # "label: value"
    r"|\s{0,12}[^\W\d][^\s:/\\=?&]{0,40}(?: [^\s:/\\=?&]{1,40}){0,8}:\S"  # "label:value" after a full-width colon
)
_COMMAND = re.compile(r"(?i)slmgr|^\s*PS\b|^\s*[A-Z]:\\")
_WIDTHS = frozenset({79, 80, 81, 99, 100, 101, 119, 120, 121, 132, 160})
_WHOLE = (
    re.compile(r"(?<![0-9a-fA-F-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F-])"),
    re.compile(r"(?<!\d)\d{5}-\d{5}-\d{3}-\d{6}-\d{2}-\d{4,5}-\d{4,5}\.\d{4}-\d{7}(?!\d)"),
    re.compile(r"(?<!\d)(?:\d{63}|\d{54})(?!\d)"),
    re.compile(r", ?[A-Z][A-Z0-9_-]{2,40} channel$"),
    re.compile(r"0x[0-9A-Fa-f]{8}(?![0-9A-Za-z])"),
    re.compile(r"(?<![A-Z0-9-])[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}(?![A-Z0-9-])"),
)
"""Shapes that nothing else has: whole only when both halves are put together."""
_VALUE = re.compile(
    r"\s*(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{20,}|[A-Z0-9]{5}|\d\d?\.\d+\.\d{4,5}\.\d+"
    r"|(?:Retail|OEM|Volume|VT)(?::[\w:]+)?|Windows(?: Server)?\(R\).{0,120}|\d{5}-\d{5}-[\d.-]+)\s*"
)
_REACH = 100


def rejoin(lines: Sequence[str]) -> list[str]:
    """Puts wrapped lines together again.

    A line goes on in the next one where a known shape (GUID, installation id, channel, code, key) is whole only when
    both are joined, where a label stands alone above its value, or where the width of the page cut it: lines that end
    in the page's last column, with nothing beyond it. A cut in the last column went through a word.
    """
    packed = _without_doubled_blanks(lines)
    page = _Page.of(packed)
    joined: list[str] = []
    previous = ""
    for line in packed:
        glue = page.glue(joined[-1], previous, line) if joined else None
        previous = line
        if glue is None:
            joined.append(line)
        else:
            joined[-1] = joined[-1].rstrip() + " " + line.strip() if glue else joined[-1] + line
    return joined


def _without_doubled_blanks(lines: Sequence[str]) -> list[str]:
    full = sum(1 for line in lines if line.strip())
    doubled = sum(1 for one, two in pairwise(lines) if one.strip() and not two.strip())
    if full > 4 and doubled >= 0.8 * full:
        return [line for line in lines if line.strip()]
    return list(lines)


@dataclass(frozen=True, slots=True)
class _Page:
    """The width at which a page was cut, in characters and in columns; 0 when nothing says that it was."""

    characters: int
    columns: int

    @classmethod
    def of(cls, lines: Sequence[str]) -> "_Page":
        return cls(_edge([len(line) for line in lines]), _edge([display_width(line) for line in lines]))

    def glue(self, before: str, previous: str, line: str) -> str | None:
        """What to put between a line and the next one, "" or a space; None: they are two lines."""
        if not before.strip() or not line.strip() or _COMMAND.search(line[:300]):
            return None
        tail, head = before[-_REACH:], line[:_REACH]
        if _whole_only_together(tail, head):
            return "" if not tail.endswith(",") else " "
        if tail.endswith(":") and _VALUE.fullmatch(head):
            return " "
        if _FRESH.match(line[:300]) or _complete(before):
            return None
        return self._at_the_edge(previous, line)

    def _at_the_edge(self, previous: str, line: str) -> str | None:
        length, columns = len(previous), display_width(previous)
        if length == self.characters or columns == self.columns:
            return ""
        if self.columns and columns == self.columns - 1:
            wide = display_width(previous[-1:]) == 2 or display_width(line[:1]) == 2
            return "" if wide else " "
        return None


def _edge(widths: Sequence[int]) -> int:
    widest = max(widths, default=0)
    shared = sum(1 for width in widths if width == widest)
    return widest if widest in _WIDTHS or (widest >= 40 and shared >= 2) else -1


def _whole_only_together(tail: str, head: str) -> bool:
    seam = len(tail)
    both = tail + head.rstrip()
    return any(found.start() < seam < found.end() for shape in _WHOLE for found in shape.finditer(both))


def _complete(before: str) -> bool:
    """Whether the line ends in a whole value or in dots, and asks for nothing more."""
    if before.endswith(("...", "…")):
        return True
    word = re.split(r"[\s:]", before[-_REACH:].rstrip())[-1]
    return any(shape.fullmatch(word) for shape in _WHOLE)
