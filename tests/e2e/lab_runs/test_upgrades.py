"""Rolling upgrades and a guest's own upgrade: each step ends as `avma preflight` foretold."""

import pytest

from harness.core.errors import InputError


def as_foretold(lab, forecast, state):
    """What `avma moves` sees now is what was said of the state after that many steps."""
    told = {
        (guest.name, span.node): span.stay
        for guest in forecast.guests
        for span in guest.spans
        if span.first <= state <= span.last
    }
    seen = {(guest.name, cell.node): cell.stay for guest in lab.moves().guests for cell in guest.cells}
    assert seen == told


def roll(lab, playbook_run, sim_control, to):
    """Host after host in the order proposed, then the guests with their keys swapped."""
    forecast = lab.preflight(to)
    assert not [finding for finding in forecast.findings if finding.rank == "blocker"], forecast.findings
    (pool,) = forecast.pools
    as_foretold(lab, forecast, 0)
    *hosts, guests = pool.steps
    for step in hosts:
        sim_control.upgrade_host(step.node, step.release)
        as_foretold(lab, forecast, step.number)
    assert guests.node is None
    for guest in forecast.guests:
        assert [step.when for step in guest.swap] == ["before", "during", "after"]
        sim_control.upgrade_guest(guest.name, to, guest.swap[1].key)
    found = playbook_run("activate-guests").verify
    assert {host.os_version for host in found.hosts} == {to}
    assert {(guest.os_version, guest.verdict.value) for guest in found.guests} == {(to, "activated")}
    sim_control.advance("P8D")
    assert {guest.verdict for guest in playbook_run("verify-only").verify.guests} == {"activated"}


@pytest.mark.avma(os="2019", licensing="host", nodes=2)
def test_a_cluster_goes_from_2019_to_2022_as_foretold(cluster, lab, playbook_run, sim_control):
    roll(lab, playbook_run, sim_control, "2022")


@pytest.mark.avma(os="2022", licensing="host", nodes=2)
def test_a_cluster_goes_from_2022_to_2025_as_foretold(cluster, lab, playbook_run, sim_control):
    roll(lab, playbook_run, sim_control, "2025")


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_guest_goes_to_2025_with_its_keys_swapped(guest, lab, playbook_run, verify, sim_control):
    playbook_run("activate-guests")
    (told,) = lab.preflight("2025").guests
    before, during, after = told.swap
    assert before.key.endswith(told.key_before)

    with pytest.raises(InputError, match="AVMA key"):
        sim_control.upgrade_guest(guest.name, "2025", after.key)
    sim_control.upgrade_guest(guest.name, "2025", during.key)
    sim_control.advance("PT1H")
    between = verify(guest)
    assert (between.os_version, between.channel) == ("2025", "Volume:GVLK")
    assert between.verdict != "activated"

    playbook_run("activate-guests")
    found = verify(guest)
    assert (found.os_version, found.channel, found.verdict) == ("2025", "VT:IA", "activated")


def test_a_forecast_begins_with_what_is_true_now(cluster, lab):
    """On every lab: before anybody trusts what is said of later steps, the first must be right."""
    as_foretold(lab, lab.preflight("2025"), 0)
