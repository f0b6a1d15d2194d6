"""Histories out of events: whose an event is, what it tells, and when a lease had run out."""

from datetime import UTC, datetime, timedelta

import pytest

from harness.core.usage import LEASE, GuestSeen, Observation, Outcome, history_of, owners_of

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, STRANGE, SKU = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000000" for n in "1239")


def guest(vm_id: str, name: str, *, fqdn: str | None = None, gone: datetime | None = None) -> GuestSeen:
    return GuestSeen(vm_id, name, "hv1", fqdn, None, "running", (), START, START, gone)


def event(days: float, *, host: str = "hv1", hresult: int | None = 0, guids=(ONE,), names=(), record: int = 1):
    return Observation(host, record, START + timedelta(days=days), hresult, "", tuple(guids), tuple(names))


def history(events: list[Observation], guests: list[GuestSeen], days: float) -> dict:
    owners = owners_of(events, guests, ["hv1", "hv2.lab.example"])
    return {g.vm_id: g for g in history_of(events, owners, guests, START + timedelta(days=days))}


@pytest.mark.parametrize(
    ("guids", "names", "owner"),
    [
        ((ONE,), (), (ONE, "vm_id")),
        ((ONE.upper(),), (), (ONE, "vm_id")),
        ((ONE, SKU), (), (ONE, "vm_id")),
        ((ONE, TWO), (), None),
        ((), ("WEB",), (ONE, "name")),
        ((), ("web.lab.example",), (ONE, "name")),
        ((), ("web", "files"), None),
        ((), ("twin",), None),
        ((), ("hv1",), None),
        ((), ("hv2",), None),
        ((STRANGE,), (), (STRANGE, "unlisted_id")),
        ((STRANGE,), ("web",), (ONE, "name")),
        ((STRANGE, SKU), (), None),
        ((), (), None),
    ],
)
def test_an_event_belongs_to_whom_it_can_only_belong_to(guids, names, owner):
    guests = [
        guest(ONE, "web", fqdn="web.lab.example"),
        guest(TWO, "files"),
        guest("4" * 8, "twin"),
        guest("5" * 8, "twin"),
        guest("6" * 8, "hv1"),
        guest("7" * 8, "x", fqdn="hv2.lab.example"),
    ]
    (found,) = owners_of([event(0, guids=guids, names=names)], guests, ["hv1", "hv2.lab.example"])
    assert (None if found is None else (found.vm_id, found.by)) == owner


def test_an_id_beside_those_of_known_vms_is_no_vm():
    events = [event(0, guids=(ONE, SKU)), event(1, guids=(SKU,))]
    assert [owner and owner.vm_id for owner in owners_of(events, [guest(ONE, "web")], [])] == [ONE, None]


def test_outcomes_tell_first_renewed_lapsed_and_refused():
    events = [
        event(0),
        event(3.5),
        event(10.5),
        event(12, hresult=0xC004FD02),
        event(18, host="hv2"),
        event(19, hresult=None),
    ]
    found = history(events, [guest(ONE, "web")], 20)[ONE]
    assert [entry.outcome for entry in found.entries] == [
        Outcome.ACTIVATED,
        Outcome.RENEWED,
        Outcome.RENEWED,
        Outcome.REFUSED,
        Outcome.REACTIVATED,
        Outcome.UNREADABLE,
    ]
    assert [entry.moved for entry in found.entries] == [False, False, False, False, True, False]
    (lapse,) = found.lapses
    assert (lapse.since, lapse.until) == (START + timedelta(days=17.5), START + timedelta(days=18))
    assert found.hosts == ("hv1", "hv2")
    assert found.lease_ends == START + timedelta(days=25)


def test_the_order_of_reading_does_not_matter():
    events = [event(days, record=n) for n, days in enumerate((0, 3, 9, 17, 20))]
    forward, backward = (history(part, [guest(ONE, "web")], 21) for part in (events, events[::-1]))
    assert forward == backward


@pytest.mark.parametrize(("days", "lapses"), [(6.9, 0), (7, 0), (7.1, 1)])
def test_a_lease_that_ran_out_is_a_renewal_missed_for_a_guest_that_is_still_there(days, lapses):
    found = history([event(0)], [guest(ONE, "web")], days)[ONE]
    assert len(found.lapses) == lapses
    assert all(lapse.until is None and lapse.since == START + LEASE for lapse in found.lapses)


def test_a_guest_that_is_gone_misses_no_renewal():
    gone = guest(ONE, "web", gone=START + timedelta(days=3))
    assert history([event(0)], [gone], 90)[ONE].lapses == ()


def test_a_guest_without_events_has_an_empty_history():
    found = history([], [guest(ONE, "web")], 5)[ONE]
    assert (found.entries, found.lapses, found.lease_ends) == ((), (), None)


def test_an_activation_of_a_vm_that_no_host_ever_listed_is_kept():
    found = history([event(0, guids=(STRANGE,))], [guest(ONE, "web")], 1)
    assert found[STRANGE].seen is None
    assert len(found[STRANGE].successes) == 1
