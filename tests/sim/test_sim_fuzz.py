"""Damaged requests at a whole lab: it answers or drops each, serves on, and keeps neither shell nor task.

FUZZ_REQUESTS sets how many (`make fuzz`: 100,000); a request that finds a defect is kept in tests/cases/sim_fuzz.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sim_fuzz import LAYERS, Campaign, Report

from harness.sim.computer import Computer

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "5000"))
KEPT = Path(__file__).parents[1] / "cases" / "sim_fuzz" / "kept.yaml"
Figure = Callable[[str, float, str], None]


def faultless(report: Report) -> None:
    assert report.defects == []
    assert report.left == 0


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_damaged_requests_of_every_layer_find_no_defect_and_leave_nothing(tmp_path: Path, figure: Figure) -> None:
    report = Campaign(tmp_path).run([(LAYERS[number % len(LAYERS)], number) for number in range(REQUESTS)])
    figure("F1", len(report.defects) + report.left, f"{REQUESTS} damaged requests")
    faultless(report)
    assert report.answers.total() == REQUESTS
    # the damage reaches every door: it is let through, told as a fault, turned away, unreadable, or waited for
    assert {"200", "500", "401", "400", "silence"} <= report.answers.keys()
    assert report.answers["200"] > REQUESTS / 10


@pytest.mark.parametrize("case", YAML(typ="safe").load(KEPT.read_text()) or [None], ids=str)
def test_what_once_found_a_defect_finds_it_no_more(tmp_path: Path, case: dict[str, object] | None) -> None:
    number = int(str(case["number"])) if case else 0
    layer = str(case["layer"]) if case else LAYERS[0]
    faultless(Campaign(tmp_path).run([(layer, number)]))


def test_a_defect_of_the_lab_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(Computer, "invoke", broken)
    report = Campaign(tmp_path).run([("clixml", number) for number in range(40)])
    assert any("ZeroDivisionError" in defect for defect in report.defects)
