"""Rolling upgrades over generated fabrics: every prediction of `avma preflight` against what the world then does.

python tests/upgrade/upgrade_campaign.py --seeds 500 --jobs 2 --write docs/upgrade-validation.md
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from upgrade_fabrics import fabric_of
from upgrade_trial import Trial, attempt

from benchmarks.pages import put_into

BEGIN, END = "<!-- upgrade campaign: begin -->", "<!-- upgrade campaign: end -->"
COMMAND = "python tests/upgrade/upgrade_campaign.py"


def main() -> int:
    """Run the campaign; 0 when no prediction was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=500, help="How many fabrics.")
    options.add_argument("--first", type=int, default=1, help="The first seed.")
    options.add_argument("--jobs", type=int, default=2, help="Fabrics side by side.")
    options.add_argument("--write", help="Put the table into this file, between its two marks.")
    told = options.parse_args()
    started = time.monotonic()
    trials = []
    with ProcessPoolExecutor(told.jobs) as pool:
        for trial in pool.map(one, range(told.first, told.first + told.seeds)):
            trials.append(trial)
            for wrong in trial.wrong:
                sys.stderr.write(f"{wrong}\n")
    shown = table(trials, minutes=(time.monotonic() - started) / 60)
    sys.stdout.write(f"{shown}\n")
    if told.write:
        put_into(Path(told.write), shown, BEGIN, END)
    return int(any(trial.wrong for trial in trials))


def one(seed: int) -> Trial:
    """One fabric."""
    return attempt(fabric_of(seed))


def table(trials: list[Trial], *, minutes: float) -> str:
    """What was predicted how often, and how often wrongly."""
    counts: Counter[str] = Counter()
    for trial in trials:
        counts += trial.counts
    wrong = sum(len(trial.wrong) for trial in trials)
    words = {
        "stays": "stays activated there",
        "lapses": "lapses when its lease ends, to the minute",
        "activates": "will be activated there once it asks",
        "never": "will not be activated there",
        "unaffected": "not by AVMA",
        "unknown": "unknown, and told why",
    }
    rows = [f"| {words[stay]} | {counts[stay]:,} |" for stay in words]
    seeds = f"--first {trials[0].seed} --seeds {len(trials)}"
    head = f"{datetime.now(UTC):%Y-%m-%d}, `{COMMAND} {seeds}`, {minutes:.0f} minutes: {len(trials):,} fabrics, "
    head += f"{sum(counts.values()):,} predictions (one VM on one node after one step), **{wrong} wrong**."
    return "\n".join((head, "", "| prediction | times |", "|---|---:|", *rows))


if __name__ == "__main__":
    sys.exit(main())
