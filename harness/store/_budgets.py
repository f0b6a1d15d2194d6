"""What is left of each key that was ever spent, by the ledger alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.model import KeyKind
from harness.store._ledger import LedgerEntry

__all__ = ["Budget", "budgets"]


@dataclass(frozen=True, slots=True)
class Budget:
    """One key: ``names`` under which inventories knew it, the activations it has (``total``: 1 unless it is a MAK, None
    where nobody said), those that are ``used`` for certain, those ``in_doubt``, and what is ``left`` if all of these
    count.
    """

    names: tuple[str, ...]
    last5: str
    kind: str
    version: str
    total: int | None
    used: int
    in_doubt: int
    left: int | None
    hosts: tuple[str, ...]


def budgets(entries: Iterable[LedgerEntry]) -> tuple[Budget, ...]:
    """One budget for each key, in the order of their first use. A proven failure uses nothing up.

    Of several numbers of activations that inventories gave a MAK, the last one counts.
    """
    by_key: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        by_key.setdefault(entry.fingerprint, []).append(entry)
    return tuple(_budget(found) for found in by_key.values())


def _budget(entries: list[LedgerEntry]) -> Budget:
    last, counted = entries[-1], [entry for entry in entries if entry.spent.counts]
    doubtful = sum(entry.is_open for entry in counted)
    total = last.activations if last.kind == KeyKind.MAK else 1
    return Budget(
        names=tuple(dict.fromkeys(entry.key_name for entry in entries)),
        last5=last.last5,
        kind=last.kind,
        version=last.version,
        total=total,
        used=len(counted) - doubtful,
        in_doubt=doubtful,
        left=None if total is None else max(total - len(counted), 0),
        hosts=tuple(dict.fromkeys(entry.host for entry in counted)),
    )
