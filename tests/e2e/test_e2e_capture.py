"""`avma capture` over the wire: never wrong about a variant, never a change, and what it wrote can be played back."""

import json
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from harness.cli import main
from harness.cli._capture_file import captured_variants
from harness.core.catalogue import avma_key
from harness.sim.lab import LabThread
from harness.sim.topology import load_topology
from harness.sim.variants import REGISTER, Variants
from harness.sim.world import LicensingError
from harness.windows.capture import QUESTIONS
from harness.windows.capture._questions import _CHANGES

SCHEMA = json.loads(Path("harness/report/schemas/capture.json").read_text())
AZURE = 'os: {family: azure, release: "23H2", edition: Azure Stack HCI, core: true}'
AZURE_EDITION = 'os: {release: "2022", edition: "Datacenter: Azure Edition"}'

WORLD = f"""
version: 1
name: rich
start: now
host_keys:
  key-a: {{key: FAKE0-SMALL-AZL22-N0DE1-0A1LS, kind: retail, version: "2022"}}
  key-b: {{key: FAKE0-SMALL-AZL25-N0DE2-0B1LS, kind: retail, version: "2025"}}
hosts:
  - name: HV-2025
    method: mak
    os: {{release: "2025", edition: Datacenter}}
    guests:
      - {{name: old, os: {{release: "2012 R2"}}}}
      - {{name: web, os: {{release: "2022", language: de}}}}
      - {{name: azure-on-server, {AZURE_EDITION}}}
      - {{name: mute, os: {{release: "2022"}}, data_exchange: "off"}}
      - {{name: keyless, os: {{release: "2022"}}}}
      - {{name: patient, os: {{release: "2022"}}}}
  - name: HV-EVAL
    os: {{release: "2022", edition: Datacenter, evaluation: true}}
    guests: [{{name: of-eval, os: {{release: "2022"}}}}]
  - name: HV-GRACE
    method: mak
    os: {{release: "2022", edition: Datacenter}}
    guests: [{{name: of-grace, os: {{release: "2022"}}}}]
  - name: HV-STD
    method: mak
    os: {{release: "2022", edition: Standard}}
    guests: [{{name: of-std, os: {{release: "2022"}}}}]
clusters:
  - name: AZL
    licensing: byol
    nodes:
      - name: NODE-A
        {AZURE}
        key: key-a
        applied_keys: [key-a]
        guests: [{{name: azure-by-key, {AZURE_EDITION}}}]
      - name: NODE-B
        {AZURE}
        key: key-b
        guests: []
"""


def live(lab) -> None:
    """Some weeks in the life of this lab: most get their AVMA key, ask, and renew; one has a key and never asks."""

    def begin(running) -> None:
        world = running.world
        grace = world.host("HV-GRACE").windows.licence
        grace.set(type(grace.status).OOB_GRACE, 0x4004F00C)
        for vm in world.vms:
            key = avma_key(vm.windows.os.release, vm.windows.os.edition)
            if vm.name == "keyless" or key is None:
                continue
            world.install_key(vm.windows, key.key)
            if vm.name != "patient":
                with suppress(LicensingError):  # a refusal is part of this life
                    world.activate(vm.windows)

    lab.thread.do(begin)
    lab.post("/clock", {"advance": "P29D"})


def nth(number: int) -> dict[str, str]:
    """A world in which every variant takes its choice of that number, counted around."""
    return {name: list(entry.choices)[number % len(entry.choices)] for name, entry in REGISTER.items()}


ROUNDS = max(len(entry.choices) for entry in REGISTER.values())
WORLDS = {f"choice-{n}": nth(n) for n in range(ROUNDS)} | {
    f"seed-{seed}": dict(Variants.random(seed)) for seed in range(1, 4)
}


def test_the_questions_are_those_of_the_register():
    assert list(QUESTIONS) == list(REGISTER)
    assert set(_CHANGES) < set(QUESTIONS)


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_what_is_captured_is_what_the_lab_does(open_lab, figure, world):
    chosen = WORLDS[world]
    with open_lab(WORLD, variants=chosen) as lab:
        live(lab)
        before = lab.changes()
        answer = lab.avma("capture")
        figure("S3", lab.changes() - before, "capture")
        assert lab.changes() == before
        assert answer.code == 0, answer.err
        document = answer.document
        jsonschema.validate(document, SCHEMA)
        wrong = {name: choice for name, choice in document["variants"].items() if chosen[name] != choice}
        assert wrong == {}, [a for a in document["answers"] if a["name"] in wrong]
        assert len(document["variants"]) >= 8, document["variants"]
        told = {answer["name"]: answer for answer in document["answers"]}
        assert list(told) == list(REGISTER)
        for name in _CHANGES:
            assert told[name]["choice"] is None
            assert "Not seen by reading" in told[name]["seen"]


@pytest.mark.slow
def test_every_question_that_reading_can_settle_is_settled_in_some_world(open_lab):
    settled: Counter[str] = Counter()
    for number in range(0, ROUNDS, 2):
        with open_lab(WORLD, variants=nth(number)) as lab:
            live(lab)
            settled.update(lab.avma("capture").document["variants"])
    unsettled = set(REGISTER) - set(settled) - set(_CHANGES)
    assert unsettled <= {"avma_set_validation", "avma_set_parameter", "hyperv_without_rights"}, unsettled


def test_a_capture_played_back_is_captured_alike(open_lab, tmp_path):
    with open_lab(WORLD, variants=nth(1)) as lab:
        live(lab)
        path = tmp_path / "first.json"
        lab.avma("capture", "--to", str(path))
        first = json.loads(path.read_text())
    variants = dict(text.split("=", 1) for text in captured_variants(str(path)))
    assert variants == first["variants"]
    topology = tmp_path / "again.yaml"
    topology.write_text(WORLD)
    with LabThread(load_topology(topology), directory=tmp_path / "again", variants=variants) as thread:
        assert {name: thread.lab.variants()[name] for name in variants} == variants


def test_an_account_without_rights_shows_what_it_is_shown(open_lab):
    text = WORLD.replace(
        "  - name: HV-STD\n",
        "  - name: HV-STD\n    users: [{username: reader, password: Nothing-4-me, administrator: false}]\n",
    )
    for choice in REGISTER["hyperv_without_rights"].choices:
        with open_lab(text, variants={"hyperv_without_rights": choice}) as lab:
            path = Path(lab.inventory)
            path.with_name("host-password").write_text("Nothing-4-me")
            path.write_text(re.sub(r"username: LAB\S+", r"username: 'HV-STD\\reader'", path.read_text(), count=1))
            document = lab.avma("capture", "HV-STD").document
            assert document["variants"]["hyperv_without_rights"] == choice


def test_no_name_of_the_fabric_is_in_the_file(open_lab, tmp_path):
    with open_lab(WORLD, variants={"event_payload": "blob", "avma_get_shape": "full_key"}) as lab:
        live(lab)
        path = tmp_path / "capture.json"
        lab.avma("capture", "--to", str(path))
        text = path.read_text().casefold()
        state = lab.get("/state")
        for host in state["hosts"]:
            assert host["name"].casefold() not in text
            for vm in host["vms"]:
                assert vm["id"] not in text
                assert vm["address"] not in text
                if "-" in vm["name"]:
                    assert vm["name"].casefold() not in text
        assert "lab.example" not in text
        assert "fake0-small" not in text, "a host key keeps its last five characters only"
        assert "avma-operator" not in text


def test_a_host_that_is_not_reached_is_told(open_lab):
    with open_lab(WORLD) as lab:
        lab.post("/faults", {"faults": [{"kind": "refuse", "machine": "HV-STD"}]})
        answer = lab.avma("capture")
        assert answer.code == 4
        assert len(answer.document["unreachable"]) == 1
        assert len(answer.document["hosts"]) == 5


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "avma/capture/1"}', '{"schema": "other", "variants": {}}'])
def test_what_is_no_capture_is_invalid_input(tmp_path, text, capsys):
    path = tmp_path / "capture.json"
    path.write_text(text)
    assert main(["sim", "up", "--capture", str(path)]) == 5
    assert "no capture" in capsys.readouterr().err
