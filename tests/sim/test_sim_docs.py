"""docs/simulated-lab.md tells what the code is, and claims no more."""

import re
from pathlib import Path

import pytest
from sim_docs import PAGE, PARTS, ROOT, renewed

from harness.sim.control import Control
from harness.sim.faults import KINDS
from harness.sim.script import Limits
from harness.sim.script._values import MAX_ITEMS, MAX_TEXT

TEXT = PAGE.read_text(encoding="utf-8")
_MADE = re.compile(r"<!-- made from the code: .*?<!-- end of", re.DOTALL)
_EQUALITY = re.compile(
    r"(just|exactly|precisely) (like|as) (a )?(real )?Windows|identical to|indistinguishable"
    r"|same as (a )?(real )?Windows|equals (a )?(real )?Windows|faithful|bug-for-bug"
    r"|behaves like (a )?(real )?Windows|emulates Windows",
    re.IGNORECASE,
)


def test_the_parts_made_from_the_code_are_those_of_today() -> None:
    assert renewed(TEXT) == TEXT, "run `python -m tests.sim.sim_docs`"


@pytest.mark.parametrize("name", PARTS)
def test_a_page_without_a_place_for_a_part_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"no place for {name}"):
        renewed(TEXT.replace(f"<!-- made from the code: {name} -->", ""))


def test_every_request_of_the_control_interface_is_told_and_no_other() -> None:
    told = set(re.findall(r"`((?:GET|POST|DELETE) /[^`]*)`", TEXT.partition("## Control interface")[2]))
    routes = set()
    for method, pattern, _ in Control(None)._routes:
        path = pattern.pattern.replace("([^/]+)", "NAME")
        stem, _, choices = path.partition("(")
        routes |= {f"{method} {stem}{choice}" for choice in choices.rstrip(")").split("|")}
    assert told == routes


def test_every_kind_of_fault_is_explained_outside_the_table() -> None:
    prose = set(re.findall(r"`(\w+)`", _MADE.sub("", TEXT)))
    assert KINDS.keys() - prose == set()


def test_the_bounds_of_a_script_are_those_in_force() -> None:
    limits = Limits()
    told = re.sub(r"\s+", " ", TEXT)
    assert f"{limits.steps:,} steps, {limits.depth} calls inside calls" in told
    assert f"arrays of {MAX_ITEMS:,} elements, texts of {MAX_TEXT:,} characters" in told


@pytest.mark.parametrize("path", [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"], ids=lambda path: path.name)
def test_no_page_suggests_that_the_lab_equals_windows(path: Path) -> None:
    assert _EQUALITY.search(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("claim", ["The lab behaves like real Windows.", "It is identical to Server 2022."])
def test_a_claim_of_equality_would_be_found(claim: str) -> None:
    assert _EQUALITY.search(claim)
