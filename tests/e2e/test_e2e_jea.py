"""The whole job through a least-privilege endpoint: by the lab's own role, and by the role that `avma jea` writes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from e2e_lab import SMALL, Lab, wrong_verdicts
from ruamel.yaml import YAML

from harness.cli import main
from harness.sim.jea import parse_role, role_text
from harness.sim.lab import LabThread
from harness.sim.topology import Topology, read_topology
from harness.windows.endpoint import host_grants

USER = {"username": "avma-narrow", "password": "Narrow-1", "administrator": False, "remote": False}


def narrow(role: str) -> Topology:
    """The small lab whose hosts have one user who can do nothing but open one endpoint."""
    document = YAML(typ="safe").load(SMALL.read_text())
    nodes = [node for cluster in document["clusters"] for node in cluster["nodes"]]
    endpoint = {"name": "AvmaHarness", "role": role, "users": [USER["username"]]}
    for host in (*document["hosts"], *nodes):
        host |= {"users": [USER], "session_configurations": [endpoint], "configuration": "AvmaHarness"}
    return read_topology(document, "narrow.yaml")


def as_the_user(thread: LabThread) -> None:
    """Let the lab's inventory name the user instead of the administrator."""
    inventory = Path(thread.document["inventory"])
    text, changed = re.subn(r"(lab-admin:\n\s+username: )\S+", r"\1avma-narrow", inventory.read_text())
    assert changed == 1
    inventory.write_text(text)
    (inventory.parent / "host-password").write_text(USER["password"])


@pytest.mark.parametrize("source", ["lab", "harness"])
def test_the_main_job_needs_no_more_than_the_endpoint(capsys, tmp_path, source):
    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    playbook = tmp_path / "services.yaml"
    playbook.write_text(
        "version: 1\nname: off\nsteps:\n  - integration_service: {component: time_synchronization, enabled: false}\n"
    )
    main(["jea", "--directory", str(tmp_path)])
    written = tmp_path / "AvmaHarness" / "RoleCapabilities" / "AvmaHarness.psrc"
    role = str(written) if source == "harness" else "AvmaHarness"
    with LabThread(narrow(role), directory=tmp_path / "lab") as thread:
        as_the_user(thread)
        lab = Lab(thread, str(tmp_path / "store.db"), read)
        hosts = lab.avma("facts").document["hosts"]
        for host in hosts:
            cluster = {"cluster", "nodes", "groups"} if host["name"].casefold() == "hv-one" else set()
            azure = {"registration", "subscription", "activation"} if cluster else set()
            bad = {name for name, state in host["facts"]["parts"].items() if not state["ok"]}
            assert bad == cluster | azure, host["facts"]["parts"]
        onboarded = lab.avma("onboard", "azl")
        assert {r["state"] for r in onboarded.document["results"]} == {"verified"}
        applied = lab.avma("apply", "activate-guests")
        services = lab.avma("apply", str(playbook)).document["results"]
        assert {r["state"] for r in services} == {"verified"}
        verdict = lab.avma("verify")
        assert wrong_verdicts(lab, verdict.document) == ([], [])
        activated = {g["name"] for g in verdict.document["guests"] if g["verdict"] == "activated"}
        assert activated == {"web", "files", "app-a", "app-b"}, applied.document["verify"]["guests"]
        assert all(len(tails) == 1 for name, tails in lab.keys().items() if name.startswith("node"))
        counted = {name: machine["commands"] for name, machine in lab.get("/counters")["by_host"].items()}
        hosts = {name: counted[name] for name in ("HV-ONE", "NODE-A", "NODE-B", "NODE-C")}
        # PowerShell Direct is script text: on each round the one guest that has no other way in is refused
        assert {name for name, found in hosts.items() if found.get("(script)")} <= {"HV-ONE"}
        assert not any("slmgr" in command or command.endswith(".exe") for found in hosts.values() for command in found)


def test_the_labs_own_role_and_the_harness_agree():
    """Two lists by two hands: the same commands and parameters, and the lab's rules let each constant through."""
    role = parse_role(role_text("AvmaHarness"))
    lab = {visible.name: visible for visible in role.commands}
    grants = {grant.name: grant for grant in host_grants()}
    assert lab.keys() == grants.keys()
    assert {visible.name for visible in role.functions} == {name for name, grant in grants.items() if grant.function}
    for name, grant in grants.items():
        rules = {rule.name: rule for rule in lab[name].parameters or ()}
        assert rules.keys() == {one.name for one in grant.parameters or ()}, name
        for one in grant.parameters or ():
            rule = rules[one.name]
            for value in one.values or ():
                fits = re.fullmatch("|".join(rule.patterns), value) if rule.patterns else value in rule.choices
                assert fits or not (rule.patterns or rule.choices), (name, one.name, value)


def test_the_written_role_reads_back_as_it_was_granted(capsys, tmp_path):
    assert main(["jea", "--directory", str(tmp_path), "--group", r"LAB\O'Brien's", "--output", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads(Path("harness/report/schemas/jea.json").read_text()))
    assert all((tmp_path / name).is_file() for name in document["files"])
    role = parse_role((tmp_path / "AvmaHarness" / "RoleCapabilities" / "AvmaHarness.psrc").read_text())
    read = {visible.name: visible.parameters for visible in role.commands}
    granted = {grant.name: grant.parameters for grant in host_grants()}
    assert {n: p and [(r.name, r.choices) for r in p] for n, p in read.items()} == {
        n: p and [(one.name, one.values or ()) for one in p] for n, p in granted.items()
    }
    configuration = (tmp_path / "AvmaHarness.pssc").read_text()
    assert r"'LAB\O''Brien''s'" in configuration
    assert "RunAsVirtualAccount = $true" in configuration


def test_a_managed_account_takes_the_virtual_ones_place(tmp_path, capsys):
    assert main(["jea", "--directory", str(tmp_path), "--gmsa", "LAB\\avma$"]) == 0
    configuration = (tmp_path / "AvmaHarness.pssc").read_text()
    assert "GroupManagedServiceAccount = 'LAB\\avma$'" in configuration
    assert "RunAsVirtualAccount" not in configuration


def test_a_folder_that_cannot_be_written_is_invalid_input(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["jea", "--directory", str(tmp_path / "file")]) == 5


@pytest.mark.parametrize("extras", [(), ("canary", "subscription")], ids=["without", "with"])
def test_what_only_some_need_is_let_through_only_on_request(capsys, tmp_path, extras):
    words = [word for extra in extras for word in ("--with", extra)]
    assert main(["jea", "--directory", str(tmp_path), *words, "--output", "json"]) == 0
    shown = {row["name"] for row in json.loads(capsys.readouterr().out)["commands"]}
    assert {"Move-ClusterVirtualMachineRole", "Set-AzStackHCI"} & shown == (
        {"Move-ClusterVirtualMachineRole", "Set-AzStackHCI"} if extras else set()
    )
    assert main(["jea", "--directory", str(tmp_path), "--with", "everything"]) == 5
    role = str(tmp_path / "AvmaHarness" / "RoleCapabilities" / "AvmaHarness.psrc")

    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    with LabThread(narrow(role), directory=tmp_path / "lab") as thread:
        as_the_user(thread)
        lab = Lab(thread, str(tmp_path / "store.db"), read)
        answer = lab.avma("onboard", "azl", "--canary", "app-a")
        legs = [row for row in answer.document["results"] if row["step"] == "canary"]
        if extras:
            assert {row["state"] for row in legs} == {"verified"}, legs
            assert answer.code == 0
        else:
            missed = next(row for row in legs if row["state"] == "failed")
            assert "avma jea --with canary" in missed["next_step"]
            assert answer.code == 3
        hosts = {name: found["commands"] for name, found in lab.get("/counters")["by_host"].items() if "NODE" in name}
        assert not any(commands.get("(script)") for commands in hosts.values())
