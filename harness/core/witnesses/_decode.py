"""Turns captured bytes into text when nobody says in which code page a console wrote them."""

import codecs

from harness.core.witnesses._languages import languages, skeleton
from harness.core.witnesses._text import split_label

__all__ = ["decode_answer"]

_CODE_PAGES = (
    "cp1252", "cp850", "cp437", "cp932", "cp936", "cp949", "cp950", "cp866", "cp1251", "cp852", "cp1250", "cp857",
    "cp1254", "cp737", "cp1253",
)  # fmt: skip
"""Console and Windows code pages of the languages with a table; the first of equals wins."""
_SAMPLE = 16_384
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode_answer(data: bytes, code_page: int | None = None) -> str:
    """Text of a captured or saved output. Never raises.

    A byte order mark decides; then UTF-16 by its zero bytes; then the code page the caller knows of; then UTF-8 where
    the bytes allow it; then the code page in which most of slmgr.vbs's known words appear.

    Args:
        data: what a file or a console held.
        code_page: the console's code page where it is known (437, 850, 65001, ...).
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if (wide := _wide(data)) is not None:
        return data.decode(wide, "replace")
    if code_page is not None and (named := _codec(f"cp{code_page}")) is not None:
        return data.decode(named, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_likeliest(data[:_SAMPLE]), "replace")


def _wide(data: bytes) -> str | None:
    sample = data[:512]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(sample) < 4 or max(even, odd) < len(sample) // 4:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _codec(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _likeliest(sample: bytes) -> str:
    """The code page whose reading shows most words of one language, and fewest characters no text has."""
    scored = {page: _score(sample.decode(page, "replace")) for page in _CODE_PAGES}
    return max(_CODE_PAGES, key=lambda page: scored[page])


def _score(text: str) -> tuple[int, int]:
    labels = {skeleton(pair[0]) for line in text.split("\n")[:300] if (pair := split_label(line[:200])) is not None}
    folded = skeleton(text)
    best = 0
    for words in languages():
        foreign = sum(1 for label in labels if label in words.labels and not label.isascii())
        plain = sum(1 for label in labels if label in words.labels and label.isascii())
        said = sum(1 for phrase in words.sayings if phrase in folded)
        states = sum(1 for state in words.status if f" {state}" in folded)
        best = max(best, 4 * foreign + plain + 3 * said + states)
    odd = sum(1 for c in text if c == "\ufffd" or (0x2500 <= ord(c) <= 0x25FF) or ord(c) in range(0x80, 0xA0))
    return best, -odd
