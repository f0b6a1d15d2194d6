"""The ledger refuses by itself, whatever process asks."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.core.errors import InputError
from harness.core.model import HostKeyEntry, KeyKind, SecretRef
from harness.store import LedgerRefusalError, open_store

KEY = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"
WHO = {"run_id": "r1", "person": "anna", "time": "2026-11-22T10:00:00+00:00"}


def entry(kind: KeyKind = KeyKind.MAK, activations: int | None = 3) -> HostKeyEntry:
    return HostKeyEntry("azl-2022", kind, "2022", SecretRef("env", {"env": "K"}), activations)


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(str(tmp_path / "store.db"))
    yield opened
    opened.close()


def test_a_second_intent_for_the_same_key_and_host_is_refused(store):
    store.ledger.intend(entry(), KEY, "n1", **WHO)
    with pytest.raises(LedgerRefusalError, match="already sent"):
        store.ledger.intend(entry(), KEY, "n1", **WHO)


@pytest.mark.parametrize("state", ["verified", "accepted", "unknown", "intent"])
def test_every_state_but_failed_keeps_the_pair_locked(store, state):
    first = store.ledger.intend(entry(), KEY, "n1", **WHO)
    store.ledger.settle(first, state, "", time="t")
    with pytest.raises(LedgerRefusalError):
        store.ledger.intend(entry(), KEY, "n1", **WHO)


def test_a_proven_failure_frees_the_pair_and_the_budget(store):
    one = entry(KeyKind.RETAIL, None)
    first = store.ledger.intend(one, KEY, "n1", **WHO)
    store.ledger.settle(first, "failed", "refused", time="t")
    store.ledger.intend(one, KEY, "n1", **WHO)
    with pytest.raises(LedgerRefusalError, match="1 activation"):
        store.ledger.intend(one, KEY, "n2", **WHO)


def test_a_mak_is_refused_past_its_count(store):
    for host in ("n1", "n2", "n3"):
        store.ledger.intend(entry(), KEY, host, **WHO)
    with pytest.raises(LedgerRefusalError, match="3 are spent"):
        store.ledger.intend(entry(), KEY, "n4", **WHO)


def test_the_same_key_under_another_name_and_spelling_is_the_same_key(store):
    store.ledger.intend(entry(KeyKind.OEM, None), KEY, "n1", **WHO)
    with pytest.raises(LedgerRefusalError):
        store.ledger.intend(entry(KeyKind.OEM, None), KEY.lower().replace("-", ""), "n2", **WHO)


def test_of_many_threads_that_intend_the_same_pair_one_succeeds(store):
    def intend(_: int) -> bool:
        try:
            store.ledger.intend(entry(), KEY, "n1", **WHO)
        except LedgerRefusalError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(intend, range(16))) == 1


def test_nothing_but_the_tail_and_a_salted_fingerprint_is_stored(store, tmp_path):
    store.ledger.intend(entry(), KEY, "n1", **WHO)
    row = store.ledger.entries()[0]
    store.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert row.last5 == "EEEEE"
    assert b"AAAAA" not in raw
    assert b"BBBBBCCCCC" not in raw.replace(b"-", b"")
    other = open_store(str(tmp_path / "other.db"))
    assert other.ledger.fingerprint(KEY) != row.fingerprint
    other.close()


def test_a_store_that_cannot_be_written_says_where_and_what_to_do(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="--store"):
        open_store(str(blocked / "store.db"))
