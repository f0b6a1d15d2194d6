"""The campaign's gate: verdicts on 500 generated guests over the wire, and on every world in which one was wrong."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from verdict_trial import Trial, attempt, compare, witness
from verdict_worlds import world_of

WORLDS = 15
GROUPS = [tuple(range(first, first + 3)) for first in range(1, WORLDS + 1, 3)]
KEPT = Path(__file__).parent.parent / "cases" / "verdicts" / "seeds.yaml"


def kept() -> list[int]:
    return [row["seed"] for row in YAML(typ="safe").load(KEPT.read_text())]


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_no_verdict_on_a_generated_world_is_wrong(seeds, figure):
    trials = [attempt(world_of(seed)) for seed in seeds]
    counted = f"{sum(trial.guests for trial in trials)} guests of {len(trials)} generated worlds"
    figure("V1", sum(len(trial.false_yes) for trial in trials), counted)
    figure("V2", sum(len(trial.false_no) for trial in trials), counted)
    assert [failure for trial in trials for failure in trial.failures] == []


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize("seed", sorted(kept()))
def test_what_was_wrong_once_stays_right(seed):
    assert attempt(world_of(seed)).failures == []


def test_the_same_seed_is_the_same_world():
    assert world_of(7) == world_of(7)
    assert world_of(7).acts != world_of(8).acts


def test_the_worlds_of_the_gate_hold_guests_enough_and_every_kind_of_trouble():
    worlds = [world_of(seed) for seed in range(1, WORLDS + 1)]
    forms = [form for world in worlds for form in world.forms]
    assert len(forms) >= 500
    systems = [form.os for form in forms if form.os is not None]
    assert {system.family for system in systems} == {"server", "client"}
    assert any(system.clock_error for system in systems)
    assert any(system.evaluation for system in systems)
    assert any(form.kvp for form in forms)
    assert len({form.name for form in forms}) < len(forms), "some bear another's name"
    assert {"move", "clock", "deactivate"} <= {path.rpartition("/")[2] for world in worlds for path, _ in world.acts}


def test_a_verdict_that_is_turned_round_is_noticed():
    world = world_of(4)
    document, truth = witness(world)
    for guest in document["guests"]:
        guest["verdict"] = {"activated": "not_activated", "not_activated": "activated"}.get(
            guest["verdict"], guest["verdict"]
        )
    trial = Trial(world.seed)
    compare(trial, document, truth)
    assert trial.false_yes
    assert trial.false_no


def test_an_unknown_that_nothing_explains_is_noticed():
    world = world_of(4)
    document, truth = witness(world)
    told = next(guest for guest in document["guests"] if guest["verdict"] == "activated")
    told |= {
        "verdict": "unknown",
        "reasons": [{"code": "guest_off", "message": "It is off.", "next_step": "Start it."}],
    }
    trial = Trial(world.seed)
    compare(trial, document, truth)
    assert len(trial.wrong) == 1
    assert "nothing explains it" in trial.wrong[0]
