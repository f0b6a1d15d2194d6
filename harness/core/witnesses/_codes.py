"""Finds HRESULTs in text: "0x" and eight hexadecimal digits, also where a scanner has mistaken a zero for an O."""

import re

from harness.core.catalogue import code

__all__ = ["code_text", "codes_in", "first_code"]

_CODE = re.compile(r"(?<![0-9A-Za-z])[0Oo][xX×]\s?([0-9A-Fa-fOoIlS]{8})(?![0-9A-Za-z])")
_SHORT = re.compile(r"(?<![0-9A-Za-z])0[xX]([0-9A-Fa-f]{1,7})(?![0-9A-Za-z])")
_LOOK_ALIKES = str.maketrans("OoIlS", "00115")
_FACILITIES = ("C004", "4004", "8007", "8004", "803F", "C000")


def code_text(value: int) -> str:
    """A code as Windows prints it: 3221549065 -> "0xC004F009"."""
    return f"0x{value & 0xFFFFFFFF:08X}"


def codes_in(text: str) -> tuple[str, ...]:
    """Every code of the text in the form "0xC004FD02", in order, each once.

    Letters that look like digits are read as digits only where the result is a code that makes sense: known to the
    catalogue, or of a facility that licensing uses.
    """
    found = (_normal(match[1]) for match in _CODE.finditer(text))
    return tuple(dict.fromkeys(value for value in found if value is not None))


def first_code(text: str, *, short: bool = False) -> int | None:
    """The first code of the text as an unsigned number; with ``short`` also "0x0" as events print it."""
    long = next((value for match in _CODE.finditer(text) if (value := _normal(match[1])) is not None), None)
    if long is not None:
        return int(long, 16)
    match = _SHORT.search(text) if short else None
    return int(match[1], 16) if match else None


def _normal(digits: str) -> str | None:
    plain = digits.translate(_LOOK_ALIKES).upper()
    damaged = plain != digits.upper()
    if damaged and code(int(plain, 16)) is None and not plain.startswith(_FACILITIES):
        return None
    return f"0x{plain}"
