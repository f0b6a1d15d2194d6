"""AVMA keys and GVLKs: public, generic keys typed into guests, and recognised by their last five characters."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from harness.core.catalogue._load import table
from harness.core.catalogue._releases import is_long_term, normal_release

__all__ = ["KeyKind", "KeyRow", "avma_key", "gvlk", "is_public_key", "key_by_tail", "keys"]

KeyKind = Literal["AVMA", "GVLK"]
_DASHES = re.compile(r"[^0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One public key. ``tag`` is "confirmed" (a Microsoft document) or "third-party"."""

    release: str
    edition: str
    kind: KeyKind
    key: str
    tag: str
    source: str
    date: str

    @property
    def last5(self) -> str:
        """PartialProductKey, as the licensing service shows it."""
        return self.key[-5:]


@cache
def _rows() -> tuple[KeyRow, ...]:
    return tuple(
        KeyRow(
            release=str(row["release"]),
            edition=str(row["edition"]),
            kind=cast("KeyKind", row["kind"]),
            key=str(row["key"]),
            tag=str(row["tag"]),
            source=str(row["source"]),
            date=str(row["date"]),
        )
        for row in table("keys", "key")
    )


def keys(kind: KeyKind | None = None) -> tuple[KeyRow, ...]:
    """All keys, newest release first; of one kind if asked."""
    return tuple(row for row in _rows() if kind is None or row.kind == kind)


def _find(kind: KeyKind, release: str, edition: str) -> KeyRow | None:
    wanted = normal_release(release)
    name = edition.casefold()
    return next(
        (row for row in keys(kind) if row.release == wanted and row.edition.casefold() == name),
        None,
    )


def avma_key(release: str, edition: str) -> KeyRow | None:
    """The AVMA key for a guest, or None where none is published (2012, Essentials of 2022 and 2025, clients, ...).

    Args:
        release: "2022", "2012 R2", "1909"; "Windows Server 2022" and "2012R2" are understood too.
        edition: "Datacenter", "Standard", "Essentials" or "Datacenter: Azure Edition"; Core shares its edition's key.

    Example:
        >>> avma_key("2012R2", "Essentials").last5
        'P36R2'
    """
    return _find("AVMA", release, edition)


def gvlk(release: str, edition: str) -> KeyRow | None:
    """The KMS client key of a release and edition, or None."""
    return _find("GVLK", release, edition)


def key_by_tail(last5: str) -> KeyRow | None:
    """The public key that ends in ``last5``; of several releases that share it, the long-term one.

    This is how a method is recognised without ever seeing a full key.
    """
    tail = last5.strip().upper()
    found = [row for row in _rows() if row.last5 == tail]
    return max(found, key=lambda row: is_long_term(row.release), default=None)


@cache
def _plain_keys() -> frozenset[str]:
    return frozenset(_DASHES.sub("", row.key) for row in _rows())


def is_public_key(key: str) -> bool:
    """Whether a 25-character product key, with or without dashes, is one that Microsoft publishes for everybody."""
    return _DASHES.sub("", key).upper() in _plain_keys()
