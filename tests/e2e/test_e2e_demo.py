"""`avma demo`: what a newcomer runs first."""

import json
from xml.etree import ElementTree as ET

from harness.cli import main


def test_the_demo_runs_as_designed_and_again_beside_its_own_remains(tmp_path, capsys):
    for _ in range(2):
        assert main(["demo", "--directory", str(tmp_path), "--output", "json"]) == 0
        document = json.loads(capsys.readouterr().out)
        states = {result["step"]: result["state"] for result in document["results"]}
        assert states["host_key"] == states["activate"] == "verified"
        summary = document["verify"]["summary"]
        assert summary["guests"] >= 24
        assert summary["activated"] >= 20
    assert "Automatic Virtual Machine Activation" in (tmp_path / "report.html").read_text()
    assert ET.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"
    assert json.loads((tmp_path / "run.json").read_text())["run_id"] == document["run_id"]
