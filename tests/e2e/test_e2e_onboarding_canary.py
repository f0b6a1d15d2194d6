"""`avma onboard CLUSTER --canary VM`: one named VM visits every node, is activated by each, and comes home."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from onboarding_lab import NODES, cluster, with_inventory

from harness.sim.cmdlets import record
from harness.sim.lab import RunningLab
from harness.sim.machine import TerminatingError
from harness.sim.world import NodeState

MOVE = "Move-ClusterVirtualMachineRole"
_PERMISSION_DENIED = 18
"""System.Management.Automation.ErrorCategory."""
SCHEMA = Path("harness/report/schemas/apply.json")


def legs(answer) -> list[tuple[str, str, str]]:
    """Where each leg led, how it ended, and with which code."""
    rows = [row for row in answer.document["results"] if row["step"] == "canary"]
    return [(row["host"], row["state"], row["code"]) for row in rows]


def moves(lab) -> int:
    counters = lab.get("/counters")["by_host"]
    return sum(counters[node]["commands"].get(MOVE, 0) for node in NODES)


def place(lab, name: str) -> str:
    return next(host["name"] for host in lab.get("/state")["hosts"] for vm in host["vms"] if vm["name"] == name)


def test_the_canary_is_activated_by_every_node_and_comes_home(open_cluster):
    with open_cluster(cluster()) as lab:
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        assert answer.code == 0, answer.err
        schema = json.loads(SCHEMA.read_text())["properties"]["results"]
        jsonschema.validate(answer.document["results"], schema)
        ended = [(node, "verified", "") for node in (*NODES, "NODE-A")]
        assert legs(answer) == ended
        assert place(lab, "app-a") == "NODE-A"
        assert place(lab, "app-b") == "NODE-B"
        assert moves(lab) == 3, "there, there and back; nothing else was moved"
        told = [row["message"] for row in answer.document["results"] if row["step"] == "canary"]
        assert [text.partition(" while")[0] for text in told[:3]] == [
            f"app-a was activated by {node}.lab.example" for node in NODES
        ]
        assert told[3] == "app-a is on NODE-A, where it was before."
        plan = json.loads(lab.avma("report", "last").out)["plan"]
        shown = [(a["before"], a["after"]) for a in plan["actions"] if a["step"] == "canary"]
        assert shown == [("NODE-A", "NODE-A"), ("NODE-A", "NODE-B"), ("NODE-B", "NODE-C"), ("NODE-C", "NODE-A")]
        again = lab.avma("onboard", "azl", "--canary", "app-a")
        assert (again.code, legs(again), place(lab, "app-a")) == (0, ended, "NODE-A")


def test_no_vm_is_moved_without_being_named(open_cluster):
    with open_cluster(cluster()) as lab:
        assert lab.avma("onboard", "azl").code == 0
        assert moves(lab) == 0
        unknown = lab.avma("onboard", "azl", "--canary", "nobody")
        assert unknown.code == 5
        assert "VMs: app-a, app-b" in unknown.err
        assert moves(lab) == 0


@pytest.mark.parametrize("shape", ["boolean", "nothing"])
def test_it_proves_nodes_whose_own_answer_does_not_tell(open_cluster, shape):
    with open_cluster(cluster(), variants={"avma_get_shape": shape}) as lab:
        before = lab.avma("onboard", "azl")
        answer = lab.avma("onboard", "azl", "--canary", "app-b")
        assert {state for _, state, _ in legs(answer)} == {"verified"}
        (found,) = answer.document["verify"]["clusters"]
        assert found["covered"] is True
        assert shape == "boolean" or before.document["verify"]["clusters"][0]["covered"] is None


def after_move_to(node: str, then: Callable[[RunningLab], None]) -> Callable[[RunningLab], None]:
    """Let something happen in the lab as soon as a VM has arrived on that node."""

    def arrange(running: RunningLab) -> None:
        world = running.world
        move = world.move

        def moved(vm, target):
            move(vm, target)
            if target.name == node:
                then(running)

        world.move = moved

    return arrange


def paused(node: str) -> Callable[[RunningLab], None]:
    def pause(running: RunningLab) -> None:
        running.world.host(node).node_state = NodeState.Paused

    return pause


OLDER = {"NODE-C": {"key": "y19-3", "applied_keys": ["y19-3"]}}


def test_a_node_that_does_not_activate_it_is_told_and_the_tour_goes_on(open_cluster):
    nodes = {f"NODE-{n}": {"key": f"y22-{i}", "applied_keys": [f"y22-{i}"]} for i, n in enumerate("AB", start=1)}
    with open_cluster(cluster(nodes | {"NODE-B": OLDER["NODE-C"], "NODE-C": nodes["NODE-B"]})) as lab:
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        assert answer.code == 7
        assert legs(answer) == [
            ("NODE-A", "verified", ""),
            ("NODE-B", "failed", "canary_not_activated"),
            ("NODE-C", "verified", ""),
            ("NODE-A", "verified", ""),
        ]
        (told,) = [row for row in answer.document["results"] if row["code"] == "canary_not_activated"]
        assert told["message"].startswith("app-a was on NODE-B and was not activated by it: 0xC004FD03")
        assert told["next_step"]
        nodes = {n["name"]: n for n in answer.document["verify"]["clusters"][0]["nodes"]}
        assert {name: node["proven"] for name, node in nodes.items()} == {
            "NODE-A": True,
            "NODE-B": False,
            "NODE-C": True,
        }
        assert nodes["NODE-B"]["covered"] is False
        assert nodes["NODE-B"]["cause"]["code"] == "canary_not_activated"
        assert place(lab, "app-a") == "NODE-A"


def test_a_node_that_is_not_covered_is_left_out_and_named(open_cluster, tmp_path):
    with open_cluster(cluster({"NODE-C": {"key": "y22-3", "state": "Paused"}})) as lab:
        answer = lab.avma("onboard", "azl", "--canary", "app-a", "--report", str(tmp_path / "r"))
        assert [leg[0] for leg in legs(answer)] == ["NODE-A", "NODE-B", "NODE-A"]
        told = {(item["target"], item["code"]) for item in answer.document["blocked"]}
        assert ("NODE-C", "canary_node_left_out") in told
        assert answer.code == 4
        shown = lab.avma("report", "last", output="text").out
        page = (tmp_path / "r" / "report.html").read_text()
        assert "not sent" in shown
        assert '<span class="tag not_activated">not covered</span>' in page
        assert "<td>not sent</td>" in page


def test_a_move_that_the_cluster_refuses_ends_the_tour_at_home(open_cluster):
    with open_cluster(cluster()) as lab:
        lab.thread.do(after_move_to("NODE-B", paused("NODE-C")))
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        assert legs(answer)[2:] == [("NODE-C", "failed", "canary_not_moved"), ("NODE-A", "verified", "")]
        assert place(lab, "app-a") == "NODE-A"
        assert answer.code == 3


def refuse_moves(running: RunningLab) -> None:
    """As the cluster does to some network logons."""

    def move(vm, target):
        text = "Access is denied."
        error_id = "Move-ClusterVirtualMachineRole,MoveClusterVirtualMachineRoleCommand"
        raise TerminatingError(record(text, error_id, _PERMISSION_DENIED, hresult=0x80070005))

    running.world.move = move


def test_a_cluster_that_refuses_network_logons_says_which_endpoint_helps(open_cluster):
    with open_cluster(cluster()) as lab:
        lab.thread.do(refuse_moves)
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        assert legs(answer) == [
            ("NODE-A", "verified", ""),
            ("NODE-B", "failed", "canary_not_moved"),
            ("NODE-C", "skipped", "skipped_after_failure"),
            ("NODE-A", "verified", ""),
        ]
        (told,) = [row for row in answer.document["results"] if row["code"] == "canary_not_moved"]
        assert "avma jea --with canary" in told["next_step"]
        assert "credssp" in told["next_step"]


def test_a_canary_that_cannot_come_home_is_told_with_the_command_that_brings_it(open_cluster):
    with open_cluster(cluster()) as lab:
        lab.thread.do(after_move_to("NODE-C", paused("NODE-A")))
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        assert legs(answer)[-1] == ("NODE-A", "failed", "canary_not_home")
        (told,) = [row for row in answer.document["results"] if row["code"] == "canary_not_home"]
        assert "could not be brought back to NODE-A" in told["message"]
        assert f"{MOVE} -VMId {told['vm_id']} -Node NODE-A -MigrationType Live" in told["next_step"]
        assert answer.code == 3


def test_a_controller_that_dies_on_the_way_leaves_a_canary_that_resuming_brings_home(open_cluster):
    with open_cluster(cluster()) as lab:
        assert lab.avma("onboard", "azl").code == 0
        pids: list[int] = []
        lab.thread.do(after_move_to("NODE-B", lambda _: os.kill(pids.pop(), signal.SIGKILL) if pids else None))
        words = ["onboard", "azl", "--canary", "app-a", "-i", lab.inventory, "--store", lab.store]
        dying = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        pids.append(dying.pid)
        assert dying.wait(60) == -signal.SIGKILL
        assert place(lab, "app-a") == "NODE-B"
        resumed = lab.avma("resume", "last")
        assert resumed.code == 0, resumed.err
        assert [leg[:2] for leg in legs(resumed)] == [
            (node, "verified") for node in ("NODE-B", "NODE-A", "NODE-C", "NODE-A")
        ]
        assert place(lab, "app-a") == "NODE-A"


def test_powershell_direct_reaches_it_through_the_node_it_is_on(open_cluster):
    def direct(document):
        document["guest_access"] = [{"match": {"name": "*"}, "via": "direct", "credential": "guest-admin"}]

    with open_cluster(cluster()) as lab:
        answer = lab.avma("onboard", "azl", "--canary", "app-a", inventory=with_inventory(lab, direct))
        assert {state for _, state, _ in legs(answer)} == {"verified"}, answer.document["results"]
        assert answer.code == 0
