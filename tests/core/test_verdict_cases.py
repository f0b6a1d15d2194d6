"""The verdict on guests and hosts, case by case: tests/cases/verdict/*.yaml."""

from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, load

from harness.core.verdict import judge

CASES = load("verdict")


@pytest.mark.parametrize(("sentence", "case"), CASES, ids=[sentence for sentence, _ in CASES])
def test_the_verdict_of_each_case_is_as_written(sentence: str, case: dict[str, Any]) -> None:
    verdict = judge(fabric_of(case), NOW, inventory_of(case))
    guests = {guest.name: guest for guest in verdict.guests}
    hosts = {host.name: host for host in verdict.hosts}
    for name, told in case.get("expect", {}).items():
        guest = guests[name]
        found = {
            "verdict": guest.verdict.value,
            "reasons": [reason.code for reason in guest.reasons],
            "agrees": {w.name.value: w.agrees for w in guest.witnesses},
            "expires": guest.expires_minutes,
            "by": guest.granted_by,
            "channel": guest.channel,
            "os_version": guest.os_version,
            "edition": guest.edition,
        }
        wanted = {key: value for key, value in told.items() if key in found}
        shown = {key: found[key] for key in wanted}
        if "agrees" in wanted:
            shown["agrees"] = {name: found["agrees"][name] for name in wanted["agrees"]}
        assert shown == wanted, guest
        assert [w.name.value for w in guest.witnesses] == [
            "cim",
            "slmgr_dlv",
            "guest_event_12309",
            "host_event_12310",
            "kvp",
        ]
        text = " ".join(f"{r.message} {r.next_step}" for r in guest.reasons)
        text += " ".join(w.says for w in guest.witnesses)
        for piece in told.get("says", []):
            assert piece in text
        assert set(told) <= {*found, "says"}
    for name, told in case.get("expect_hosts", {}).items():
        host = hosts[name]
        assert (host.avma_ready, [reason.code for reason in host.reasons]) == (told["ready"], told.get("reasons", []))
    assert case.get("expect") or case.get("expect_hosts"), "a case that expects nothing cannot fail"


def test_there_are_at_least_sixty_cases_each_with_its_own_sentence() -> None:
    sentences = [sentence for sentence, _ in CASES]
    assert len(sentences) >= 60
    assert len(set(sentences)) == len(sentences)
