"""The campaign's gate: seeded runs in which the controller dies or a fault strikes, and every seed that ever failed."""

from pathlib import Path

import pytest
from campaign_bench import Bench
from campaign_trial import Trouble, attempt
from ruamel.yaml import YAML

SEEDS = 40
KEPT = Path(__file__).parent.parent / "cases" / "campaign" / "seeds.yaml"


def kept() -> list[int]:
    return [row["seed"] for row in YAML(typ="safe").load(KEPT.read_text())]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with Bench(tmp_path_factory.mktemp("campaign")) as made:
        yield made


@pytest.mark.gate
@pytest.mark.parametrize("seed", sorted({*range(1, SEEDS + 1), *kept()}))
def test_no_key_is_wasted_whatever_strikes_an_onboarding(bench, figure, seed):
    result = attempt(bench, Trouble.of(seed))
    figure("S1", result.applies, "seeded kills and faults")
    figure("S2", len(result.disagreements), "seeded kills and faults")
    assert result.good, result
    assert result.onboarded + result.explained == 3, result


def test_the_same_seed_is_the_same_trouble():
    assert Trouble.of(7) == Trouble.of(7)
    assert Trouble.of(7) != Trouble.of(8)
