"""What is left of each key, by the ledger alone."""

import pytest

from harness.core.model import HostKeyEntry, KeyKind, SecretRef
from harness.store import budgets, open_store

WHO = {"run_id": "r1", "person": "anna", "time": "2026-11-22T10:00:00+00:00"}
MAK, RETAIL = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "AAAAA-BBBBB-CCCCC-DDDDD-FFFFF"


def entry(name: str, kind: KeyKind, activations: int | None = None) -> HostKeyEntry:
    return HostKeyEntry(name, kind, "2022", SecretRef("env", {"env": "K"}), activations)


@pytest.fixture
def ledger(tmp_path):
    store = open_store(str(tmp_path / "store.db"))
    yield store.ledger
    store.close()


def spend(ledger, wish: HostKeyEntry, key: str, host: str, state: str) -> None:
    number = ledger.intend(wish, key, host, **WHO)
    if state != "intent":
        ledger.settle(number, state, "", time="t")


def test_doubts_count_until_they_are_settled_and_failures_never_do(ledger):
    mak = entry("mak", KeyKind.MAK, 5)
    for host, state in (("a", "verified"), ("b", "unknown"), ("c", "failed"), ("d", "intent"), ("e", "accepted")):
        spend(ledger, mak, MAK, host, state)
    (left,) = budgets(ledger.entries())
    assert (left.total, left.used, left.in_doubt, left.left) == (5, 2, 2, 1)
    assert left.hosts == ("a", "b", "d", "e")


def test_a_retail_key_has_one_activation(ledger):
    spend(ledger, entry("r", KeyKind.RETAIL), RETAIL, "a", "verified")
    (left,) = budgets(ledger.entries())
    assert (left.total, left.used, left.left, left.last5) == (1, 1, 0, "FFFFF")


def test_one_key_under_two_names_is_one_budget_and_the_last_count_holds(ledger):
    spend(ledger, entry("berlin", KeyKind.MAK, 2), MAK, "a", "verified")
    spend(ledger, entry("munich", KeyKind.MAK, 10), MAK, "b", "verified")
    (left,) = budgets(ledger.entries())
    assert (left.names, left.total, left.left) == (("berlin", "munich"), 10, 8)


def test_nothing_spent_is_no_budget(ledger):
    assert budgets(ledger.entries()) == ()
