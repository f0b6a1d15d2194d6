"""For a real lab only, and reading only: what to look at first, where nothing was ever tried against Windows."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.hardware


def avma(lab, *words):
    command = [sys.executable, "-m", "harness.cli", *words, "-i", lab.lab.path, "--output", "json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_doctor_finds_nothing_that_failed(host, lab):
    done = avma(lab, "doctor", host.name)
    assert done.returncode == 0, done.stdout


def test_the_same_facts_come_twice(host, lab):
    first, second = lab.facts(), lab.facts()
    for before, after in zip(first.hosts, second.hosts, strict=True):
        assert (before.name, before.facts.os.version) == (after.name, after.facts.os.version)
        assert before.facts.vms == after.facts.vms
    assert [lane.vm.vm_id for lane in first.guests] == [lane.vm.vm_id for lane in second.guests]


def test_a_capture_says_of_each_open_question_what_was_seen(host, lab, tmp_path):
    file = tmp_path / "capture.json"
    done = avma(lab, "capture", host.name, "--to", str(file))
    assert done.returncode == 0, done.stderr
    answers = json.loads(file.read_text("utf-8"))["answers"]
    assert answers
    assert all(one["seen"] for one in answers)
