"""Live migration to a node that activates the guest and to one that does not; and what `avma moves` says of here."""

from datetime import datetime, timedelta

import pytest


def codes(verdict):
    return {reason.code for reason in verdict.reasons}


@pytest.fixture
def row(lab):
    """A guest that stays activated on another node of its cluster, and lapses on a third."""
    for guest in lab.moves().guests:
        elsewhere = {cell.stay.value for cell in guest.cells if not cell.here}
        if {"stays", "lapses"} <= elsewhere:
            return guest
    pytest.skip("lab: no guest of this cluster stays activated on one other node and lapses on another")


def cell(guest, stay):
    return next(cell for cell in guest.cells if cell.stay == stay and not cell.here)


@pytest.mark.avma(licensing="host", nodes=3)
def test_a_guest_that_moves_to_a_covered_node_is_renewed_there(cluster, row, verify, sim_control):
    sim_control.move(row.name, to=cell(row, "stays").node)
    sim_control.advance("P8D")
    found = verify(row.name)
    assert (found.verdict, found.host) == ("activated", cell(row, "stays").node)
    assert found.host in cluster.nodes


@pytest.mark.avma(licensing="host", nodes=3)
def test_a_guest_that_moves_to_an_uncovered_node_lasts_until_the_minute_foretold(cluster, row, verify, sim_control):
    there = cell(row, "lapses")
    sim_control.move(row.name, to=there.node)
    left = datetime.fromisoformat(there.until) - datetime.fromisoformat(sim_control.state()["now"])
    sim_control.advance(f"PT{left / timedelta(minutes=1) - 10:.0f}M")
    found = verify(row.name)
    assert (found.verdict, found.host) == ("activated", there.node)
    assert codes(found) == {"will_lapse"}
    assert there.message in found.reasons[0].message
    sim_control.advance("PT20M")
    assert verify(row.name).verdict == "not_activated"

    sim_control.move(row.name, to=cell(row, "stays").node)
    sim_control.advance("P1D")
    assert verify(row.name).verdict == "activated", "it asked again by itself"


ALLOWED = {
    "activated": {"stays", "lapses", "unknown"},
    "not_activated": {"activates", "never", "unaffected", "unknown"},
    "not_applicable": {"unaffected"},
    "unknown": {"unknown", "unaffected"},
}


def test_what_moves_says_of_the_present_nodes_is_what_verify_says(cluster, lab, playbook_run):
    verdicts = {guest.vm_id: guest.verdict for guest in playbook_run("verify-only").verify.guests}
    for guest in lab.moves().guests:
        here = next(cell for cell in guest.cells if cell.here)
        assert here.stay in ALLOWED[verdicts[guest.vm_id]], guest.name
