"""Which nodes a canary would visit, and when it is not moved at all: tests/cases/canary/*.yaml.

Apart from the other plans, which leave nothing to do once they are carried out: a canary proves anew each time.
"""

from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, ledger_of, load, playbook_of, told

from harness.core.planning import make_plan

CASES = load("canary")


@pytest.mark.parametrize(("sentence", "case"), CASES, ids=[sentence for sentence, _ in CASES])
def test_the_canary_of_each_case_goes_where_it_is_written(sentence: str, case: dict[str, Any]) -> None:
    plan = make_plan(fabric_of(case), playbook_of(case), inventory_of(case), ledger_of(case), NOW)
    wanted = case["expect"]
    assert [f"{b.target} {b.code}" for b in plan.blocked] == wanted["blocked"], plan
    assert len(plan.actions) == len(wanted["actions"]), plan
    for action, row in zip(plan.actions, wanted["actions"], strict=True):
        assert told(action, row) == {key: value for key, value in row.items() if key != "says"}
        assert all(piece in action.reason for piece in row.get("says", []))
    text = " ".join(f"{b.message} {b.next_step}" for b in plan.blocked)
    assert all(piece in text for piece in wanted.get("says", []))
    assert all(b.message and b.next_step for b in plan.blocked)
