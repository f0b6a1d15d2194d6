"""Causes as data: one table of sentences for the verdict and the plan, and the same form for other subjects."""

import string
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import cast

from harness.core.catalogue import code as catalogue_code
from harness.core.model import Reason

__all__ = ["CauseRow", "CauseTable", "causes", "code_reason", "reason"]


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause: ``subject`` is host, guest, cluster or plan; ``message`` and ``next_step`` hold {names} to fill in.

    ``rank`` is how much it weighs, where the table's subject has ranks; ``source`` the document that a rule rests on.
    """

    code: str
    subject: str
    message: str
    next_step: str
    rank: str = ""
    source: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What the sentences need to be told."""
        fields = string.Formatter().parse(f"{self.message} {self.next_step}")
        return frozenset(name for _, name, _, _ in fields if name)


class CauseTable:
    """The causes of one package: its file causes.toml, read when first asked for."""

    def __init__(self, package: str) -> None:
        self._package = package

    @cached_property
    def rows(self) -> dict[str, CauseRow]:
        """Every cause by its code, in the file's order."""
        text = files(self._package).joinpath("causes.toml").read_text(encoding="utf-8")
        rows = cast("list[dict[str, str]]", tomllib.loads(text)["cause"])
        return {row["code"]: CauseRow(**row) for row in rows}

    def reason(self, code: str, **values: object) -> Reason:
        """The cause of that code with its sentences filled in.

        Raises:
            KeyError: no such cause, or a value that its sentences need is missing. A mistake in this package.
        """
        row = self.rows[code]
        known = {name: str(value) for name, value in values.items()}
        return Reason(code, row.message.format_map(known), row.next_step.format_map(known), row.source)


_TABLE = CauseTable("harness.core.verdict")


def causes() -> dict[str, CauseRow]:
    """Every cause of the verdict and the plan by its code, in the file's order."""
    return _TABLE.rows


def reason(code: str, **values: object) -> Reason:
    """The cause of that code with its sentences filled in. Raises KeyError as ``CauseTable.reason`` does.

    Example:
        >>> reason("no_access", guest="web01").code
        'no_access'
    """
    return _TABLE.reason(code, **values)


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
