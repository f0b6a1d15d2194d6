"""What a lab test leaves behind: its story in one folder, free of secrets, and where it ran in the JUnit report."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

TESTS = """
from pathlib import Path

def test_activation(guest, playbook_run, verify, lab):
    Path("secrets.txt").write_text("\\n".join(p.read_text() for p in Path(lab.lab.path).parent.glob("*-password")))
    playbook_run("activate-guests")
    assert verify(guest).verdict == "activated"
    assert guest.name == "web-a", "to see what a failure shows"
"""


def test_a_test_leaves_its_events_facts_runs_evidence_transcript_and_seed(project):
    project.makepyfile(test_lab=TESTS)
    words = ["--lab-sim", "two.yaml", "--lab-seed", "7", "--lab-artifacts", "kept", "--junitxml", "report.xml"]
    done = project.runpytest_subprocess(*words)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*lab events*", "*web-b: VT:IA, status 1*", "*lab artifacts*", "kept/*web-b*"])

    (folder,) = (project.path / "kept").glob("*web-a*")
    names = {path.name for path in folder.iterdir()}
    assert {"events.ndjson", "transcript.ndjson", "facts-before.json", "facts-after.json", "trial.json"} <= names
    assert licence(folder / "facts-before.json") != "VT:IA"
    assert licence(folder / "facts-after.json") == "VT:IA"
    runs = [json.loads(path.read_text())["command"].split(" (")[0] for path in sorted(folder.glob("run-*.json"))]
    assert runs == ["pytest: facts", "pytest: apply activate-guests", "pytest: verify", "pytest: facts"]
    assert any(path.is_file() for path in (folder / "run-02").rglob("*")), "the raw answers behind the verdict"
    events = [json.loads(line)["event"] for line in (folder / "events.ndjson").read_text().splitlines()]
    assert events.count("RunFinished") == 4
    trial = json.loads((folder / "trial.json").read_text())
    assert (trial["seed"], trial["hosts"], trial["builds"]) == ("7", "HV-A", "HV-A 10.0.20348")

    asked = [json.loads(line) for line in (folder / "transcript.ndjson").read_text().splitlines()]
    shells = [line["asked"] for line in asked if isinstance(line["asked"], str)]
    assert any("slmgr.vbs /ipk YDFWN-MJ9JR-3DYRK-FXXRW-78VHK" in shell.replace('"', "") for shell in shells), shells
    commands = {one["command"] for line in asked if isinstance(line["asked"], list) for s in line["asked"] for one in s}
    assert "Get-VM" in commands

    secrets = (project.path / "secrets.txt").read_text().splitlines()
    assert len(secrets) == 2
    for path in (project.path / "kept").rglob("*"):
        if path.is_file():
            assert not [one for one in secrets if one in path.read_text("utf-8")], path
    assert not [one for one in secrets if one in done.stdout.str()]
    junit(project.path / "report.xml", folder)


def licence(facts: Path) -> str | None:
    """The guest's channel."""
    (guest,) = json.loads(facts.read_text())["guests"]
    found = [record["product_key_channel"] for record in guest["facts"]["licences"] if record["partial_product_key"]]
    return found[0] if found else None


def junit(report: Path, folder: Path) -> None:
    cases = {case.get("name"): case for case in ET.parse(report).iter("testcase")}
    told = {one.get("name"): one.get("value") for one in cases["test_activation[web-a@HV-A]"].iter("property")}
    assert told.pop("inventory").endswith("inventory.yaml")
    assert told == {
        "hosts": "HV-A",
        "builds": "HV-A 10.0.20348",
        "key_versions": "",
        "seed": "7",
        "artifacts": str(folder.relative_to(report.parent)),
    }
