"""What one process carries, at a size that a test run can bear; `make capacity` has the full one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.capacity import BEGIN, END, MOST_MEMORY, Capacity, measure, page
from benchmarks.machine import Machine
from benchmarks.pages import put_into

FULL = Capacity(
    hosts=1000,
    guests=20_000,
    machines=15_000,
    sockets=16_000,
    memory=350.0,
    answered=1000,
    polls=400,
    wanted_polls=400,
    ratio=0.97,
)


@pytest.mark.slow
def test_a_small_lab_holds_every_limit_and_grows_slowly_enough_for_the_full_size() -> None:
    small, large = (measure(hosts, 20, polls=40, invokes=150) for hosts in (4, 24))
    for found in (small, large):
        assert [row for row in found.rows() if not row[-1]] == []
    a_host = (large.memory - small.memory) / (large.hosts - small.hosts)
    assert small.memory + 1000 * a_host < MOST_MEMORY


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"answered": 999}, "hosts that served a session"),
        ({"memory": 1600.0}, "memory of the process at its highest"),
        ({"polls": 399}, "long polls that waited at once"),
        ({"ratio": 0.79}, "requests a CPU second ÷ those of a bare psrpcore echo"),
    ],
)
def test_each_limit_is_told_when_it_is_passed(change: dict[str, float], row: str) -> None:
    assert [name for name, *_, good in FULL.rows() if not good] == []
    assert [name for name, *_, good in replace(FULL, **change).rows() if not good] == [row]  # type: ignore[arg-type]


def test_a_run_tells_machine_date_command_and_table_in_the_page_of_the_lab(tmp_path: Path) -> None:
    part = page(FULL, Machine("Linux", "", 2, 24.0, "CPython 3.11", 0.5), date(2026, 11, 22))
    assert part.startswith("`make capacity` on 2026-11-22: Linux, 2 cores, 24 GiB, CPython 3.11; load 0.5")
    assert part.count("| yes ") == len(FULL.rows())
    assert "NO" in page(replace(FULL, polls=3), Machine("Linux", "", 2, 24.0, "CPython 3.11", None), date(2026, 11, 22))
    copy = tmp_path / "page.md"
    copy.write_text((Path(__file__).parents[2] / "docs" / "simulated-lab.md").read_text(encoding="utf-8"))
    put_into(copy, part, BEGIN, END)
    assert f"{BEGIN}\n\n{part}\n\n{END}" in copy.read_text(encoding="utf-8")
