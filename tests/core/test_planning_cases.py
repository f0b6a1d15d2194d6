"""What a playbook plans, case by case: tests/cases/plan/*.yaml."""

from dataclasses import replace
from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, ledger_of, load, playbook_of, told

from harness.core.model import FabricFacts, Plan
from harness.core.planning import make_plan

CASES = load("plan")


def planned(case: dict[str, Any]) -> Plan:
    fabric = fabric_of(case)
    copies = tuple(
        replace(lane, host=host)
        for name, host in case.get("twice", {}).items()
        for lane in fabric.guests
        if lane.vm.name == name
    )
    fabric = FabricFacts(fabric.hosts, fabric.guests + copies)
    return make_plan(fabric, playbook_of(case), inventory_of(case), ledger_of(case), NOW, tags=case.get("tags", ()))


@pytest.mark.parametrize(("sentence", "case"), CASES, ids=[sentence for sentence, _ in CASES])
def test_the_plan_of_each_case_is_as_written(sentence: str, case: dict[str, Any]) -> None:
    plan = planned(case)
    wanted = case["expect"]
    assert [f"{b.target} {b.code}" for b in plan.blocked] == wanted["blocked"], plan
    assert len(plan.actions) == len(wanted["actions"]), plan
    for action, row in zip(plan.actions, wanted["actions"], strict=True):
        assert told(action, row) == {key: value for key, value in row.items() if key != "says"}
        assert all(piece in action.reason for piece in row.get("says", []))
    text = " ".join(f"{b.message} {b.next_step}" for b in plan.blocked)
    assert all(piece in text for piece in wanted.get("says", []))
    assert all(b.message and b.next_step for b in plan.blocked)
    if "refused" in wanted:
        refused = [b for b in plan.blocked if b.code == wanted["rule"]]
        assert [f"{b.message} {b.next_step}" for b in refused] == wanted["refused"]
        assert all(b.source for b in refused), "a rule of keys names what it rests on"
    if "ids" in wanted:
        assert [action.id for action in plan.actions] == wanted["ids"]


def test_there_are_at_least_sixty_cases_each_with_its_own_sentence() -> None:
    sentences = [sentence for sentence, _ in CASES]
    assert len(sentences) >= 60
    assert len(set(sentences)) == len(sentences)


def test_at_least_thirty_cases_spend_keys_or_refuse_to() -> None:
    assert sum(sentence.startswith("host_keys:") for sentence, _ in CASES) >= 30


def test_at_least_thirty_cases_hold_a_refused_key_to_its_exact_sentence() -> None:
    held = [case["expect"] for _, case in CASES if "refused" in case["expect"]]
    assert len(held) >= 30
    assert len({expect["rule"] for expect in held}) >= 14
