"""Foreign text made safe to print: names and KVP come from guests, and a guest may be hostile."""

import unicodedata

__all__ = ["visible", "xml_text"]

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def visible(text: str) -> str:
    r"""The text with control characters, terminal escapes and direction overrides written as \xNN or \uNNNN.

    >>> visible("vm\x1b[31m")
    'vm\\x1b[31m'
    """
    return "".join(_shown(ch) for ch in text)


def _shown(ch: str) -> str:
    if ch in _BIDI or unicodedata.category(ch) in ("Cc", "Cs", "Co", "Zl", "Zp"):
        return f"\\x{ord(ch):02x}" if ord(ch) < 256 else f"\\u{ord(ch):04x}"
    return ch


def xml_text(text: str) -> str:
    """The text with every character that XML 1.0 forbids written visibly; line breaks and tabs stay."""
    return "".join(ch if ch in "\n\t" else _shown(ch) for ch in text)
