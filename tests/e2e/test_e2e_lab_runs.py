"""tests/e2e/lab_runs: copied out of the repository, as users do, they pass on the simulated lab and on a real one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.sim.lab import LabThread
from harness.sim.topology import load_topology

RUNS = Path(__file__).parent / "lab_runs"
LINE = re.compile(r"^(test_\w+\.py)::(\w+)(?:\[(\S+)\])? (PASSED|FAILED|ERROR|SKIPPED)", re.MULTILINE)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run pytest in a copy of the folder; the outcome of each test and what was printed."""
    for name in [name for name in os.environ if name.startswith("AVMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AVMA_STORE", str(tmp_path / "store.db"))
    copy = tmp_path / "runs"
    shutil.copytree(RUNS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider\n", "utf-8")

    def start(*words: object) -> tuple[dict[tuple[str, str, str], str], str]:
        command = [sys.executable, "-m", "pytest", "-v", *map(str, words)]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        found = {(file, test, target): outcome for file, test, target, outcome in LINE.findall(done.stdout)}
        assert found, done.stdout + done.stderr
        return found, done.stdout

    return start


def written() -> set[tuple[str, str]]:
    """Every test of the folder but those for real labs only."""
    files = [path for path in RUNS.glob("test_*.py") if path.name != "test_first_contact.py"]
    return {(path.name, name) for path in files for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_lab_run_passes_on_the_simulated_lab_and_none_is_skipped(run):
    words = ("--lab-sim", "lab.yaml", "--lab-require", "--lab-allow-destructive", "-m", "not hardware", "--tb=short")
    found, told = run(*words)
    assert set(found.values()) == {"PASSED"}, told
    assert {(file, test) for file, test, _ in found} == written()
    fresh = {target for file, _, target in found if file == "test_fresh_guests.py"}
    assert len(fresh) > 15, "a guest of each release and edition"


@pytest.mark.slow
def test_those_that_a_real_lab_allows_pass_on_one_and_the_others_say_why_not(run, tmp_path):
    some = "(first_contact and HV-OLD) or (clusters and (AZN or SUBSC)) or day_seven or (killed and HV-FRESH)"
    with LabThread(load_topology(RUNS / "lab.yaml"), directory=tmp_path / "lab") as lab:
        words = ("--lab-allow-destructive", "-k", some, "--tb=short", "-rs")
        found, told = run("--lab", lab.document["inventory"], *words)
    outcomes = {test: outcome for (_, test, _), outcome in found.items()}
    assert outcomes == {
        "test_doctor_finds_nothing_that_failed": "PASSED",
        "test_the_same_facts_come_twice": "PASSED",
        "test_a_capture_says_of_each_open_question_what_was_seen": "PASSED",
        "test_a_cluster_is_onboarded_once_and_covers_its_guests": "PASSED",
        "test_a_cluster_with_the_subscription_activates_its_guests": "PASSED",
        "test_the_guests_of_a_host_are_activated_after_all": "PASSED",
        "test_a_node_that_lost_azure_for_a_month_covers_nobody": "SKIPPED",
        "test_a_guest_outlives_its_hosts_activation_until_day_seven": "SKIPPED",
    }, told
    assert "sim_control works with the simulated lab only" in told
