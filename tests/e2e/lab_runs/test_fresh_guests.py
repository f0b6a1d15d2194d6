"""A fresh guest of each release and edition is activated by its host, and the witnesses agree.

Runs for every guest of a lab, simulated or real. A guest that is licensed by another method is left alone.
"""

import pytest

from harness.core.catalogue import keys

SHARED = {"1709", "1803", "1809", "1903", "1909"}
"""Releases that share the key of 2016 or 2019."""
PUBLISHED = {(key.release, key.edition) for key in keys("AVMA") if key.release not in SHARED}


@pytest.mark.avma(licensing=["host", "subscription"])
def test_a_fresh_guest_is_activated_and_a_second_run_changes_nothing(guest, playbook_run):
    run = playbook_run("activate-guests")
    (found,) = run.verify.guests
    if found.verdict == "not_applicable":
        pytest.skip(f"lab: {guest.name} is licensed by another method: {found.channel}")
    assert {result.state for result in run.results} <= {"verified", "accepted"}
    assert (found.verdict, found.channel) == ("activated", "VT:IA"), found.reasons
    assert 0 < found.expires_minutes <= 7 * 24 * 60
    assert all(witness.agrees is not False for witness in found.witnesses)
    assert playbook_run("activate-guests").results == ()


def test_the_lab_has_a_guest_of_each_release_and_edition_that_has_a_key(lab):
    there = {(guest.os_version, guest.edition) for guest in lab.survey.guests}
    missing = sorted(" ".join(pair) for pair in PUBLISHED - there)
    if missing:
        pytest.skip(f"lab: it has no guest of {', '.join(missing)}")
