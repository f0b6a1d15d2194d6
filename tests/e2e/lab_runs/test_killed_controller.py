"""The controller dies in the middle of a run; `avma resume` ends what it began, and nothing is done twice."""

import json
import subprocess
import sys
import time

import pytest


@pytest.fixture
def avma(lab, tmp_path):
    """`avma` on this lab. Its store is one of its own, since the test holds the hosts' leases in the other."""

    def command(*words):
        return [sys.executable, "-m", "harness.cli", *words, "-i", lab.lab.path, "--store", str(tmp_path / "store.db")]

    return command


def kill_at(event, command):
    """Run it and kill it without a word when it tells of that event; whether it ever did."""
    with subprocess.Popen([*command, "--output", "ndjson"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == event:
                process.kill()
                return True
    return False


def document(command):
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.avma(os="2025", licensing="host")
def test_the_guests_of_a_host_are_activated_after_all(host, lab, avma):
    if not kill_at("ActionFinished", avma("apply", "activate-guests", "--limit", host.name)):
        pytest.skip(f"lab: on {host.name} there is nothing to do that could be interrupted")
    resumed = document(avma("resume", "last"))
    assert {result["state"] for result in resumed["results"]} <= {"verified", "accepted"}
    assert {guest["verdict"] for guest in resumed["verify"]["guests"]} <= {"activated", "not_applicable"}
    assert document(avma("plan", "activate-guests", "--limit", host.name))["actions"] == []


@pytest.mark.avma(licensing="byol")
def test_a_key_that_took_while_the_controller_died_is_not_sent_again(cluster, avma, sim_control):
    def sent():
        hosts = {host["name"]: len(host["keys_applied"]) for host in sim_control.state()["hosts"]}
        return [hosts[node] for node in cluster.nodes]

    sim_control.faults({"kind": "stall", "phase": "after", "action": "Set-VMAutomaticActivation", "seconds": 100})
    with subprocess.Popen(avma("onboard", cluster.name), stdout=subprocess.DEVNULL) as process:
        while not any(sent()):
            assert process.poll() is None, "it ended before it had sent a key"
            time.sleep(0.1)
        process.kill()
    assert sorted(sent()) == [0] * (len(cluster.nodes) - 1) + [1], "the first node has its key, and nobody heard of it"

    sim_control.clear()
    resumed = document(avma("resume", "last"))
    (found,) = resumed["verify"]["clusters"]
    assert found["covered"] is True
    assert sent() == [1] * len(cluster.nodes)
