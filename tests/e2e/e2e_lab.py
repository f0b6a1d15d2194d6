"""The command line against a simulated lab of its own, over the wire."""

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli import main
from harness.sim.lab import LabThread
from harness.sim.topology import Topology, demo_topology, load_topology

SMALL = Path(__file__).parent.parent / "cases" / "topologies" / "small.yaml"


@dataclass
class Answer:
    """What one command left: exit code and texts."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        assert self.out, self.err
        return json.loads(self.out)


@dataclass
class Lab:
    """A simulated lab and the command line pointed at it."""

    thread: LabThread
    store: str
    read: Callable[[], tuple[str, str]]

    @property
    def inventory(self) -> str:
        return self.thread.document["inventory"]

    def avma(self, *words: str, inventory: str | None = None, output: str = "json") -> Answer:
        """Run a command, with JSON output unless another is asked for."""
        self.read()
        code = main([*words, "-i", inventory or self.inventory, "--store", self.store, "--output", output])
        return Answer(code, *self.read())

    def get(self, path: str) -> dict:
        """Ask the lab's control interface."""
        with urllib.request.urlopen(self.thread.document["control"] + path) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: Mapping[str, object]) -> dict:
        """Tell the lab's control interface."""
        url = self.thread.document["control"] + path
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def changes(self) -> int:
        """How many state-changing commands all machines have seen."""
        return sum(machine["state_changing"] for machine in self.get("/counters")["by_host"].values())

    def activated(self) -> set[str]:
        """Ids of the VMs that the world itself holds to be activated by AVMA now."""
        return {
            vm["id"]
            for host in self.get("/state")["hosts"]
            for vm in host["vms"]
            if vm["license"] and vm["license"]["channel"] == "VT:IA" and vm["license"]["status"] == 1
        }

    def keys(self) -> dict[str, list[str]]:
        """Tails of every key each host was sent, accepted or not."""
        return {
            host["name"].casefold(): [key["last5"] for key in host["keys_applied"]]
            for host in self.get("/state")["hosts"]
        }


@pytest.fixture
def open_lab(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Start a lab: ``with open_lab("small", variants={...}) as lab``; the topology may be given as a file's text."""

    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    @contextmanager
    def start(topology: str = "small", **options: object) -> Iterator[Lab]:
        with LabThread(_topology(topology, tmp_path), directory=tmp_path / "lab", **options) as thread:
            yield Lab(thread, str(tmp_path / "store.db"), read)

    return start


def _topology(given: str, folder: Path) -> Topology:
    if given == "demo":
        return demo_topology()
    if given == "small":
        return load_topology(SMALL)
    path = folder / "topology.yaml"
    path.write_text(given)
    return load_topology(path)


def wrong_verdicts(lab: Lab, verdict: dict) -> tuple[list[str], list[str]]:
    """Guests falsely called activated, and guests falsely called not activated, by the world's own state."""
    truth = lab.activated()
    false_yes = [g["name"] for g in verdict["guests"] if g["verdict"] == "activated" and g["vm_id"] not in truth]
    false_no = [g["name"] for g in verdict["guests"] if g["verdict"] == "not_activated" and g["vm_id"] in truth]
    return false_yes, false_no
