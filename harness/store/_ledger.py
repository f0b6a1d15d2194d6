"""The key ledger: what was ever spent, on which host, by whom. It refuses before anything is sent.

The rules are those of ``harness.core.planning.ledger``: the planner shows them, the ledger enforces them.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import RowMapping

from harness.core.errors import HarnessError
from harness.core.model import HostKeyEntry
from harness.core.planning import KeySight, LedgerView, SpentKey, ledger_refusal, version_refusal
from harness.store import _tables as t
from harness.store._database import salt_of, write

__all__ = ["KeyLedger", "LedgerEntry", "LedgerRefusalError", "last5"]

OPEN = ("intent", "unknown")
"""States of an application of which nobody knows how it ended."""


class LedgerRefusalError(HarnessError):
    """The ledger refuses an intent by one of its rules, whose code it carries. Nothing was sent."""

    code = "ledger_refused"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One application of one key to one host. ``state`` is intent, verified, accepted, unknown or failed.

    ``sight`` is what the host showed just before; ``activations`` how many a MAK was said to have then.
    """

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
    sight: KeySight
    activations: int | None

    @property
    def is_open(self) -> bool:
        """Whether nobody knows how it ended."""
        return self.state in OPEN

    @property
    def spent(self) -> SpentKey:
        """The entry as the rules see it."""
        return SpentKey(self.key_name, self.fingerprint, self.host, self.version, self.state, self.last5, self.run_id)


def last5(key: str) -> str:
    """The tail of a product key: all that is ever shown of it."""
    return key.strip()[-5:].upper()


class KeyLedger:
    """Intents and outcomes of host keys, in the store's own table; safe between processes."""

    def __init__(self, engine: Engine, redact: Callable[[str], str] = str) -> None:
        self._engine = engine
        self._redact = redact
        self._salt = salt_of(engine)

    def fingerprint(self, key: str) -> str:
        """A salted fingerprint (HMAC-SHA256, 32 hex digits): tells equal keys, reveals none."""
        normal = key.strip().upper().replace("-", "")
        return hmac.new(self._salt.encode(), normal.encode(), hashlib.sha256).hexdigest()[:32]

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries, oldest first."""
        with self._engine.connect() as connection:
            return _entries(connection)

    def intend(
        self,
        entry: HostKeyEntry,
        key: str,
        host: str,
        *,
        run_id: str,
        person: str,
        time: str,
        sight: KeySight | None = None,
    ) -> int:
        """Write the intent to apply ``key`` to ``host``, or refuse.

        Args:
            entry: the inventory's key.
            key: the key itself, of which only tail and fingerprint are kept.
            host: the machine's identity, see ``host_identity``.
            run_id: the run that is about to send it.
            person: who started that run.
            time: ISO 8601 UTC text.
            sight: what the host showed just before.

        Returns:
            the entry's id, for ``renew`` and ``settle``.

        Raises:
            LedgerRefusalError: one of the rules of host keys forbids it.
        """
        mark = self.fingerprint(key)
        seen = sight or KeySight()
        with self._engine.begin() as connection:
            write(connection)
            view = LedgerView(tuple(e.spent for e in _entries(connection)))
            cause = version_refusal(entry, host, view.version_on(host))
            cause = cause or ledger_refusal(entry, host, view.entries, fingerprint=mark)
            if cause is not None:
                raise LedgerRefusalError(cause.message, code=cause.code, target=host, hint=cause.next_step)
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
                    sight=json.dumps([seen.configured, seen.last5]),
                    activations=entry.activations,
                )
            )
            primary_key = inserted.inserted_primary_key
            assert primary_key is not None
            return int(primary_key[0])

    def renew(self, entry_id: int, *, time: str) -> None:
        """Note that the key is about to leave now; called before each attempt to send it.

        From ``time`` on the settle time is counted. An intent that somebody else has settled meanwhile must not be
        sent any more.

        Raises:
            LedgerRefusalError: the intent is settled. Nothing was sent.
        """
        with self._engine.begin() as connection:
            mine = t.ledger.c.id == entry_id, t.ledger.c.state == "intent"
            touched = connection.execute(t.ledger.update().where(*mine).values(intended=time))
        if touched.rowcount != 1:
            raise LedgerRefusalError(
                "Another run has settled this key's intent in the meantime; nothing was sent.",
                hint="Look at `avma ledger`, then run the same playbook again.",
            )

    def settle(self, entry_id: int, state: str, message: str, *, time: str) -> bool:
        """Write how an open application ended: verified, accepted, unknown or failed (only on proof).

        Returns:
            whether it was still open, or accepted and is verified now. What is settled stays as it is.
        """
        before = (*OPEN, "accepted") if state == "verified" else OPEN
        with self._engine.begin() as connection:
            doubtful = t.ledger.c.id == entry_id, t.ledger.c.state.in_(before)
            values = {"state": state, "message": self._redact(message), "settled": time}
            return connection.execute(t.ledger.update().where(*doubtful).values(values)).rowcount == 1


def _entries(connection: Connection) -> tuple[LedgerEntry, ...]:
    rows: Iterable[RowMapping] = connection.execute(select(t.ledger).order_by(t.ledger.c.id)).mappings()
    return tuple(LedgerEntry(**{**row, "sight": _sight(row["sight"])}) for row in rows)


def _sight(text: str | None) -> KeySight:
    configured, tail = json.loads(text) if text else (None, None)
    return KeySight(configured, tail)
