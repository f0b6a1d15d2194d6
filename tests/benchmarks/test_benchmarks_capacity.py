"""What one process carries, at a size that a test run can bear; `make capacity` has the full one."""

import pytest

from benchmarks.capacity import MOST_MEMORY, Capacity, measure

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
        assert [row for row in found.rows() if not row[2]] == []
    a_host = (large.memory - small.memory) / (large.hosts - small.hosts)
    assert small.memory + 1000 * a_host < MOST_MEMORY


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"answered": 999}, "hosts that served a session"),
        ({"memory": 1600.0}, "memory at its highest"),
        ({"polls": 399}, "long polls that waited at once"),
        ({"ratio": 0.79}, "requests a CPU second, over those of a bare psrpcore echo"),
    ],
)
def test_each_limit_is_told_when_it_is_passed(change: dict[str, float], row: str) -> None:
    from dataclasses import replace

    assert [name for name, _, good in FULL.rows() if not good] == []
    assert [name for name, _, good in replace(FULL, **change).rows() if not good] == [row]  # type: ignore[arg-type]
