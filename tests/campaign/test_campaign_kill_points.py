"""A controller that dies at any kill point at all: the resumption reaches the state of a run that was left alone."""

from collections import Counter
from pathlib import Path

import pytest
from campaign_bench import Bench
from campaign_trial import CLUSTER, disagreements

ONE_NODE = Path(__file__).parent.parent / "cases" / "topologies" / "one-node.yaml"
READABLE = {"avma_get_unset": "object"}
"""A node without a key says so: then a key that never left is proven not to have taken. Where it is silent, the key
stays locked and the run says so; the campaign holds that."""


def state_of(bench: Bench) -> dict[str, object]:
    """What is true at the end, in the lab and in the ledger; proven failures count as nothing."""
    return {
        "applied": {node: [key["last5"] for key in keys] for node, keys in bench.nodes().items()},
        "ledger": [(e.host, e.last5, e.state) for e in bench.ledger() if e.state != "failed"],
        "activated": bench.activated(),
    }


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_controller_killed_at_any_point_is_resumed_to_the_same_end(tmp_path, figure):
    with Bench(tmp_path, ONE_NODE) as bench:
        bench.begin(READABLE)
        alone = bench.avma("onboard", CLUSTER, "--forks", "1")
        assert alone.code == 0, alone.err
        wanted = state_of(bench)
        kinds = Counter(point.split()[0] for point in alone.points)
        assert set(kinds) == {"send", "sent", "receive", "write", "commit"}
        killed, same, most, disagreeing = 0, 0, 0, 0
        for number in range(1, len(alone.points) + 1):
            bench.begin(READABLE)
            dead = bench.avma("onboard", CLUSTER, "--forks", "1", kill_at=number)
            killed += dead.killed and dead.points[-1].split()[0] == alone.points[number - 1].split()[0]
            again = ("resume", "last") if bench.has_run() else ("onboard", CLUSTER)
            ending = bench.avma(*again)
            found = state_of(bench)
            assert (ending.code, found) == (0, wanted), f"killed at {number}, {dead.points[-1]}: {ending.err}"
            same += 1
            most = max(most, *(max(Counter(tails).values()) for tails in found["applied"].values()))
            disagreeing += bool(disagreements(bench.nodes(), bench.ledger()))
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    figure("C1", 100 * killed / len(alone.points), f"kill points of an onboarding: {counted}")
    figure("C2", 100 * same / len(alone.points), "resumptions after a kill at each of them")
    figure("S1", most, "resumptions after a kill at each point")
    figure("S2", disagreeing, "resumptions after a kill at each point")
    assert killed == len(alone.points)
