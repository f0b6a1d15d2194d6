"""LicenseStatus numbers and the channels that tell by which method a product is licensed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from harness.core.catalogue._load import table

__all__ = [
    "ChannelRow",
    "LicenseStatusRow",
    "channel_of_token",
    "channels",
    "license_status",
    "license_statuses",
]


@dataclass(frozen=True, slots=True)
class LicenseStatusRow:
    """One LicenseStatus number, 0 to 6; ``licensed`` is True for 1 alone."""

    number: int
    name: str
    licensed: bool
    meaning: str
    source: str
    date: str


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One ProductKeyChannel. ``method`` is avma, kms, kms_host, mak, retail, oem, evaluation or timebased.

    ``description_tokens`` are the words that the licence's Description carries instead ("VOLUME_KMSCLIENT").
    """

    channel: str
    method: str
    meaning: str
    description_tokens: tuple[str, ...]
    certain: bool
    source: str
    date: str


@cache
def license_statuses() -> tuple[LicenseStatusRow, ...]:
    """The seven states, in the order of their numbers."""
    return tuple(
        LicenseStatusRow(
            number=int(cast("int", row["number"])),
            name=str(row["name"]),
            licensed=bool(row["licensed"]),
            meaning=str(row["meaning"]),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("licences", "status")
    )


def license_status(number: int) -> LicenseStatusRow | None:
    """What a LicenseStatus number means; None for a number the service does not use."""
    return next((row for row in license_statuses() if row.number == number), None)


@cache
def channels() -> tuple[ChannelRow, ...]:
    """All channels, AVMA's own first."""
    return tuple(
        ChannelRow(
            channel=str(row["channel"]),
            method=str(row["method"]),
            meaning=str(row["meaning"]),
            description_tokens=tuple(cast("Sequence[str]", row["description_tokens"])),
            certain=bool(row.get("certain", True)),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("licences", "channel")
    )


def channel_of_token(token: str) -> ChannelRow | None:
    """The channel of a ProductKeyChannel ("VT:IA") or a Description word ("VIRTUAL_MACHINE_ACTIVATION").

    KMS host words carry their generation ("VOLUME_KMS_2012-R2_WIN10"): the longest known beginning decides.
    """
    plain = token.strip()
    folded = plain.casefold()
    for row in channels():
        if row.channel.casefold() == folded:
            return row
    upper = plain.upper()
    matches = [(word, row) for row in channels() for word in row.description_tokens if _begins(upper, word)]
    return max(matches, key=lambda match: len(match[0]))[1] if matches else None


def _begins(token: str, word: str) -> bool:
    return token == word or token.startswith(f"{word}_")
