"""Damaged scripts: whatever they are, they end in an answer or in an error record, never in a fault of the lab."""

import asyncio
import random
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sim_script_host import KeptStreams, ScriptLab

from harness.sim.machine import TerminatingError
from harness.sim.script import Limits, run_script

CASES = Path(__file__).parents[1] / "cases" / "script"
WORDS = "$x $_ @( ) { } [ ] | ; , . .. :: -eq -f 'a' \"$(1)\" @{a=1} $null 1 [int] = += -join ` # & %"
PIECES = [*WORDS.split(), "foreach ", "try {", "return "]
ROUNDS = 40


def scripts() -> list[str]:
    return [
        case["script"]
        for path in sorted(CASES.glob("*.yaml"))
        for case in YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    ]


def damaged(text: str, dice: random.Random) -> str:
    for _ in range(dice.randint(1, 4)):
        place, length = dice.randrange(len(text) + 1), dice.randint(0, 6)
        middle = dice.choice(["", dice.choice(PIECES), text[dice.randrange(len(text) + 1) :][:length]])
        text = text[:place] + middle + text[place + dice.choice([0, length]) :]
    return text


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_script_ends_in_an_error_record_and_not_in_a_fault(seed: int) -> None:
    dice = random.Random(seed)
    listed = scripts()
    for _ in range(ROUNDS):
        text = damaged(dice.choice(listed), dice)
        try:
            asyncio.run(run_script(text, [], None, ScriptLab(), KeptStreams(), limits=Limits(steps=400)))
        except TerminatingError:
            continue  # an error record: what a client gets to see
        except BaseException as fault:
            raise AssertionError(f"seed {seed}: {text!r}") from fault
