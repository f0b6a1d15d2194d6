"""Verdicts on generated worlds with random variants, histories and faults, each held against the lab's own state.

python tests/verdicts/verdict_campaign.py --guests 10000 --jobs 2 --write docs/verdicts.md
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from verdict_trial import Trial, attempt
from verdict_worlds import world_of

from benchmarks.pages import put_into

BEGIN, END = "<!-- verdict campaign: begin -->", "<!-- verdict campaign: end -->"
COMMAND = "python tests/verdicts/verdict_campaign.py"
_CHUNK = 16


def main() -> int:
    """Run the campaign; 0 when no verdict was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--guests", type=int, default=10_000, help="How many verdicts at least.")
    options.add_argument("--first", type=int, default=1, help="The first seed.")
    options.add_argument("--jobs", type=int, default=2, help="Worlds side by side.")
    options.add_argument("--write", help="Put the table into this file, between its two marks.")
    told = options.parse_args()
    started = time.monotonic()
    trials = run(told.guests, told.first, told.jobs)
    shown = table(trials, told.guests, minutes=(time.monotonic() - started) / 60)
    sys.stdout.write(f"{shown}\n")
    if told.write:
        put_into(Path(told.write), shown, BEGIN, END)
    return int(any(trial.failures for trial in trials))


def run(guests: int, first: int, jobs: int) -> list[Trial]:
    """Worlds from that seed on until so many guests were judged; what is wrong is told as it comes."""
    trials: list[Trial] = []
    with ProcessPoolExecutor(jobs) as pool:
        for start in count(first, _CHUNK):
            for trial in pool.map(one, range(start, start + _CHUNK)):
                trials.append(trial)
                sys.stderr.writelines(f"{failure}\n" for failure in trial.failures)
            judged = sum(trial.guests for trial in trials)
            sys.stderr.write(f"{judged} guests of {len(trials)} worlds\n")
            if judged >= guests:
                return trials
    return trials


def one(seed: int) -> Trial:
    """One world."""
    return attempt(world_of(seed))


def table(trials: list[Trial], guests: int, *, minutes: float) -> str:
    """What was said how often, how often wrongly, and why nothing could be said."""
    verdicts: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    for trial in trials:
        verdicts += trial.verdicts
        causes += trial.causes
    judged = sum(verdicts.values())
    rows = [
        ("guests (worlds)", f"{judged:,} ({len(trials)})"),
        ("worlds struck by faults on the wire (strikes)", _struck(trials)),
        *((f"said {name.replace('_', ' ')}", f"{verdicts[name]:,}") for name in _VERDICTS),
        ('false "activated" (V1)', f"**{sum(len(trial.false_yes) for trial in trials)}**"),
        ('false "not activated" or "not applicable" (V2)', f"**{sum(len(trial.false_no) for trial in trials)}**"),
        ("other untruths: lease, granter, host, an unknown that nothing explains", sum(len(t.wrong) for t in trials)),
        ("unknown by first cause", ", ".join(f"{cause} {n}" for cause, n in causes.most_common()) or "none"),
        ("worlds in which something was wrong", ", ".join(str(t.seed) for t in trials if t.failures) or "none"),
    ]
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, `{COMMAND} --first {trials[0].seed} --guests {guests}`, {minutes:.0f} minutes:"
    )
    return "\n".join([head, "", "| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


_VERDICTS = ("activated", "not_activated", "not_applicable", "unknown")


def _struck(trials: list[Trial]) -> str:
    return f"{sum(trial.struck > 0 for trial in trials)} ({sum(trial.struck for trial in trials):,})"


if __name__ == "__main__":
    sys.exit(main())
