"""`make bench`: measure, print the tables, write them into docs/performance.md."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import this_machine
from benchmarks.measure import Effort, Plan, measure, measure_shares
from benchmarks.pages import put_into
from benchmarks.report import BEGIN, END, page
from benchmarks.worker import ROOT

_ROUNDS = 150


def main() -> None:
    """Run the whole plan, or a part of it."""
    options = _options()
    plan = Plan(peers=options.peers.absolute())
    if options.hosts:
        plan = Plan(peers=plan.peers, efforts=tuple(e for e in plan.efforts if e.hosts in options.hosts))
    if options.repetitions:
        plan = Plan(
            peers=plan.peers,
            efforts=tuple(Effort(e.hosts, options.repetitions, 1, 1) for e in plan.efforts),
        )
    machine = this_machine()
    results = sorted(measure(plan, _say), key=lambda result: (result.latency, result.hosts))
    part = page(plan, results, measure_shares(plan, rounds=_ROUNDS), machine, datetime.now(UTC).date())
    print(part)
    if options.write:
        put_into(options.write, part, BEGIN, END)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-bench", help="environment of requirements/bench.txt"
    )
    parser.add_argument("--write", type=Path, help="file that takes the tables between its two marks")
    parser.add_argument("--hosts", type=int, nargs="*", help="only these numbers of hosts (1, 10, 100)")
    parser.add_argument("--repetitions", type=int, help="so many of each, for a quick look")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
