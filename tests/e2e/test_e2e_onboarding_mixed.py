"""A cluster whose nodes are in every state but the right one: each is named, and each VM knows where it would stay."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
from onboarding_lab import AZURE, blocked, cluster, give_keys, key_states, with_inventory

from harness.sim.lab import RunningLab
from harness.sim.world import NodeState

MIXED = {
    "NODE-A": {"key": "y22-1", "applied_keys": ["y22-1"]},
    "NODE-B": {"key": "y19-2", "applied_keys": ["y19-2"]},
    "NODE-C": {"key": "y22-3", "avma_module": "none"},
    "NODE-D": {"key": None},
    "NODE-E": {"key": "y22-2", "registered": False},
    "NODE-F": {"key": "y25-1", "state": "Down"},
}
GUESTS = [
    {"name": "new", "os": {"release": "2022"}, "key": "avma", "licensed": True},
    {"name": "old", "os": {"release": "2019"}, "key": "avma", "licensed": True},
]


def mixed() -> dict:
    topology = cluster()
    nodes = [{"name": name, "os": AZURE, "guests": []} | told for name, told in MIXED.items()]
    nodes[0]["guests"] = GUESTS
    topology["clusters"][0]["nodes"] = nodes
    return topology


@pytest.fixture
def lab(open_cluster):
    with open_cluster(mixed(), variants={"avma_get_unset": "object"}) as opened:
        yield opened


def test_the_report_says_of_each_node_whether_it_is_covered_and_why(lab):
    document = lab.avma("verify").document
    jsonschema.validate(document, json.loads(Path("harness/report/schemas/verify.json").read_text()))
    (found,) = document["clusters"]
    told = {
        node["name"]: (node["covered"], node["key_version"], (node["cause"] or {}).get("code"))
        for node in found["nodes"]
    }
    assert told == {
        "NODE-A": (True, "2022", None),
        "NODE-B": (True, "2019", None),
        "NODE-C": (False, "2022", "avma_module_missing"),
        "NODE-D": (False, None, "host_key_missing"),
        "NODE-E": (False, "2022", "node_not_registered"),
        "NODE-F": (None, "2025", "cluster_not_covered"),
    }
    assert found["covered"] is False
    assert [cause["code"] for cause in found["causes"]] == ["mixed_key_versions"]
    assert "2019, 2022" in found["causes"][0]["message"]


def test_the_report_says_for_each_vm_on_which_nodes_it_would_stay_activated(lab):
    moves = lab.avma("verify").document["moves"]
    stays = {g["name"]: {cell["node"]: cell["stay"] for cell in g["cells"]} for g in moves["guests"]}
    lapsing = dict.fromkeys(("NODE-C", "NODE-D", "NODE-E"), "lapses")
    assert stays == {
        "new": {"NODE-A": "stays", "NODE-B": "lapses", **lapsing, "NODE-F": "unknown"},
        "old": {"NODE-A": "stays", "NODE-B": "stays", **lapsing, "NODE-F": "unknown"},
    }
    causes = {cell["node"]: cell["code"] for cell in moves["guests"][0]["cells"] if cell["code"]}
    assert causes["NODE-B"] == "host_key_too_old"
    assert set(causes) == {"NODE-B", "NODE-C", "NODE-D", "NODE-E", "NODE-F"}


def test_onboarding_it_sends_nothing_and_names_every_obstacle(lab):
    before = lab.keys()
    answer = lab.avma("onboard", "azl")
    assert key_states(answer) == {}
    assert lab.keys() == before
    assert sorted((item["target"], item["code"]) for item in answer.document["blocked"]) == [
        ("NODE-C", "avma_module_missing"),
        ("NODE-D", "host_key_not_given"),
        ("NODE-E", "node_not_registered"),
        ("NODE-F", "cluster_not_covered"),
        ("NODE-F", "connect_failed"),
    ]
    assert all(item["message"] and item["next_step"] for item in answer.document["blocked"])
    assert answer.code == 3
    assert answer.document["verify"]["clusters"][0]["covered"] is False


@pytest.mark.parametrize("state", ["Paused", "Joining", "Down"])
def test_a_node_that_is_not_up_is_named_and_the_others_get_their_keys(open_cluster, state):
    told = cluster({"NODE-C": {"key": "y22-3", "state": state}})
    with open_cluster(told, variants={"avma_get_unset": "object"}) as lab:
        answer = lab.avma("onboard", "azl")
        assert key_states(answer) == {"node-a": "verified", "node-b": "verified"}
        assert blocked(answer)["node-c"] == "cluster_not_covered"
        assert answer.code == 4
        assert lab.keys()["node-c"] == []
        (found,) = answer.document["verify"]["clusters"]
        assert found["covered"] is False


def joined(running: RunningLab) -> None:
    running.world.host("NODE-C").node_state = NodeState.Up


def test_a_node_that_joins_later_is_the_only_one_touched(open_cluster):
    with open_cluster(cluster({"NODE-C": {"key": "y22-3", "state": "Joining"}})) as lab:
        lab.avma("onboard", "azl")
        lab.thread.do(joined)
        sent = lab.keys()
        answer = lab.avma("onboard", "azl")
        assert key_states(answer) == {"node-c": "verified"}
        assert answer.code == 0
        assert {node: tails for node, tails in lab.keys().items() if node != "node-c"} == {
            node: tails for node, tails in sent.items() if node != "node-c"
        }
        assert answer.document["verify"]["clusters"][0]["covered"] is True


def test_a_cluster_is_covered_once_every_node_has_its_key(open_cluster):
    with open_cluster(cluster()) as lab:
        answer = lab.avma("onboard", "azl")
        (found,) = answer.document["verify"]["clusters"]
        assert found["covered"] is True
        assert {node["key_version"] for node in found["nodes"]} == {"2022"}
        stays = {cell["stay"] for g in answer.document["verify"]["moves"]["guests"] for cell in g["cells"]}
        assert stays == {"stays"}


def test_a_node_that_leaves_touches_no_other(open_cluster):
    with open_cluster(cluster()) as lab:
        lab.avma("onboard", "azl")
        sent, changes = lab.keys(), lab.changes()

        def without(document):
            del document["clusters"]["AZL"]["nodes"]["NODE-C"]

        only_named = lab.avma("onboard", "azl", inventory=with_inventory(lab, without))
        assert blocked(only_named) == {"node-c": "node_not_in_inventory"}, "the cluster still has it"
        lab.thread.do(evicted)
        gone = lab.avma("onboard", "azl", inventory=with_inventory(lab, without))
        assert (gone.code, gone.document["results"], blocked(gone)) == (0, [], {})
        assert gone.document["verify"]["clusters"][0]["covered"] is True
        assert (lab.keys(), lab.changes()) == (sent, changes)


def evicted(running: RunningLab) -> None:
    node = running.world.host("NODE-C")
    node.cluster.nodes.remove(node)


def test_the_first_node_gets_its_key_alone_however_many_follow_at_once(open_cluster, tmp_path):
    playbook = tmp_path / "keys.yaml"
    playbook.write_text("version: 1\nname: keys\ntargets: [azl]\nsteps:\n  - host_key:\n    serial: 3\n")
    with open_cluster(cluster()) as lab:
        wrong = give_keys(lab, {"node-a": "y16-1"}, version="2022")
        stopped = lab.avma("apply", str(playbook), inventory=wrong)
        assert key_states(stopped)["node-b"] == key_states(stopped)["node-c"] == "skipped"
        assert {node: len(tails) for node, tails in lab.keys().items()} == {"node-a": 1, "node-b": 0, "node-c": 0}


def test_the_others_follow_side_by_side(open_cluster, tmp_path):
    playbook = tmp_path / "keys.yaml"
    playbook.write_text("version: 1\nname: keys\ntargets: [azl]\nsteps:\n  - host_key:\n    serial: 3\n")
    with open_cluster(cluster()) as lab:
        assert set(key_states(lab.avma("apply", str(playbook))).values()) == {"verified"}


def test_the_plan_is_shown_once_on_a_terminal_and_in_both_streams_elsewhere(open_cluster):
    """Talk and data are two streams; a person at a terminal sees them as one."""
    with open_cluster(cluster()) as lab:
        lab.avma("onboard", "azl")
        elsewhere = lab.avma("onboard", "azl", "--canary", "app-a", output="text")
        assert [text.count("Planned actions") for text in (elsewhere.out, elsewhere.err)] == [1, 1]
        words = ["onboard", "azl", "--canary", "app-a", "-i", lab.inventory, "--store", lab.store]
        ours, theirs = os.openpty()
        person = subprocess.Popen([sys.executable, "-m", "harness.cli", *words], stdout=theirs, stderr=theirs)
        os.close(theirs)
        assert _read_all(ours).count(b"Planned actions") == 1
        assert person.wait(60) == 0


def _read_all(terminal: int) -> bytes:
    found = b""
    with suppress(OSError), open(terminal, "rb", buffering=0) as screen:  # a terminal without a writer ends in an error
        while piece := screen.read(65536):
            found += piece
    return found
