"""A key of the wrong edition or release: the guest refuses it, keeps what it has, and the right one is put in."""

import pytest

from harness.core.catalogue import avma_key

REFUSALS = {("2022", "Standard"): "0xC004F069", ("2019", "Datacenter"): "0xC004F050"}
"""What a Datacenter guest of 2022 answers to the AVMA key of that release and edition."""


@pytest.mark.avma(os="2022", edition="Datacenter", licensing="host")
def test_a_key_of_another_edition_or_release_is_refused_and_the_right_one_activates(
    guest, playbook_run, verify, sim_control
):
    for other, code in REFUSALS.items():
        assert sim_control.install_key(guest.name, avma_key(*other).key) == code
    run = playbook_run("activate-guests")
    assert not run.blocked
    found = verify(guest)
    assert (found.verdict, found.channel) == ("activated", "VT:IA")
    for other, code in REFUSALS.items():
        assert sim_control.install_key(guest.name, avma_key(*other).key) == code
    assert verify(guest).verdict == "activated", "a refused key costs nothing"
