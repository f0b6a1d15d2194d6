"""docs/upgrade-validation.md: every command on it runs, in its order, and ends as the page says."""

import json
import re
import shlex
from pathlib import Path

import pytest

from harness.cli import main
from harness.sim.lab import LabThread
from harness.sim.topology import load_topology

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "upgrade-validation.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^\$ avma (?P<words>.*?)\s+# (?P<code>\d+)$")


def commands() -> list[tuple[str, int]]:
    lines = [line for block in BLOCK.findall(PAGE.read_text("utf-8")) for line in block.splitlines()]
    found = [LINE.match(line) for line in lines]
    assert all(found), lines
    return [(match["words"], int(match["code"])) for match in found if match]


def test_the_page_has_commands_of_every_kind():
    assert {words.split()[0] for words, _ in commands()} == {
        "moves", "preflight", "plan", "apply", "verify", "runs", "unattend",
    }  # fmt: skip


def test_every_command_of_the_page_ends_as_it_says(tmp_path, monkeypatch, capsys):
    form = load_topology(ROOT / "tests" / "cases" / "topologies" / "mixed.yaml")
    with LabThread(form, directory=tmp_path / "lab") as lab:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AVMA_INVENTORY", lab.document["inventory"])
        monkeypatch.setenv("AVMA_STORE", str(tmp_path / "store.db"))
        for words, code in commands():
            found = main(shlex.split(words.replace("RUN", _first_preflight(capsys))))
            told = capsys.readouterr()
            assert found == code, f"avma {words}\n{told.out}\n{told.err}"
    for name in ("moves/report.html", "before/report.html", "fixes.yaml", "unattend.xml", "unattend-dc.xml"):
        assert (tmp_path / name).stat().st_size > 0


def _first_preflight(capsys: pytest.CaptureFixture[str]) -> str:
    """The id that a person would read off `avma runs`."""
    capsys.readouterr()
    assert main(["runs", "--output", "json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    return next((run["run_id"] for run in reversed(runs) if run["command"].startswith("preflight")), "RUN")
