"""Integration services by GUID on any language, read back, with the guest's own word where it does not answer."""

import pytest
from onboarding_lab import cluster, with_inventory

from harness.core.catalogue import components
from harness.sim.lab import RunningLab

KEYS = [row.key for row in components()]


def playbook(tmp_path, key: str, *, enabled: bool) -> str:
    path = tmp_path / f"{key}-{enabled}.yaml"
    word = "true" if enabled else "false"
    step = f"- integration_service: {{component: {key}, enabled: {word}}}"
    path.write_text(f"version: 1\nname: services\ntargets: [azl]\nsteps:\n  {step}\n")
    return str(path)


def in_german() -> dict:
    """The cluster's nodes in another language: their services have other names."""
    topology = cluster()
    for node in topology["clusters"][0]["nodes"]:
        node["os"] = {**node["os"], "language": "de"}
    return topology


def test_each_of_the_six_is_turned_on_and_off_across_a_cluster(open_cluster, tmp_path):
    with open_cluster(in_german()) as lab:
        state = {}
        for key in KEYS:
            for enabled in (False, True):
                answer = lab.avma("apply", playbook(tmp_path, key, enabled=enabled))
                rows = answer.document["results"]
                assert all(row["state"] == "verified" for row in rows), rows
                vms = [vm for host in lab.get("/state")["hosts"] for vm in host["vms"]]
                state[key, enabled] = {vm["integration_services"][key]["enabled"] for vm in vms}
        assert state == {(key, enabled): {enabled} for key in KEYS for enabled in (False, True)}


def deaf(running: RunningLab) -> None:
    """Data Exchange is off on the host, and the guest's own service is stopped."""
    vm = next(vm for host in running.world.hosts for vm in host.vms if vm.name == "app-a")
    service = vm.service("2A34B1C2-FD73-4043-8A5B-DD2159BC743F")
    service.enabled = service.answering = False


@pytest.mark.parametrize("reachable", [True, False])
def test_a_guest_that_does_not_answer_is_asked_for_its_own_service(open_cluster, tmp_path, reachable):
    with open_cluster(cluster()) as lab:
        address = next(e["address"] for e in lab.thread.document["endpoints"] if e["name"] == "app-a")
        lab.thread.do(deaf)

        def told(document):
            document["guests"] = {"app-a": {"address": address}} if reachable else {}

        on = playbook(tmp_path, "data_exchange", enabled=True)
        (row,) = lab.avma("apply", on, inventory=with_inventory(lab, told)).document["results"]
        assert (row["state"], row["code"]) == ("accepted", "service_not_answering")
        word = "is Stopped (Manual)." if reachable else "could not be asked: "
        assert f"its own service vmickvpexchange {word}" in row["message"]
        assert row["next_step"].endswith("Start-Service vmickvpexchange")
