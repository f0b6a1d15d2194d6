"""Editions over the wire: converted when asked for, restarted, waited for, activated; refusals named, nothing sent."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e_lab import Lab

from harness.sim.lab import LabThread
from harness.sim.topology import parse_topology

TOPOLOGY = """
version: 1
domain: lab.example
start: now
hosts:
  - name: HV1
    os: {release: "2022", edition: Datacenter}
    guests:
      - {name: std, os: {release: "2022", edition: Standard, evaluation: true}, key: evaluation, licensed: true, days_left: 9}
      - {name: dc, os: {release: "2019", edition: Datacenter, evaluation: true}, key: evaluation, licensed: true, days_left: 9}
      - {name: core, os: {release: "2022", edition: Standard, evaluation: true, core: true}, key: evaluation, licensed: true, days_left: 9}
      - {name: controller, os: {release: "2022", edition: Standard, evaluation: true, domain_controller: true}, key: evaluation, licensed: true, days_left: 9}
      - {name: plain, os: {release: "2022", edition: Standard}, key: avma, licensed: true}
"""  # noqa: E501 - a guest stands on one line
PLAYBOOK = """
version: 1
name: editions
steps:
  - edition: {%s}
  - activate:
  - wait_for_activation: {timeout: 60s}
"""


@pytest.fixture
def editions(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    @contextmanager
    def start(**variants: str):
        form = parse_topology(TOPOLOGY, "editions.yaml")
        with LabThread(form, directory=tmp_path / "lab", variants=variants) as thread:
            yield Lab(thread, str(tmp_path / "store.db"), read)

    return start


def playbook(folder: Path, options: str) -> str:
    path = folder / "editions.yaml"
    path.write_text(PLAYBOOK % options)
    return str(path)


def systems(lab: Lab) -> dict[str, tuple[str, bool]]:
    def work(running):
        return {vm.name: (vm.windows.os.edition, vm.windows.os.evaluation) for vm in running.world.vms}

    return lab.thread.do(work)


def test_nothing_is_converted_unless_asked_for(editions, tmp_path):
    with editions() as lab:
        before = systems(lab)
        planned = lab.avma("plan", playbook(tmp_path, ""))
        assert not [a for a in planned.document["actions"] if a["step"] == "edition"]
        assert {b["target"] for b in planned.document["blocked"] if b["step"] == "edition"} == {
            "std", "dc", "core", "controller",
        }  # fmt: skip
        assert lab.changes() == 0
        assert systems(lab) == before


@pytest.mark.slow
@pytest.mark.parametrize("restarts", ["one", "two"])
def test_evaluations_become_what_they_can_and_are_activated(editions, tmp_path, restarts):
    with editions(edition_restarts=restarts) as lab:
        done = lab.avma("apply", playbook(tmp_path, "convert: true"))
        results = {(r["target"], r["step"]): r["state"] for r in done.document["results"]}
        assert results[("std", "edition")] == results[("dc", "edition")] == "verified", done.document["results"]
        blocked = {b["target"]: b["code"] for b in done.document["blocked"] if b["step"] == "edition"}
        assert blocked == {"core": "edition_core_to_datacenter", "controller": "edition_domain_controller"}
        found = systems(lab)
        assert (found["std"], found["dc"]) == (("Standard", False), ("Datacenter", False))
        assert found["core"] == found["controller"] == ("Standard", True)
        verdicts = {g["name"]: g["verdict"] for g in done.document["verify"]["guests"]}
        assert {name for name, verdict in verdicts.items() if verdict == "activated"} == {"std", "dc", "plain"}
        assert lab.avma("plan", playbook(tmp_path, "convert: true")).document["actions"] == []


@pytest.mark.slow
def test_standard_core_becomes_datacenter_core_where_that_is_wanted(editions, tmp_path):
    with editions() as lab:
        done = lab.avma("apply", playbook(tmp_path, "convert: true, to: Datacenter"), "--limit", "HV1")
        states = {r["target"]: r["state"] for r in done.document["results"] if r["step"] == "edition"}
        assert states == {"std": "verified", "dc": "verified", "core": "verified", "plain": "verified"}
        found = systems(lab)
        assert set(found.values()) == {("Datacenter", False), ("Standard", True)}
        assert found["controller"] == ("Standard", True)


@pytest.mark.slow
def test_a_guest_that_is_not_there_in_time_is_told_so_with_what_to_look_at(editions, tmp_path):
    with editions() as lab:
        done = lab.avma("apply", playbook(tmp_path, "convert: true, timeout: 1s"))
        states = {r["target"]: (r["state"], r["code"]) for r in done.document["results"] if r["step"] == "edition"}
        assert set(states.values()) <= {("unknown", "edition_pending"), ("failed", "edition_pending")}
        assert set(states) == {"std", "dc"}
        assert all("dism.log" in r["next_step"] for r in done.document["results"] if r["step"] == "edition")
