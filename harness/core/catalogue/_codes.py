"""HRESULTs, events and notification names: what they mean for AVMA and what to do next."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from harness.core.catalogue._load import table

__all__ = ["CodeRow", "EventRow", "NotificationRow", "code", "codes", "event", "events", "notifications"]

_NUMBER = re.compile(r"-?\d{1,20}")
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,8}")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code. ``next_step`` is a sentence with a command; ``retryable``: the same call may succeed later on its own.

    ``cause`` is a stable lower_snake_case word for JSON documents; several codes may share one. ``given_by`` is the
    slmgr command ("ipk" or "ato") that ends in this code, "" where several may.
    """

    value: int
    name: str
    cause: str
    meaning: str
    next_step: str
    retryable: bool
    tag: str
    source: str
    date: str
    given_by: str = ""

    @property
    def code(self) -> str:
        """The code as Windows prints it: "0xC004FD02"."""
        return f"0x{self.value:08X}"

    @property
    def signed(self) -> int:
        """The same 32 bits as a signed number: slmgr.vbs exits with it."""
        return self.value - (1 << 32) if self.value >= 1 << 31 else self.value


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event id of Microsoft-Windows-Security-SPP. ``inserts`` says what each %n carries.

    ``about`` is avma_guest, avma_host, other_method, failure, key, status or noise.
    """

    event_id: int
    full_id: int
    meaning: str
    inserts: tuple[str, ...]
    about: str
    note: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A notification name of the Microsoft documentation and the codes it probably stands for (an inference)."""

    name: str
    meaning: str
    likely_codes: tuple[int, ...]
    source: str
    date: str


@cache
def codes() -> tuple[CodeRow, ...]:
    """All codes, the AVMA family first."""
    return tuple(
        CodeRow(
            value=int(str(row["code"]), 16),
            name=str(row["name"]),
            cause=str(row["cause"]),
            meaning=str(row["meaning"]),
            next_step=str(row["next_step"]),
            retryable=bool(row["retryable"]),
            tag=str(row["tag"]),
            source=str(row["source"]),
            date=str(row["date"]),
            given_by=str(row.get("given_by", "")),
        )
        for row in table("codes", "code")
    )


@cache
def _by_value() -> dict[int, CodeRow]:
    return {row.value: row for row in codes()}


def code(value: int | str) -> CodeRow | None:
    """The row of a code in any of its disguises; None when the catalogue lacks it or the text is no code.

    Args:
        value: a signed or unsigned number (-1073414910, 3221552386) or text: "0xC004FD02", "c004fd02", "-1073414910".
            Digits alone are hexadecimal when there are eight of them ("80070005"), else decimal.
    """
    number = _number(value) if isinstance(value, str) else value
    return _by_value().get(number & 0xFFFFFFFF) if number is not None else None


def _number(text: str) -> int | None:
    plain = text.strip()
    if _NUMBER.fullmatch(plain) and len(plain) != 8:
        return int(plain)
    return int(plain, 16) if _HEX.fullmatch(plain) else None


@cache
def events() -> tuple[EventRow, ...]:
    """All event ids of the catalogue, AVMA's own first."""
    return tuple(
        EventRow(
            event_id=int(cast("int", row["id"])),
            full_id=int(cast("int", row["full_id"])),
            meaning=str(row["meaning"]),
            inserts=tuple(cast("Sequence[str]", row["inserts"])),
            about=str(row["about"]),
            note=str(row.get("note", "")),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("events", "event")
    )


def event(event_id: int) -> EventRow | None:
    """The row of an event id, short (12309) or with its severity bits (0x40003015)."""
    return next((row for row in events() if event_id in {row.event_id, row.full_id}), None)


@cache
def notifications() -> tuple[NotificationRow, ...]:
    """The four notification names of the Microsoft documentation."""
    return tuple(
        NotificationRow(
            name=str(row["name"]),
            meaning=str(row["meaning"]),
            likely_codes=tuple(int(c, 16) for c in cast("Sequence[str]", row["likely_codes"])),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("events", "notification")
    )
