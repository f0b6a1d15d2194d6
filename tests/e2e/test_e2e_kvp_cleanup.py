"""What Data Exchange left in guests that left AVMA: removed where asked for, by WinRM and PowerShell Direct."""

from pathlib import Path

import pytest

GUESTS = """
version: 1
domain: lab.example
start: now
guest_keys:
  mak: {key: FAKE0-GUEST-MAK00-0WN00-00001, channel: mak, release: "2022", edition: Standard}
hosts:
  - name: HV1
    os: {release: "2022", edition: Datacenter}
    guests:
      - {name: left, os: {release: "2022"}, key: avma, licensed: true}
      - {name: inside, os: {release: "2022"}, key: avma, licensed: true, access: direct}
      - {name: stays, os: {release: "2022"}, key: avma, licensed: true}
      - {name: never, os: {release: "2022"}, key: mak, licensed: true}
  - name: HV2
    os: {release: "2022", edition: Datacenter}
"""
PLAYBOOK = """
version: 1
name: leave-avma
steps:
  - kvp_cleanup: {%s}
"""
LEFT = ("HostName", "PhysicalHostName", "PhysicalHostNameFullyQualified")


@pytest.fixture
def playbook(tmp_path: Path):
    def write(options: str = "") -> str:
        path = tmp_path / "leave.yaml"
        path.write_text(PLAYBOOK % options)
        return str(path)

    return write


def leave(lab) -> None:
    """Two guests get a MAK, activated, in place of their AVMA key."""

    def work(running) -> None:
        for vm in running.world.vms:
            if vm.name in {"left", "inside"}:
                running.world.install_key(vm.windows, "FAKE0-GUEST-MAK00-0WN00-00001")
                running.world.activate(vm.windows)

    lab.thread.do(work)


def removed(lab) -> dict[str, list[str]]:
    return lab.thread.do(lambda running: {vm.name: sorted(vm.registry_removed) for vm in running.world.vms})


def test_guests_that_left_avma_lose_their_hosts_names_and_nobody_else_does(open_lab, playbook):
    with open_lab(GUESTS) as lab:
        leave(lab)
        applied = lab.avma("apply", playbook())
        assert {(r["target"], r["state"]) for r in applied.document["results"]} == {
            ("left", "verified"),
            ("inside", "verified"),
        }
        assert removed(lab) == {"left": list(LEFT), "inside": list(LEFT), "stays": [], "never": []}
        assert "writes them again" in applied.document["results"][0]["message"]
        again = lab.avma("apply", playbook())
        assert again.document["results"] == []


def test_a_guest_is_still_known_by_its_id_afterwards(open_lab, playbook):
    with open_lab(GUESTS) as lab:
        leave(lab)
        lab.avma("apply", playbook())
        found = {g["name"]: g["verdict"] for g in lab.avma("verify").document["guests"]}
        assert found == {
            "left": "not_applicable",
            "inside": "not_applicable",
            "stays": "activated",
            "never": "not_applicable",
        }


def test_the_host_writes_them_again_when_the_vm_moves_and_the_next_plan_says_so(open_lab, playbook):
    with open_lab(GUESTS) as lab:
        leave(lab)
        lab.avma("apply", playbook())
        lab.post("/vms/left/move", {"to": "HV2"})
        planned = lab.avma("plan", playbook()).document["actions"]
        assert [(a["target"], a["before"]) for a in planned] == [("left", ", ".join(LEFT))]


def test_a_guest_without_a_trace_is_taken_only_where_that_is_asked_for(open_lab, playbook):
    with open_lab(GUESTS) as lab:
        assert lab.avma("plan", playbook()).document["actions"] == []
        planned = lab.avma("plan", playbook("without_trace: true")).document["actions"]
        assert [a["target"] for a in planned] == ["never"]


def test_planning_it_sends_nothing_that_changes_a_guest(open_lab, playbook):
    with open_lab(GUESTS) as lab:
        leave(lab)
        before = lab.changes()
        assert len(lab.avma("plan", playbook()).document["actions"]) == 2
        assert lab.changes() == before


@pytest.mark.parametrize("strike", ["before", "after"])
def test_a_lost_answer_is_settled_by_reading(open_lab, playbook, strike):
    with open_lab(GUESTS) as lab:
        leave(lab)
        fault = {"kind": "reset", "phase": strike, "action": "Remove-ItemProperty", "machine": "LEFT"}
        lab.post("/faults", {"faults": [fault]})
        applied = lab.avma("apply", playbook())
        assert {r["state"] for r in applied.document["results"]} == {"verified"}
        assert removed(lab)["left"] == list(LEFT)
