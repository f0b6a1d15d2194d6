"""Three nodes by one command under every unrecorded behaviour of the two cmdlets, each choice by itself."""

import re

import pytest
from onboarding_lab import NODES, blocked, cluster, give_keys, key_states

from harness.sim.variants import REGISTER

CHOICES = [(name, choice) for name, entry in REGISTER.items() if name.startswith("avma_") for choice in entry.choices]
MUTE = {("avma_get_shape", "boolean"), ("avma_get_shape", "nothing")}
"""Answers from which nobody can tell the key: the node then counts as onboarded, but not as proven."""
SET = "Set-VMAutomaticActivation"


def sent(lab) -> dict[str, int]:
    """How often each node was sent a key, by the lab's own count."""
    counters = lab.get("/counters")["by_host"]
    return {name: counters[name]["commands"].get(SET, 0) for name in NODES}


@pytest.mark.gate
@pytest.mark.parametrize(("name", "choice"), CHOICES, ids=[f"{n}={c}" for n, c in CHOICES])
def test_each_node_is_sent_its_key_once_and_ends_in_the_right_state(open_cluster, figure, name, choice):
    with open_cluster(cluster(), variants={name: choice}) as lab:
        answer = lab.avma("onboard", "azl")
        figure("S1", max(sent(lab).values()), "three nodes under each unrecorded behaviour alone")
        assert sent(lab) == dict.fromkeys(NODES, 1)
        assert set(key_states(answer).values()) == {"accepted" if (name, choice) in MUTE else "verified"}
        assert len(lab.activated()) == 2, "both guests, in the lab's own eyes"
        assert answer.code == 0
        for row in answer.document["results"]:
            if row["step"] == "host_key":
                told = [line.partition(":")[0] for line in row["evidence"]]
                assert told == [
                    "Get-VMAutomaticActivation before",
                    f"{SET} output",
                    "Get-VMAutomaticActivation after",
                ]
        assert "FAKE0" not in answer.out + answer.err
        again = lab.avma("onboard", "azl")
        assert again.document["results"] == []
        assert sent(lab) == dict.fromkeys(NODES, 1)


@pytest.mark.parametrize("validation", REGISTER["avma_set_validation"].choices)
@pytest.mark.parametrize("failure", REGISTER["avma_set_failure"].choices)
@pytest.mark.parametrize("unset", REGISTER["avma_get_unset"].choices)
def test_a_refused_key_is_failed_on_proof_and_locked_without(open_cluster, failure, unset, validation):
    variants = {"avma_set_failure": failure, "avma_get_unset": unset, "avma_set_validation": validation}
    readable = unset == "object"
    with open_cluster(cluster(), variants=variants) as lab:
        wrong = give_keys(lab, {"node-a": "y16-1"}, version="2022")
        answer = lab.avma("onboard", "azl", inventory=wrong)
        assert key_states(answer) == {
            "node-a": "failed" if readable else "unknown",
            "node-b": "skipped",
            "node-c": "skipped",
        }
        assert sent(lab) == {"NODE-A": 1, "NODE-B": 0, "NODE-C": 0}, "the first failure stops the rest"
        told = next(row for row in answer.document["results"] if row["target"].casefold() == "node-a")
        assert told["message"]
        assert told["next_step"]
        assert any("0xC004F210" in line for line in told["evidence"])
        right = lab.avma("onboard", "azl")
        assert sent(lab)["NODE-A"] == (2 if readable else 1)
        assert (blocked(right) == {}) is readable
        assert right.code == (0 if readable else 8)
        assert {node: len(lab.keys()[node]) for node in ("node-b", "node-c")} == {"node-b": 1, "node-c": 1}
        resumed = lab.avma("resume", "last", "--attest-no-key", "NODE-A")
        assert resumed.code == 0, resumed.err
        assert sent(lab)["NODE-A"] == 2
        assert len(lab.activated()) == 2


@pytest.mark.parametrize("arrives", [True, False])
def test_a_key_that_no_reading_settles_is_settled_by_the_very_command_that_was_told(open_cluster, arrives):
    """The answer is lost and Get-VMAutomaticActivation never says a word: only a person can look."""
    mute = {"avma_get_shape": "nothing", "avma_get_unset": "nothing"}
    with open_cluster(cluster(), variants=mute) as lab:
        phase = "after" if arrives else "before"
        lab.post("/faults", {"faults": [{"kind": "reset", "phase": phase, "machine": "NODE-A", "action": SET}]})
        lost = lab.avma("onboard", "azl")
        assert key_states(lost) == {"node-a": "unknown", "node-b": "skipped", "node-c": "skipped"}
        lab.post("/faults", {"faults": []})
        resumed = lab.avma("resume", "last")
        assert key_states(resumed) == {"node-b": "accepted", "node-c": "accepted"}
        assert resumed.code == 8
        (told,) = [item for item in resumed.document["blocked"] if item["code"] == "host_key_unsettled"]
        assert "no key is sent there. Other nodes are not held up." in told["message"]
        option = "--attest-key" if arrives else "--attest-no-key"
        command = re.search(rf"avma (resume \S+ {option} NODE-A)", told["next_step"])
        assert command is not None, told["next_step"]
        assert lab.avma("resume", "last", option, "NODE-X").code == 5
        done = lab.avma(*command[1].split())
        assert done.code == 0, done.document["blocked"]
        assert sent(lab) == dict.fromkeys(NODES, 1)
        assert {node: len(tails) for node, tails in lab.keys().items()} == dict.fromkeys(lab.keys(), 1)
        entries = lab.avma("ledger").document["entries"]
        assert any(" attests that the key ...22001 is " in entry["message"] for entry in entries)
