"""`make campaign`: seeded runs in which the controller is killed or a fault strikes, and their table.

python tests/campaign/campaign.py --seeds 1000 --jobs 2 --write docs/reliability.md
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from campaign_bench import Bench
from campaign_trial import Result, Trouble, attempt

from benchmarks.pages import put_into

BEGIN, END = "<!-- campaign: begin -->", "<!-- campaign: end -->"


def main() -> int:
    """Run the campaign; 0 when every trial held."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=1000, help="How many.")
    options.add_argument("--first", type=int, default=1, help="The first seed.")
    options.add_argument("--jobs", type=int, default=2, help="Labs side by side.")
    options.add_argument("--write", help="Put the table into this file, between its two marks.")
    told = options.parse_args()
    started = time.monotonic()
    results = run(range(told.first, told.first + told.seeds), jobs=told.jobs)
    table = _table(results, minutes=(time.monotonic() - started) / 60)
    sys.stdout.write(f"{table}\n")
    if told.write:
        put_into(Path(told.write), table, BEGIN, END)
    return int(not all(result.good for result in results))


def run(seeds: range, *, jobs: int) -> list[Result]:
    """One trial for each seed, over some labs; failures are told as they come."""
    with tempfile.TemporaryDirectory() as folder:
        benches: SimpleQueue[Bench] = SimpleQueue()
        made = [Bench(_folder(folder, number)) for number in range(jobs)]
        for bench in made:
            benches.put(bench)

        def one(seed: int) -> Result:
            bench = benches.get()
            try:
                result = attempt(bench, Trouble.of(seed))
            finally:
                benches.put(bench)
            if not result.good:
                sys.stderr.write(f"seed {seed}: {result}\n")
            elif seed % 25 == 0:
                sys.stderr.write(f"seed {seed}\n")
            return result

        try:
            with ThreadPoolExecutor(jobs) as pool:
                return list(pool.map(one, seeds))
        finally:
            for bench in made:
                bench.close()


def _folder(parent: str, number: int) -> Path:
    path = Path(parent) / str(number)
    path.mkdir()
    return path


def _table(results: list[Result], *, minutes: float) -> str:
    codes = Counter(result.codes[-1] for result in results)
    causes = Counter(cause for result in results for cause in result.causes)
    bad = [result.seed for result in results if not result.good]
    rows = [
        ("runs (seeds)", f"{len(results)} ({results[0].seed} to {results[-1].seed})"),
        ("controllers killed by SIGKILL", sum(result.killed for result in results)),
        ("runs with faults on the wire", sum(result.faults > 0 for result in results)),
        ("most applies of one key to one host (S1)", max(result.applies for result in results)),
        ("runs where ledger and lab disagree (S2)", sum(bool(result.disagreements) for result in results)),
        ("nodes onboarded", sum(result.onboarded for result in results)),
        ("nodes not onboarded and plainly explained", sum(result.explained for result in results)),
        ("by cause", ", ".join(f"{cause}: {n}" for cause, n in sorted(causes.items())) or "none"),
        ("nodes neither onboarded nor explained", sum(len(result.broken) for result in results)),
        ("runs that took more than one resumption", sum(result.runs > 2 for result in results)),
        ("exit codes of the last run of each", ", ".join(f"{code}: {n}" for code, n in sorted(codes.items()))),
        ("seeds that failed", ", ".join(map(str, bad)) or "none"),
    ]
    lines = ["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    command = f"python tests/campaign/campaign.py {' '.join(sys.argv[1:])}".strip()
    return "\n".join([f"{datetime.now(UTC):%Y-%m-%d}, `{command}`, {minutes:.0f} minutes:", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
