"""Leases: one holder at a time, between processes too, and nothing outlives its time."""

import multiprocessing
from pathlib import Path

import pytest

from harness.store import Holder, RunRow, Store, open_store

A, B = Holder("run-a", "ann on here, process 1", "onboard azl"), Holder("run-b", "bob on there, process 2", "pytest")
HV1 = {"address 192.0.2.1:5986": "hv1"}
HV2 = {"address 192.0.2.2:5986": "hv2"}


def at(seconds: int) -> str:
    return f"2026-11-22T12:{seconds // 60:02}:{seconds % 60:02}.000+00:00"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store.db"))


def test_who_comes_first_has_the_host_and_the_other_learns_who(store):
    assert store.leases.take(HV1, A, time=at(0), expires=at(60)) == ()
    (lease,) = store.leases.take(HV1, B, time=at(1), expires=at(61))
    assert (lease.host, lease.holder, lease.who, lease.purpose) == ("hv1", "run-a", A.who, A.purpose)
    assert (lease.taken, lease.expires) == (at(0), at(60))


def test_several_hosts_are_taken_together_or_not_at_all(store):
    store.leases.take(HV2, A, time=at(0), expires=at(60))
    assert store.leases.take(HV1 | HV2, B, time=at(1), expires=at(61))
    assert store.leases.take(HV1, A, time=at(2), expires=at(62)) == (), "the host that was free is still free"


def test_an_expired_lease_is_there_for_the_next_and_not_before(store):
    store.leases.take(HV1, A, time=at(0), expires=at(60))
    assert store.leases.take(HV1, B, time=at(59), expires=at(119))
    assert store.leases.take(HV1, B, time=at(60), expires=at(120)) == ()
    assert not store.leases.renew(A.id, HV1, expires=at(180)), "what was taken over is not renewed"
    assert [lease.holder for lease in store.leases.list()] == [B.id]


def test_an_expired_lease_that_nobody_wanted_can_be_renewed(store):
    store.leases.take(HV1, A, time=at(0), expires=at(60))
    assert not store.leases.lasts(A.id, HV1, until=at(61))
    assert store.leases.renew(A.id, HV1, expires=at(200))
    assert store.leases.lasts(A.id, HV1, until=at(200))


def test_one_lost_lease_of_two_is_a_loss(store):
    store.leases.take(HV1 | HV2, A, time=at(0), expires=at(60))
    store.leases.clear(lease for lease in store.leases.list() if lease.host == "hv2")
    assert not store.leases.lasts(A.id, HV1 | HV2, until=at(1))
    assert not store.leases.renew(A.id, HV1 | HV2, expires=at(90))
    assert store.leases.renew(A.id, HV1, expires=at(90))


def test_releasing_gives_back_ones_own_and_nothing_else(store):
    store.leases.take(HV1, A, time=at(0), expires=at(60))
    store.leases.take(HV2, B, time=at(0), expires=at(60))
    store.leases.release(A.id)
    assert [lease.host for lease in store.leases.list()] == ["hv2"]


def test_taking_again_what_is_ones_own_keeps_the_time_it_was_taken(store):
    store.leases.take(HV1, A, time=at(0), expires=at(60))
    assert store.leases.take(HV1 | HV2, A, time=at(30), expires=at(90)) == ()
    assert {lease.host: lease.taken for lease in store.leases.list()} == {"hv1": at(0), "hv2": at(30)}


def test_a_resumption_inherits_the_leases_in_the_moment_it_begins(store):
    store.leases.take(HV1, A, time=at(0), expires=at(60))
    row = RunRow("run-c", "resume run-a", "lab.yaml", None, "ann", at(1), None, None)
    store.runs.begin(row, resumes=A.id)
    assert [lease.holder for lease in store.leases.list()] == ["run-c"]
    assert not store.leases.renew(A.id, HV1, expires=at(90)), "should the earlier run still live, it has lost them"


def _race(url: str, name: str, won: "multiprocessing.Queue[str]", start: "multiprocessing.Barrier") -> None:  # type: ignore[valid-type]
    store = open_store(url)
    start.wait()
    if store.leases.take(HV1 | HV2, Holder(name, name, "race"), time=at(0), expires=at(60)) == ():
        won.put(name)
    store.close()


def _open(url: str, start: "multiprocessing.Barrier") -> None:  # type: ignore[valid-type]
    start.wait()
    open_store(url).close()


def test_processes_that_open_a_new_store_at_once_all_get_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    openers = [context.Process(target=_open, args=(str(tmp_path / "new.db"), start)) for _ in range(3)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join(60)
    assert [opener.exitcode for opener in openers] == [0] * 3


def test_of_processes_that_come_at_once_exactly_one_gets_the_host(tmp_path):
    url = str(tmp_path / "store.db")
    open_store(url).close()
    context = multiprocessing.get_context("spawn")
    won, start = context.Queue(), context.Barrier(3)
    racers = [context.Process(target=_race, args=(url, f"racer-{n}", won, start)) for n in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert [racer.exitcode for racer in racers] == [0] * 3
    winner = won.get(timeout=5)
    assert won.empty()
    store = open_store(url)
    assert {lease.holder for lease in store.leases.list()} == {winner}
