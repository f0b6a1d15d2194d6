"""The key ledger: what was ever spent, on which host, by whom. It refuses before anything is sent."""

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from harness.core.errors import HarnessError
from harness.core.model import HostKeyEntry, KeyKind
from harness.store import _tables as t
from harness.store._database import salt_of, write

__all__ = ["KeyLedger", "LedgerEntry", "LedgerRefusalError", "last5"]


class LedgerRefusalError(HarnessError):
    """The ledger refuses an intent: same key and host again, or a budget that is used up. Nothing was sent."""

    code = "ledger_refused"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One application of one key to one host. ``state`` is intent, verified, accepted, unknown or failed."""

    id: int
    key_name: str
    fingerprint: str
    last5: str
    kind: str
    version: str
    host: str
    run_id: str
    person: str
    state: str
    intended: str
    settled: str | None
    message: str


def last5(key: str) -> str:
    """The tail of a product key: all that is ever shown of it."""
    return key.strip()[-5:].upper()


class KeyLedger:
    """Intents and outcomes of host keys, in the store's own table; safe between processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._salt = salt_of(engine)

    def fingerprint(self, key: str) -> str:
        """A salted fingerprint (HMAC-SHA256, 32 hex digits): tells equal keys, reveals none."""
        normal = key.strip().upper().replace("-", "")
        return hmac.new(self._salt.encode(), normal.encode(), hashlib.sha256).hexdigest()[:32]

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(t.ledger).order_by(t.ledger.c.id)).mappings()
            return tuple(LedgerEntry(**dict(row)) for row in rows)

    def intend(self, entry: HostKeyEntry, key: str, host: str, *, run_id: str, person: str, time: str) -> int:
        """Write the intent to apply ``key`` to ``host``, or refuse.

        Returns:
            the entry's id, for ``settle``.

        Raises:
            LedgerRefusalError: the pair was intended before and not proven failed, or the key's budget is used up.
        """
        mark = self.fingerprint(key)
        spent = t.ledger.c.fingerprint == mark, t.ledger.c.state != "failed"
        with self._engine.begin() as connection:
            write(connection)
            same = connection.execute(select(t.ledger).where(*spent, t.ledger.c.host == host)).mappings().first()
            if same is not None:
                raise LedgerRefusalError(
                    f"The key {entry.name} (...{same['last5']}) was already sent to this host on {same['intended']}, "
                    f"outcome {same['state']}.",
                    target=host,
                    hint="Read its state with `avma verify`; a key is never sent twice without proof of failure.",
                )
            used = connection.execute(select(func.count()).select_from(t.ledger).where(*spent)).scalar_one()
            budget = _budget(entry)
            if used >= budget:
                raise LedgerRefusalError(
                    f"The key {entry.name} ({entry.kind}) has {budget} activation(s) and {used} are spent.",
                    target=host,
                    hint="Use another key; activations are never given back.",
                )
            inserted = connection.execute(
                t.ledger.insert().values(
                    key_name=entry.name,
                    fingerprint=mark,
                    last5=last5(key),
                    kind=str(entry.kind),
                    version=entry.version,
                    host=host,
                    run_id=run_id,
                    person=person,
                    state="intent",
                    intended=time,
                )
            )
            primary_key = inserted.inserted_primary_key
            assert primary_key is not None
            return int(primary_key[0])

    def settle(self, entry_id: int, state: str, message: str, *, time: str) -> None:
        """Write how an intent ended: verified, accepted, unknown or failed (only on proof)."""
        with self._engine.begin() as connection:
            connection.execute(
                t.ledger.update().where(t.ledger.c.id == entry_id).values(state=state, message=message, settled=time)
            )


def _budget(entry: HostKeyEntry) -> int:
    return entry.activations or 0 if entry.kind is KeyKind.MAK else 1
