"""Moves, validations and differences as people read them: hostile names stay text, records survive their JSON form."""

import dataclasses
from datetime import UTC, datetime

import pytest
from rich.console import Console

from harness.core.moves import MoveCell, MoveGuest, MoveMatrix, MoveNode, Stay
from harness.core.preflight import (
    Finding,
    GuestForecast,
    HostForecast,
    PoolForecast,
    Preflight,
    Rank,
    Span,
    SwapStep,
    UpgradeStep,
)
from harness.core.rundiff import Change, Difference, RunDiff
from harness.engine import RunRecord, read_record, write_record
from harness.report import html_page, moves_tables, preflight_tables, rundiff_tables

HOSTILE = "\x1b[31mvm<script>alert(1)</script>&\"'\u202e\x00\x85[bold]"


def matrix(name: str, nodes: int = 3) -> MoveMatrix:
    columns = [f"{name}{number}" for number in range(nodes)]
    cells = tuple(
        MoveCell(node, stay, "2026-11-29T10:40+00:00" if stay is Stay.LAPSES else None, number == 0, name, name, name)
        for number, (node, stay) in enumerate(zip(columns, [*Stay, *Stay], strict=False))
    )
    guest = MoveGuest(name, "id", columns[0], name, "2022", name, 90, "somewhere", cells)
    shown = tuple(MoveNode(node, name, "up", "2022", name, True, "host", None) for node in columns)
    return MoveMatrix(shown, (guest,), drained=name)


def validation(name: str) -> Preflight:
    span = Span(name, 0, 1, Stay.LAPSES, "2026-11-29T10:40+00:00", name, name, name)
    guest = GuestForecast(
        name, "id", name, name, "2019", name, "2022", name, "avma", True, 90, "AAAAA", "BBBBB", "at_risk",
        (SwapStep("before", name, name, name),), (span,),
    )  # fmt: skip
    host = HostForecast(
        name, name, name, "2019", "2022", name, None, "mak", "host", None, None, None, None, None, (1,), 1
    )
    steps = (UpgradeStep(1, name, "2022", 4), UpgradeStep(2, None, "2022", 4))
    findings = tuple(Finding(rank, "guest", name, "code", name, name, (name,)) for rank in Rank)
    return Preflight(
        "2022", ("hosts",), 60, (PoolForecast(name, True, (name,), 10, steps),), (host,), (guest,), findings
    )


def difference(name: str) -> RunDiff:
    changed = Difference(name, "id", "changed", "worse", (Change("edition", name, None),))
    return RunDiff((Difference(name, None, "gone", "", ()),), (changed,))


def record(name: str) -> RunRecord:
    started = datetime(2026, 11, 22, 10, tzinfo=UTC).isoformat()
    return RunRecord("r1", "preflight", "lab.yaml", "anna", started, moves=matrix(name), preflight=validation(name))


@pytest.mark.parametrize(
    "shown",
    [
        moves_tables(matrix(HOSTILE)),
        moves_tables(matrix(HOSTILE, nodes=12)),
        moves_tables(matrix(HOSTILE, nodes=1)),
        preflight_tables(validation(HOSTILE)),
        rundiff_tables(difference(HOSTILE)),
    ],
    ids=["grid", "list", "one node", "preflight", "rundiff"],
)
def test_tables_treat_names_as_text(shown, capsys):
    Console(width=400, no_color=True).print(shown)
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (0, 0, "vm: never (now)"),
        (0, 2, "vm: never (up to step 2)"),
        (1, 1, "vm: never (after step 1)"),
        (1, 2, "vm: never (after steps 1 to 2)"),
        (2, 3, "vm: never (from step 2 on)"),
        (0, 3, "vm: never "),
    ],
)
def test_when_a_guest_is_lost_is_told_by_the_steps_of_the_order(first, last, told, capsys):
    found = validation("vm")
    spans = (Span("vm", first, last, Stay.NEVER), Span("vm", 3, 3, Stay.STAYS))
    guest = dataclasses.replace(found.guests[0], spans=spans)
    Console(width=400, no_color=True).print(preflight_tables(dataclasses.replace(found, guests=(guest,))))
    assert told in capsys.readouterr().out


def test_the_page_shows_hostile_names_as_text_and_fetches_nothing():
    page = html_page(record(HOSTILE))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert "\x00" not in page
    assert "http://" not in page


def test_the_grid_has_a_colour_for_every_fate():
    page = html_page(RunRecord("r", "c", "i", "p", "t", moves=matrix("n", nodes=6)))
    for stay in Stay:
        assert f'class="stay-{stay.value}' in page
        assert f".stay-{stay.value}" in page


def test_a_record_survives_its_json_form():
    before = record("vm")
    assert read_record(write_record(before)) == before
