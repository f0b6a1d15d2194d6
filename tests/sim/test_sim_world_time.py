"""Leases on the virtual clock: renewal, expiry, moves, restarts."""

from datetime import timedelta

import pytest
from sim_world_lab import START, InMemoryLab
from sim_world_topologies import guest, host, lab, node

from harness.sim.world import Licence, Status, VirtualClock, VmState, minutes_left


def activated(variants: dict[str, str] | None = None) -> InMemoryLab:
    found = lab(
        host("HV1", guests=[guest("vm", key="avma")]),
        host("HV2", activated=False),
        host("HV3", "2019"),
        variants=variants,
    )
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.activate(windows)
    return found


def licence(found: InMemoryLab) -> Licence:
    windows = found.vm("vm").windows
    assert windows is not None
    return windows.licence


def left(found: InMemoryLab) -> int:
    return minutes_left(licence(found), found.world.settle())


def test_a_lease_is_seven_days_in_minutes() -> None:
    assert left(activated()) == 10080


@pytest.mark.parametrize(("renewal", "days"), [("half", 3.5), ("last_day", 6), ("daily", 1), ("two_hours", 1 / 12)])
def test_each_renewal_habit_asks_again_in_its_own_time(renewal: str, days: float) -> None:
    found = activated({"renewal": renewal})
    found.advance(days=days, minutes=-1)
    first = licence(found).grant
    found.advance(minutes=2)
    renewed = licence(found).grant
    assert first is not None
    assert renewed is not None
    assert (first.time, renewed.time) == (START, START + timedelta(days=days))


@pytest.mark.parametrize("renewal", ["half", "last_day", "daily", "two_hours"])
def test_a_guest_on_an_activated_host_never_falls_out(renewal: str) -> None:
    found = activated({"renewal": renewal})
    for _ in range(40):
        found.advance(hours=17)
        assert licence(found).licensed


def test_after_the_host_lost_its_licence_the_lease_runs_out_on_the_seventh_day() -> None:
    found = activated({"renewal": "daily"})
    found.world.set_activated(found.host("HV1"), activated=False)
    found.advance(days=7, minutes=-1)
    assert licence(found).licensed
    assert left(found) == 1
    found.advance(minutes=1)
    assert (licence(found).status, licence(found).reason) == (Status.NOTIFICATION, 0xC004F009)


def test_a_guest_that_fell_out_comes_back_when_its_host_is_activated_again() -> None:
    found = activated()
    found.world.set_activated(found.host("HV1"), activated=False)
    found.advance(days=9)
    assert not licence(found).licensed
    found.world.set_activated(found.host("HV1"), activated=True)
    found.advance(days=1)
    assert licence(found).licensed


def test_a_move_takes_the_lease_along_and_shows_only_at_the_next_renewal() -> None:
    found = activated()
    found.world.move(found.vm("vm"), found.host("HV2"))
    assert licence(found).licensed
    grant = licence(found).grant
    assert grant is not None
    assert grant.host == "HV1.lab.example"
    found.advance(days=3, hours=13)
    codes = [event.values[0] for event in found.host("HV2").windows.log.records if event.event_id == 12310]
    assert codes == ["0xC004FD02"]
    found.advance(days=3, hours=12)
    assert not licence(found).licensed


def test_a_move_to_an_older_host_ends_in_a_refusal() -> None:
    found = activated()
    found.world.move(found.vm("vm"), found.host("HV3"))
    found.advance(days=8)
    assert not licence(found).licensed
    codes = {event.values[0] for event in found.host("HV3").windows.log.records if event.event_id == 12310}
    assert codes == {"0xC004FD03"}


def test_a_start_asks_the_host_at_once() -> None:
    found = activated({"after_ipk": "none"})
    found.world.set_state(found.vm("vm"), VmState.Off)
    found.advance(days=8)
    assert not licence(found).licensed
    found.world.set_state(found.vm("vm"), VmState.Running)
    assert left(found) == 10080


def test_restarting_a_host_restarts_its_guests_and_leaves_the_others() -> None:
    found = lab(
        host("HV1", guests=[guest("vm", key="avma"), guest("spare", key="avma", state="off")]),
        host("HV2", guests=[guest("other", key="avma")]),
    )
    found.world.reboot(found.host("HV1"))
    states = {vm.name: (vm.state, vm.windows.licence.licensed) for vm in found.world.vms if vm.windows}
    assert states == {
        "vm": (VmState.Running, True),
        "spare": (VmState.Off, False),
        "other": (VmState.Running, False),
    }


@pytest.mark.parametrize(("after", "minutes"), [("immediate", 0), ("two_minutes", 2), ("none", None)])
def test_after_a_key_was_installed_the_guest_asks_when_the_variant_says(after: str, minutes: int | None) -> None:
    found = lab(host(guests=[guest("vm")]), variants={"after_ipk": after})
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.install_key(windows, "YDFWN-MJ9JR-3DYRK-FXXRW-78VHK")
    assert windows.licence.licensed is (minutes == 0)
    found.advance(minutes=2)
    assert windows.licence.licensed is (minutes is not None)


def test_a_trial_ends_in_notification_with_its_own_code() -> None:
    form = guest("vm", os_evaluation=True, key="evaluation", licensed=True, days_left=10)
    found = lab(host(guests=[form]))
    found.advance(days=10)
    assert (licence(found).status, licence(found).reason) == (Status.NOTIFICATION, 0xC004FC07)


def test_a_kms_client_renews_as_long_as_its_server_answers() -> None:
    found = lab(host(guests=[guest("vm", key="gvlk", kms={"machine": "kms01"})]))
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.activate(windows)
    found.advance(days=170)
    assert left(found) > 170 * 1440
    licence(found).kms.reachable = False
    found.advance(days=181)
    assert not licence(found).licensed


def test_a_lab_begins_with_leases_that_a_host_granted_in_the_past() -> None:
    found = lab(host(guests=[guest("vm", key="avma", licensed=True, days_left=5)]))
    grant = licence(found).grant
    assert grant is not None
    assert grant.time == START - timedelta(days=2)
    assert left(found) == 5 * 1440
    assert [e.event_id for e in found.host("HV1").windows.log.records if e.event_id == 12310] == [12310]


def test_leaving_azure_stops_new_activations_and_keeps_running_ones() -> None:
    found = lab(nodes=(node("N1", subscription=True, guests=[guest("vm", "2025", key="avma")]),))
    windows = found.vm("vm").windows
    assert windows is not None
    found.world.activate(windows)
    found.world.subscribe(found.host("N1"), enabled=False)
    assert windows.licence.licensed
    found.advance(days=7)
    assert not windows.licence.licensed


def test_the_clock_only_moves_forward() -> None:
    clock = VirtualClock(START)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(timedelta(seconds=-1))
