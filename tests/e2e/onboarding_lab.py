"""Clusters made for one test: three Azure Local nodes with keys, and what a test changes about them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e_lab import Answer, Lab
from ruamel.yaml import YAML

from harness.sim.lab import LabThread
from harness.sim.topology import load_topology

NODES = ("NODE-A", "NODE-B", "NODE-C")
AZURE = {"family": "azure", "release": "23H2", "edition": "Azure Stack HCI", "core": True}


def key(version: str, number: int, **told: object) -> dict[str, object]:
    """An invented key, known by its tail: 22001 is the first of 2022."""
    text = f"FAKE0-TEST{number % 10}-AZL{version[-2:]}-N0DE{number % 10}-{version[-2:]}{number:03d}"
    return {"key": text, "kind": "retail", "version": version, **told}


KEYS = {f"y{version[-2:]}-{n}": key(version, n) for version in ("2016", "2019", "2022", "2025") for n in (1, 2, 3)} | {
    "mak-2022": key("2022", 900, kind="mak", activations=2)
}


def cluster(nodes: Mapping[str, Mapping[str, Any]] | None = None, **told: object) -> dict[str, Any]:
    """A topology of three nodes with keys of 2022; ``nodes`` overrides single nodes, ``told`` the cluster.

    Guest app-a runs on NODE-A and app-b on NODE-B, both without a key.
    """
    guests = {"NODE-A": "app-a", "NODE-B": "app-b"}
    forms = []
    for number, name in enumerate(NODES, start=1):
        guest = {"name": guests[name], "os": {"release": "2022"}} if name in guests else None
        form = {"name": name, "os": AZURE, "key": f"y22-{number}", "guests": [guest] if guest else []}
        forms.append(form | dict((nodes or {}).get(name, {})))
    return {
        "version": 1,
        "name": "onboarding",
        "domain": "lab.example",
        "start": "now",
        "host_account": {"username": "LAB\\operator"},
        "guest_account": {"username": "Administrator"},
        "host_keys": KEYS,
        "clusters": [{"name": "AZL", "licensing": "byol", "nodes": forms, **told}],
    }


@pytest.fixture
def open_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., object]:
    """Start a lab of that topology: ``with open_cluster(cluster()) as lab``. Settling takes two seconds, not sixty."""
    monkeypatch.setenv("AVMA_SETTLE_SECONDS", "2")

    def read() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    @contextmanager
    def start(topology: Mapping[str, Any], **options: object) -> Iterator[Lab]:
        path = tmp_path / "topology.yaml"
        with path.open("w") as file:
            YAML(typ="safe").dump(topology, file)
        with LabThread(load_topology(path), directory=tmp_path / "lab", **options) as thread:
            yield Lab(thread, str(tmp_path / "store.db"), read)

    return start


def with_inventory(lab: Lab, change: Callable[[dict[str, Any]], None]) -> str:
    """The lab's inventory after ``change``, beside the original so that its relative paths hold; its path."""
    yaml = YAML(typ="safe")
    path = Path(lab.inventory)
    document = yaml.load(path.read_text())
    change(document)
    changed = path.with_name("changed.yaml")
    with changed.open("w") as file:
        yaml.dump(document, file)
    return str(changed)


def blocked(answer: Answer) -> dict[str, str]:
    """Codes of what could not be served, by the targets' folded names."""
    return {item["target"].casefold(): item["code"] for item in answer.document["blocked"]}


def key_states(answer: Answer) -> dict[str, str]:
    """How each node's key ended, by the nodes' folded names."""
    rows = answer.document["results"]
    return {row["target"].casefold(): row["state"] for row in rows if row["step"] == "host_key"}


def give_keys(lab: Lab, keys: Mapping[str, str], version: str | None = None) -> str:
    """The lab's inventory with other keys for its nodes, by the nodes' names; ``version`` is what it claims of them."""

    def change(document: dict[str, Any]) -> None:
        for node, name in keys.items():
            told = KEYS[name]
            count = {"activations": told["activations"]} if told["kind"] == "mak" else {}
            row = {
                "kind": told["kind"],
                "version": version or told["version"],
                **count,
                "key": {"file": f"./keys/{name}"},
            }
            document["keys"][name] = row
            document["clusters"]["AZL"]["nodes"][node.upper()]["key"] = name

    return with_inventory(lab, change)
