"""A cluster with the Windows Server subscription: what each node says, enabling it, waiting for Azure."""

import pytest
from onboarding_lab import blocked, cluster, with_inventory

from harness.sim.variants import REGISTER

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.a-token-of-azure.c2lnbmF0dXJl"
NODES = ("NODE-A", "NODE-B", "NODE-C")


def subscribed(**told: object) -> dict:
    """Three nodes without keys, whose cluster counts on the subscription."""
    nodes = {name: {"key": None, "az_module": True} | told for name in NODES}
    return cluster(nodes, licensing="subscription")


def with_token(lab, account: str = "ops@lab.example") -> str:
    """The lab's inventory with a credential for Azure."""

    def change(document):
        document["credentials"]["azure"] = {"username": account, "password": {"env": "AZURE_TOKEN"}}

    return with_inventory(lab, change)


def commands(lab, name: str) -> dict[str, int]:
    counters = lab.get("/counters")["by_host"]
    return {node: counters[node]["commands"].get(name, 0) for node in NODES}


PROPERTIES = [(p, n) for p in REGISTER["hci_status_property"].choices for n in REGISTER["hci_status_number"].choices]


@pytest.mark.parametrize(("holds", "number"), PROPERTIES)
def test_a_subscription_in_force_is_seen_in_every_form_and_nothing_is_changed(open_cluster, holds, number):
    variants = {"hci_status_property": holds, "hci_status_number": number}
    with open_cluster(subscribed(subscription=True), variants=variants) as lab:
        answer = lab.avma("onboard", "azl")
        assert answer.code == 0, answer.err
        assert blocked(answer) == {}
        assert {row["step"] for row in answer.document["results"]} <= {"guest_key", "activate", "wait_for_activation"}
        assert len(lab.activated()) == 2
        (found,) = answer.document["verify"]["clusters"]
        assert found["covered"] is True
        assert {node["right"] for node in found["nodes"]} == {"subscription"}


def test_one_that_is_not_in_force_is_named_for_each_node_and_left_alone(open_cluster):
    with open_cluster(subscribed()) as lab:
        answer = lab.avma("onboard", "azl")
        told = {item["target"]: item["code"] for item in answer.document["blocked"] if item["step"] == "subscription"}
        assert told == dict.fromkeys(NODES, "subscription_inactive")
        assert commands(lab, "Set-AzStackHCI") == dict.fromkeys(NODES, 0)
        assert answer.code == 7
        assert answer.document["verify"]["clusters"][0]["covered"] is False


def one_node_heard(running) -> None:
    running.world.subscribe(running.world.host("NODE-A"), enabled=True)
    for node in ("NODE-B", "NODE-C"):
        running.world.host(node).subscription.enabled = False


def test_a_node_that_has_not_heard_of_it_yet_is_told_to_sync(open_cluster):
    with open_cluster(subscribed()) as lab:
        lab.thread.do(one_node_heard)
        lab.post("/clock", {"advance": "PT1M"})
        answer = lab.avma("onboard", "azl")
        told = {item["target"]: item for item in answer.document["blocked"] if item["step"] == "subscription"}
        assert {name: item["code"] for name, item in told.items()} == dict.fromkeys(
            ("NODE-B", "NODE-C"), "subscription_not_synced"
        )
        assert told["NODE-B"]["next_step"].startswith("Wait for the next cloud sync, or on NODE-B run: Sync-")
        assert answer.code == 7


def test_with_a_token_it_is_enabled_once_and_every_node_is_waited_for(open_cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_TOKEN", TOKEN)
    with open_cluster(subscribed()) as lab:
        given = with_token(lab)
        plan = lab.avma("plan", "onboard-cluster", "--limit", "azl", inventory=given)
        assert plan.document["actions"] == []
        wish = ("onboard", "azl", "--enable-subscription", "azure")
        answer = lab.avma(*wish, "--report", str(tmp_path / "r"), inventory=given)
        assert answer.code == 0, answer.err
        (row,) = [row for row in answer.document["results"] if row["step"] == "subscription"]
        assert row["state"] == "verified"
        assert row["message"] == "The subscription is in force on NODE-A, NODE-B, NODE-C."
        assert any(line.startswith("NODE-C: Get-VMAutomaticActivation") for line in row["evidence"])
        assert sum(commands(lab, "Set-AzStackHCI").values()) == 1
        assert len(lab.activated()) == 2
        assert answer.document["verify"]["clusters"][0]["covered"] is True
        again = lab.avma(*wish, inventory=given)
        assert again.document["results"] == []
        left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert TOKEN.encode() not in left
        assert TOKEN not in answer.out + answer.err


def test_azure_that_takes_longer_than_the_stated_limit_leaves_it_accepted(open_cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_TOKEN", TOKEN)
    playbook = tmp_path / "subscribe.yaml"
    playbook.write_text(
        "version: 1\nname: subscribe\nsteps:\n  - subscription: {enable: true, credential: azure, timeout: 2s}\n"
    )
    with open_cluster(subscribed()) as lab:
        answer = lab.avma("apply", str(playbook), inventory=with_token(lab))
        (row,) = answer.document["results"]
        assert (row["state"], row["code"]) == ("accepted", "subscription_not_synced")
        assert "after 2 seconds it is not in force on NODE-A, NODE-B, NODE-C" in row["message"]
        assert "Sync-AzureStackHCI" in row["next_step"]
        lab.post("/clock", {"advance": "PT1M"})
        assert lab.avma("apply", str(playbook), inventory=with_token(lab)).document["results"] == []


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"az_module": False}, "subscription_module_missing"),
        ({"connected": False}, "subscription_azure_unreachable"),
        ({"registered": False}, "node_not_registered"),
        ({"avma_module": "1.0"}, "subscription_too_old"),
    ],
    ids=["no module", "no way to Azure", "not registered", "too old"],
)
def test_what_stands_in_the_way_is_told_before_anything_is_sent(open_cluster, monkeypatch, told, code):
    monkeypatch.setenv("AZURE_TOKEN", TOKEN)
    with open_cluster(subscribed(**told)) as lab:
        answer = lab.avma("onboard", "azl", "--enable-subscription", "azure", inventory=with_token(lab))
        found = {item["target"]: item["code"] for item in answer.document["blocked"] if item["step"] == "subscription"}
        assert found == dict.fromkeys(NODES, code)
        assert commands(lab, "Set-AzStackHCI") == dict.fromkeys(NODES, 0)


def test_a_token_that_azure_refuses_is_a_failure_with_its_words(open_cluster, monkeypatch):
    monkeypatch.setenv("AZURE_TOKEN", TOKEN)
    with open_cluster(subscribed()) as lab:
        nobody = with_token(lab, account=" ")
        answer = lab.avma("onboard", "azl", "--enable-subscription", "azure", inventory=nobody)
        rows = [row for row in answer.document["results"] if row["step"] == "subscription"]
        assert [(row["state"], row["code"]) for row in rows] == [("failed", "subscription_refused")], answer.err
        guests = {row["target"]: row["state"] for row in answer.document["results"] if row["step"] == "activate"}
        assert guests == {"app-a": "skipped", "app-b": "skipped"}, "on every node that was to have it"
        assert answer.code == 3


@pytest.mark.parametrize("arrives", [True, False])
def test_a_lost_answer_is_settled_by_what_the_nodes_say(open_cluster, monkeypatch, tmp_path, arrives):
    monkeypatch.setenv("AZURE_TOKEN", TOKEN)
    limit = "20s" if arrives else "1s"
    playbook = tmp_path / "subscribe.yaml"
    step = f"- subscription: {{enable: true, credential: azure, timeout: {limit}}}"
    playbook.write_text(f"version: 1\nname: subscribe\nsteps:\n  {step}\n")
    phase = "after" if arrives else "before"
    fault = {"kind": "reset", "phase": phase, "action": "Set-AzStackHCI", "times": 0}
    with open_cluster(subscribed()) as lab:
        lab.post("/faults", {"faults": [fault]})
        answer = lab.avma("apply", str(playbook), inventory=with_token(lab))
        (row,) = answer.document["results"]
        wanted = ("verified", "") if arrives else ("unknown", "subscription_outcome_unknown")
        assert (row["state"], row["code"]) == wanted
        assert answer.code == (7 if arrives else 8), "the guests have no key yet"
