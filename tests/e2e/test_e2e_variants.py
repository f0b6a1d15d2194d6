"""Right under every answer to what nobody has recorded: each choice of each variant is part of some world here."""

import pytest
from e2e_lab import wrong_verdicts

from harness.sim.variants import REGISTER, Variants

ROUNDS = max(len(entry.choices) for entry in REGISTER.values())


def nth(number: int) -> dict[str, str]:
    """A world in which every variant takes its choice of that number, counted around."""
    return {name: list(entry.choices)[number % len(entry.choices)] for name, entry in REGISTER.items()}


WORLDS = {f"choice-{n}": nth(n) for n in range(ROUNDS)} | {
    f"seed-{seed}": dict(Variants.random(seed)) for seed in range(1, 6)
}


def test_every_choice_is_part_of_some_world():
    told = {(name, choice) for world in WORLDS.values() for name, choice in world.items()}
    assert told == {(name, choice) for name, entry in REGISTER.items() for choice in entry.choices}


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_verdicts_and_keys_are_right_whatever_windows_does(open_lab, figure, world):
    with open_lab(variants=WORLDS[world]) as lab:
        first = lab.avma("onboard", "azl")
        applied = lab.avma("apply", "activate-guests")
        states = {r["state"] for r in (*first.document["results"], *applied.document["results"])}
        wrong = [wrong_verdicts(lab, answer.document["verify"]) for answer in (applied,)]
        sent = {name: tails for name, tails in lab.keys().items() if name.startswith("node")}
        figure("S1", max(len(tails) for tails in sent.values()), "worlds of variants")
        figure("V1", len(wrong[0][0]), "worlds of variants")
        figure("V2", len(wrong[0][1]), "worlds of variants")
        right = wrong == [([], [])] and all(len(tails) == 1 for tails in sent.values())
        figure(
            "V3", 100.0 if right else 0.0, f"{len(WORLDS)} worlds that hold every choice of {len(REGISTER)} variants"
        )
        assert wrong == [([], [])]
        assert all(len(tails) == 1 for tails in sent.values()), sent
        assert states <= {"verified", "accepted", "skipped", "failed", "unverifiable"}, states
        hosts = {host["name"]: host["avma_ready"] for host in applied.document["verify"]["hosts"]}
        assert False not in hosts.values(), applied.document["verify"]["hosts"]
        seen = lab.keys()
        lab.avma("onboard", "azl")
        assert lab.keys() == seen, "a second onboarding sends no key"
