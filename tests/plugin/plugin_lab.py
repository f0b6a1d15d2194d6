"""Projects of people who test their labs, and labs for them: two hosts with a guest each."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.sim.lab import LabThread
from harness.sim.topology import parse_topology

TOPOLOGY = """
version: 1
name: two
domain: lab.example
host_account: {username: 'LAB\\operator'}
hosts:
  - name: HV-A
    os: {release: "2022", edition: Datacenter}
    guests:
      - {name: web-a, os: {release: "2022"}}
  - name: HV-B
    os: {release: "2019", edition: Datacenter}
    guests:
      - {name: web-b, os: {release: "2019"}}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with a topology file, in an environment that names no lab and no store."""
    for name in [name for name in os.environ if name.startswith("AVMA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AVMA_STORE", str(pytester.path / "store.db"))
    (pytester.path / "two.yaml").write_text(TOPOLOGY, "utf-8")
    return pytester


@dataclass
class RealLab:
    """A lab that the tests under test must take for a real one: it is there already, and theirs by inventory alone."""

    thread: LabThread
    inventory: Path

    def changes(self) -> int:
        """How many state-changing commands all machines have seen."""
        counted = self.thread.do(lambda lab: lab.counters())["by_host"]
        return sum(machine["state_changing"] for machine in counted.values())

    def refuse(self, machine: str) -> None:
        """Let that machine take no connection any more."""
        from harness.sim.faults import Fault

        self.thread.do(lambda lab: lab.faults.add(Fault("refuse", machine=machine, times=0)))


@pytest.fixture
def real_lab(tmp_path: Path) -> Iterator[RealLab]:
    """The same two hosts; their operations have 5 seconds, so that a lease lasts 10."""
    with LabThread(parse_topology(TOPOLOGY, "two.yaml"), directory=tmp_path / "lab") as thread:
        inventory = tmp_path / "lab" / "short.yaml"
        text = Path(thread.inventory).read_text("utf-8")
        inventory.write_text(text.replace("defaults:\n", "defaults:\n  operation_seconds: 5\n"), "utf-8")
        yield RealLab(thread, inventory)


@dataclass
class Job:
    """A pytest run in a process of its own, with everything it starts in one process group."""

    process: "subprocess.Popen[str]"

    def wait(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=250)
        return self.process.returncode, out

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the job and its workers."""
        os.killpg(self.process.pid, number)


@pytest.fixture
def start_job(project: pytest.Pytester) -> Iterator[Callable[..., Job]]:
    """Start ``pytest`` with these arguments in the project."""
    jobs: list[Job] = []

    def start(*arguments: object) -> Job:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=project.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        jobs.append(Job(process))
        return jobs[-1]

    yield start
    for job in jobs:
        if job.process.poll() is None:
            os.killpg(job.process.pid, signal.SIGKILL)
            job.process.communicate()


def appears(path: Path, job: Job, seconds: float = 200.0) -> None:
    """Wait until the job has made that file."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert job.process.poll() is None, job.wait()
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)
