"""Causes as data: one table of sentences for the verdict and the plan."""

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from harness.core.catalogue import code as catalogue_code
from harness.core.model import Reason

__all__ = ["CauseRow", "causes", "code_reason", "reason"]


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause: ``subject`` is host, guest or plan; ``message`` and ``next_step`` hold {names} to fill in."""

    code: str
    subject: str
    message: str
    next_step: str

    @property
    def names(self) -> frozenset[str]:
        """What the sentences need to be told."""
        fields = string.Formatter().parse(f"{self.message} {self.next_step}")
        return frozenset(name for _, name, _, _ in fields if name)


@cache
def causes() -> dict[str, CauseRow]:
    """Every cause by its code, in the file's order."""
    text = files("harness.core.verdict").joinpath("causes.toml").read_text(encoding="utf-8")
    rows = cast("list[dict[str, str]]", tomllib.loads(text)["cause"])
    return {row["code"]: CauseRow(**row) for row in rows}


def reason(code: str, **values: object) -> Reason:
    """The cause of that code with its sentences filled in.

    Raises:
        KeyError: no such cause, or a value that its sentences need is missing. A mistake in this package.

    Example:
        >>> reason("no_access", guest="web01").code
        'no_access'
    """
    row = causes()[code]
    known = {name: str(value) for name, value in values.items()}
    return Reason(code, row.message.format_map(known), row.next_step.format_map(known))


def code_reason(hresult: int, where: str) -> Reason:
    """The cause behind a code of the licensing service.

    Args:
        hresult: the code, signed or unsigned.
        where: which witness said it, such as "event 12309".
    """
    shown = f"0x{hresult & 0xFFFFFFFF:08X}"
    row = catalogue_code(hresult)
    if row is None:
        return reason("unrecorded_code", hresult=shown, where=where)
    return Reason(row.cause, f"{row.meaning} ({row.code} {row.name}, {where})", row.next_step)
