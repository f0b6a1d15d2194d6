"""How CLIXML writes the characters that XML cannot hold: ``_xHHHH_`` per UTF-16 code unit (MS-PSRP 2.2.5.3.2)."""

import re

__all__ = ["decode_text", "encode_attribute", "encode_text"]

_MUST_ESCAPE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff\ufffe\uffff]|_(?=[xX])")
_ESCAPE = re.compile("_[xX]([0-9a-fA-F]{4})_")


def _units(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"_x{code:04X}_"
    code -= 0x10000
    return f"_x{0xD800 + (code >> 10):04X}__x{0xDC00 + (code & 0x3FF):04X}_"


def encode_text(text: str) -> str:
    """The text of an element: escaped for CLIXML first, for XML second."""
    # Nearly every text is plain, and some are long: these four looks cost a twentieth of one by the expression.
    if not (text.isascii() and text.isprintable() and "_x" not in text and "_X" not in text):
        text = _MUST_ESCAPE.sub(_units, text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def encode_attribute(text: str) -> str:
    """The text of an attribute in double quotes."""
    return encode_text(text).replace('"', "&quot;")


def decode_text(text: str | None) -> str:
    """What the client meant; halves of a surrogate pair that follow each other become one character."""
    if not text:
        return ""
    if "_x" not in text and "_X" not in text:
        return text
    decoded = _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
