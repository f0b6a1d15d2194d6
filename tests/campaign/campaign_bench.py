"""A simulated lab and a controller, each in a process of its own: the lab outlives every controller."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.store import LedgerEntry, open_store

__all__ = ["SETTLE_SECONDS", "Bench", "Ending"]

HERE = Path(__file__).parent
SMALL = HERE.parent / "cases" / "topologies" / "small.yaml"
SETTLE_SECONDS = 5.0
"""Longer than any fault of a campaign holds a request back."""


@dataclass
class Ending:
    """How a run ended: a negative code is the signal that killed it; ``points`` are those it reached."""

    code: int
    seconds: float
    out: str
    err: str
    points: list[str] = field(repr=False, default_factory=list)

    @property
    def killed(self) -> bool:
        return self.code < 0

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


class Bench:
    """One lab and one controller; ``begin`` makes both forget everything."""

    def __init__(self, directory: Path, topology: Path = SMALL) -> None:
        self._directory = directory
        self._number = 0
        lab = [sys.executable, "-m", "harness.cli", "--output", "ndjson", "sim", "up"]
        lab += ["--topology", str(topology), "--directory", str(directory / "lab")]
        environment = os.environ | {"AVMA_SETTLE_SECONDS": str(SETTLE_SECONDS)}
        self._lab = subprocess.Popen(lab, stdout=subprocess.PIPE, text=True)
        self._controller = subprocess.Popen(
            [sys.executable, str(HERE / "campaign_controller.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._lab.stdout is not None
        self.about = json.loads(self._lab.stdout.readline())
        self.store = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End both processes."""
        assert self._controller.stdin is not None
        self._controller.stdin.close()
        self._lab.terminate()
        for process in (self._controller, self._lab):
            process.wait(timeout=60)
            assert process.stdout is not None
            process.stdout.close()

    def begin(self, variants: Mapping[str, str]) -> None:
        """A lab as new, with these variants, and an empty store."""
        self._number += 1
        self.post("/reset", {})
        self.post("/variants", variants)
        self.store = str(self._directory / f"store-{self._number}.db")

    def avma(self, *words: str, kill_at: int | None = None, kill_after: float | None = None) -> Ending:
        """Run a command, to its end or to its death."""
        files = {name: str(self._directory / name) for name in ("out", "err", "points")}
        order = {
            "arguments": [*words, "-i", self.about["inventory"], "--store", self.store, "--output", "json"],
            "kill_at": kill_at,
            "kill_after": kill_after,
            **files,
        }
        assert self._controller.stdin is not None
        assert self._controller.stdout is not None
        self._controller.stdin.write(json.dumps(order) + "\n")
        self._controller.stdin.flush()
        answer = json.loads(self._controller.stdout.readline())
        out, err, points = (Path(path).read_text() for path in files.values())
        return Ending(answer["code"], answer["seconds"], out, err, points.splitlines())

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """What the controller wrote down."""
        store = open_store(self.store)
        try:
            return store.ledger.entries()
        finally:
            store.close()

    def has_run(self) -> bool:
        """Whether a run was begun, so that there is one to resume."""
        store = open_store(self.store)
        try:
            return bool(store.runs.list())
        finally:
            store.close()

    def nodes(self) -> dict[str, list[dict[str, Any]]]:
        """By the nodes' names: every key that the lab saw applied, accepted or not."""
        found = self.get("/state")
        return {
            host["name"].casefold(): host["keys_applied"]
            for host in found["hosts"]
            if host["flavour"].startswith("azure")
        }

    def activated(self) -> set[str]:
        """Names of the VMs that the lab itself holds to be activated."""
        return {
            vm["name"]
            for host in self.get("/state")["hosts"]
            for vm in host["vms"]
            if vm["license"] and vm["license"]["channel"] == "VT:IA" and vm["license"]["status"] == 1
        }

    def get(self, path: str) -> dict[str, Any]:
        """Ask the lab's control interface."""
        with urllib.request.urlopen(self.about["control"] + path) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Tell the lab's control interface."""
        url = self.about["control"] + path
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())
