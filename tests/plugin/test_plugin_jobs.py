"""Test jobs that share a lab: never one host at a time, whatever becomes of a job."""

import json
import signal
from itertools import pairwise

import pytest
from plugin_lab import Job, appears

from harness.store import open_store

USING = """
import json, os, time

def test_one(host, playbook_run):
    use(host, playbook_run)

def test_two(host, playbook_run):
    use(host, playbook_run)

def test_three(guest, playbook_run):
    use(None, playbook_run, guest.host)

def use(host, playbook_run, name=None):
    begun = time.time()
    playbook_run("verify-only")
    line = {"host": name or host.name, "job": os.environ["JOB"], "pid": os.getpid()}
    line |= {"begun": begun, "ended": time.time()}
    with open("used.ndjson", "a") as log:
        log.write(json.dumps(line) + "\\n")
"""
BLOCKING = """
import os, threading
from pathlib import Path

def test_it(host, playbook_run):
    ready, go = Path(os.environ["JOB"] + "-ready"), Path(os.environ["JOB"] + "-go")
    ready.touch()
    while not go.exists():
        threading.Event().wait(0.05)
    playbook_run("activate-guests")
"""


def used(project: pytest.Pytester) -> list[dict]:
    return [json.loads(line) for line in (project.path / "used.ndjson").read_text().splitlines()]


def leases(project: pytest.Pytester) -> tuple:
    store = open_store(str(project.path / "store.db"))
    try:
        return store.leases.list()
    finally:
        store.close()


@pytest.fixture
def start(start_job, real_lab, monkeypatch):
    """Start a job by name on the real lab."""

    def begin(name: str, *words: str) -> Job:
        monkeypatch.setenv("JOB", name)
        return start_job(f"--lab={real_lab.inventory}", *words)

    return begin


def test_two_jobs_of_two_workers_never_share_a_host(project, start):
    project.makepyfile(test_lab=USING)
    jobs = [start(name, "-n2") for name in ("first", "second")]
    for job in jobs:
        code, told = job.wait()
        assert code == 0, told
        assert "6 passed" in told
    lines = used(project)
    assert len(lines) == 12
    for host in ("HV-A", "HV-B"):
        uses = sorted((line["begun"], line["ended"], line["pid"]) for line in lines if line["host"] == host)
        assert all(before[1] <= after[0] for before, after in pairwise(uses)), uses
        for name in ("first", "second"):
            workers = {line["pid"] for line in lines if (line["host"], line["job"]) == (host, name)}
            assert len(workers) == 1, "the tests of a host group stay with one worker"
    assert len({line["pid"] for line in lines if line["job"] == "first"}) == 2, "both workers had work"
    assert leases(project) == (), "everything was given back"


def test_after_a_job_was_killed_the_next_takes_its_host_over_once_the_lease_has_expired(project, start):
    project.makepyfile(test_lab=BLOCKING)
    first = start("first", "-k", "HV-A")
    appears(project.path / "first-ready", first)
    first.signal(signal.SIGKILL)
    first.wait()
    left = leases(project)
    assert {lease.host for lease in left} == {"HV-A"}, "a job that is killed gives nothing back"

    impatient = project.runpytest_subprocess("--lab", *inventory_of(first), "-k", "HV-A", "--lab-wait", "0")
    impatient.assert_outcomes(errors=1)
    impatient.stdout.fnmatch_lines(["*HV-A: It is held until * by * process *: pytest in *avma locks*"])

    (project.path / "second-go").touch()
    second = start("second", "-k", "HV-A", "-v")
    code, told = second.wait()
    assert code == 0, told
    assert leases(project) == ()


def test_a_job_that_was_suspended_and_taken_over_changes_nothing_more(project, start, real_lab):
    project.makepyfile(test_lab=BLOCKING)
    first = start("first", "-k", "HV-A")
    appears(project.path / "first-ready", first)
    first.signal(signal.SIGSTOP)
    second = start("second", "-k", "HV-A")
    appears(project.path / "second-ready", second)
    assert {lease.purpose for lease in leases(project)} == {f"pytest in {project.path}"}
    assert real_lab.changes() == 0

    (project.path / "first-go").touch()
    first.signal(signal.SIGCONT)
    code, told = first.wait()
    assert code == 1
    assert "LeaseLostError" in told
    assert real_lab.changes() == 0, "the host is the second job's now"

    (project.path / "second-go").touch()
    code, told = second.wait()
    assert code == 0, told
    assert real_lab.changes() > 0


def inventory_of(job: Job) -> list[str]:
    return [word.removeprefix("--lab=") for word in job.process.args if word.startswith("--lab=")]
