"""A host loses its own activation: its guests last until their seven days are over and no longer. And who was away."""

import pytest


def codes(verdict):
    return {reason.code for reason in verdict.reasons}


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_guest_outlives_its_hosts_activation_until_day_seven(guest, host, playbook_run, verify, sim_control):
    playbook_run("activate-guests")
    sim_control.deactivate(host.name)
    for day in range(1, 7):
        sim_control.advance("P1D")
        found = verify(guest)
        assert found.verdict == "activated", f"day {day}: {found.reasons}"
        assert found.expires_minutes <= (7 - day) * 24 * 60
    assert codes(found) == {"will_lapse"}
    assert f"{host.name} is not activated itself" in found.reasons[0].message
    sim_control.advance("P1D")
    over = verify(guest)
    assert over.verdict == "not_activated"
    assert "host_not_activated" in codes(over)
    blocked = playbook_run("activate-guests").blocked
    assert "host_not_activated" in {one.code for one in blocked}

    sim_control.activate(host.name)
    playbook_run("activate-guests")
    assert verify(guest).verdict == "activated"


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_guest_that_was_off_for_a_week_is_renewed_when_it_starts(guest, playbook_run, verify, sim_control):
    playbook_run("activate-guests")
    first = verify(guest)
    sim_control.stop(guest.name)
    sim_control.advance("P8D")
    away = verify(guest)
    assert (away.verdict, codes(away)) == ("unknown", {"guest_off"})
    sim_control.start(guest.name)
    back = verify(guest)
    assert back.verdict == "activated"
    assert back.granted_at > first.granted_at


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_host_that_was_away_for_a_week_renews_its_guests_afterwards(guest, host, playbook_run, verify, sim_control):
    playbook_run("activate-guests")
    first = verify(guest)
    sim_control.advance("P8D")
    sim_control.reboot(host.name)
    back = verify(guest)
    assert (back.verdict, back.host) == ("activated", host.name)
    assert back.granted_at > first.granted_at
