"""Data Exchange off and on again: what AVMA makes of it, at once and a week later.

Without Data Exchange a host does not know its guest's address either: unless the inventory has it, nobody can look
inside until it is on again, and the verdict is unknown, with that reason.
"""

import pytest


def codes(verdict):
    return {reason.code for reason in verdict.reasons}


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_it_is_switched_off_and_on_and_a_running_activation_survives_that(guest, playbook_run, verify):
    playbook_run("activate-guests")
    try:
        off = playbook_run("data-exchange-off.yaml")
        assert {result.state for result in off.results} == {"verified"}
        found = verify(guest)
        assert "data_exchange_off" in codes(found)
        assert found.verdict in {"activated", "unknown"}, "the lease runs on, as far as anybody can look inside"
    finally:
        on = playbook_run("data-exchange-on.yaml")
    assert {result.state for result in on.results} == {"verified"}
    found = verify(guest)
    assert (found.verdict, codes(found)) == ("activated", set())


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_week_without_it_ends_the_activation_and_with_it_the_guest_is_back(guest, playbook_run, verify, sim_control):
    playbook_run("activate-guests")
    playbook_run("data-exchange-off.yaml")
    sim_control.advance("P8D")
    assert "data_exchange_off" in codes(verify(guest))
    playbook_run("data-exchange-on.yaml")
    assert verify(guest).verdict == "not_activated", "it lapsed, and has not asked again yet"
    playbook_run("activate-guests")
    assert verify(guest).verdict == "activated"
