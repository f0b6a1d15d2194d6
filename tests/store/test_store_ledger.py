"""The ledger refuses by itself, whatever process asks."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import InputError
from harness.core.model import HostKeyEntry, KeyKind, SecretRef
from harness.core.planning import KeySight
from harness.store import LedgerRefusalError, open_store

OTHER = "AAAAA-BBBBB-CCCCC-DDDDD-FFFFF"
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
    with pytest.raises(LedgerRefusalError, match="neither its answer nor the node tells whether it took") as refusal:
        store.ledger.intend(entry(), KEY, "n1", **WHO)
    assert refusal.value.code == "host_key_unsettled"
    assert refusal.value.hint


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
    with pytest.raises(LedgerRefusalError, match="may be used on one host only, and is used for n1"):
        store.ledger.intend(one, KEY, "n2", **WHO)


def test_a_mak_is_refused_past_its_count(store):
    for host in ("n1", "n2", "n3"):
        store.ledger.intend(entry(), KEY, host, **WHO)
    with pytest.raises(LedgerRefusalError, match=r"3 activation.*3 are used"):
        store.ledger.intend(entry(), KEY, "n4", **WHO)


def test_the_same_key_under_another_name_and_spelling_is_the_same_key(store):
    store.ledger.intend(entry(KeyKind.OEM, None), KEY, "n1", **WHO)
    with pytest.raises(LedgerRefusalError):
        store.ledger.intend(entry(KeyKind.OEM, None), KEY.lower().replace("-", ""), "n2", **WHO)


def test_a_key_in_doubt_keeps_every_other_key_off_its_host(store):
    store.ledger.intend(entry(), KEY, "n1", **WHO)
    with pytest.raises(LedgerRefusalError) as refusal:
        store.ledger.intend(entry(), OTHER, "n1", **WHO)
    assert refusal.value.code == "host_key_unsettled"


def test_an_older_key_is_refused_where_a_newer_one_went(store):
    newer = replace(entry(), name="new", version="2025")
    store.ledger.settle(store.ledger.intend(newer, OTHER, "n1", **WHO), "verified", "", time="t")
    with pytest.raises(LedgerRefusalError) as refusal:
        store.ledger.intend(entry(), KEY, "n1", **WHO)
    assert refusal.value.code == "host_key_downgrade"


def test_another_key_under_the_name_of_a_spent_one_is_another_key(store):
    one = entry(KeyKind.RETAIL, None)
    store.ledger.intend(one, KEY, "n1", **WHO)
    store.ledger.intend(one, OTHER, "n2", **WHO)
    assert [e.last5 for e in store.ledger.entries()] == ["EEEEE", "FFFFF"]


def test_an_intent_that_somebody_settled_is_not_sent_any_more(store):
    first = store.ledger.intend(entry(), KEY, "n1", **WHO)
    store.ledger.renew(first, time="2026-11-22T10:00:05+00:00")
    assert store.ledger.entries()[0].intended == "2026-11-22T10:00:05+00:00"
    assert store.ledger.settle(first, "failed", "by another run", time="t")
    with pytest.raises(LedgerRefusalError, match="nothing was sent"):
        store.ledger.renew(first, time="t2")


def test_what_is_settled_stays_settled(store):
    first = store.ledger.intend(entry(), KEY, "n1", **WHO)
    assert store.ledger.settle(first, "unknown", "", time="t")
    assert store.ledger.settle(first, "verified", "", time="t")
    assert not store.ledger.settle(first, "failed", "", time="t")
    assert store.ledger.entries()[0].state == "verified"


def test_an_intent_keeps_what_the_host_showed_before(store):
    store.ledger.intend(entry(), KEY, "n1", **WHO, sight=KeySight(configured=True, last5="ZZZZZ"))
    assert store.ledger.entries()[0].sight == KeySight(configured=True, last5="ZZZZZ")


def test_a_store_made_by_an_earlier_version_is_completed(tmp_path):
    path = str(tmp_path / "old.db")
    open_store(path).close()
    with closing(sqlite3.connect(path)) as old:
        for table, column in (("ledger", "sight"), ("runs", "request"), ("runs", "plan"), ("runs", "resumed_by")):
            old.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        old.commit()
    again = open_store(path)
    again.ledger.intend(entry(), KEY, "n1", **WHO)
    assert again.ledger.entries()[0].sight == KeySight()
    again.close()


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
