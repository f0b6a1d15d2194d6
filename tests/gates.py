"""`make gates`: one table of the figures the project keeps about itself; fails past a limit.

Each figure comes from tests marked `gate`, which can fail by themselves; here their values are put beside the limits.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    """One figure: how several measurements of it combine, and what is allowed."""

    meaning: str
    limit: str
    combine: Callable[[list[float]], float]
    passes: Callable[[float], bool]


def _at_most(meaning: str, limit: float) -> Gate:
    return Gate(meaning, f"<= {limit:g}", max, lambda value: value <= limit)


def _sum_at_least(meaning: str, limit: float) -> Gate:
    return Gate(meaning, f">= {limit:g}", sum, lambda value: value >= limit)


def _all(meaning: str) -> Gate:
    return Gate(meaning, "100 %", min, lambda value: value >= 100.0)


GATES = {
    "S1": _at_most("host-key applies per key and host", 1),
    "S2": _at_most("runs where ledger and simulated lab disagree", 0),
    "S3": _at_most("state-changing messages of reading commands", 0),
    "S4": _at_most("changes by a second apply on a converged lab", 0),
    "C1": _all("kill points exercised of those that exist"),
    "C2": _all("resumes that reach the uninterrupted end state"),
    "W1": _sum_at_least("kinds of fault at steps of the protocol, met", 60),
    "W2": _at_most("operations that outlive their deadline by 2 s", 0),
    "F1": _at_most("defects that damaged requests found, and shells they left", 0),
    "F2": _at_most("texts that made a reader raise or hang, by coverage", 0),
    "K1": _at_most("secrets found in artifacts, in any of 8 encodings", 0),
    "V1": _at_most('false "activated"', 0),
    "V2": _at_most('false "not activated"', 0),
    "V3": _all("variants under which every verdict is right"),
    "I1": _all("foreign clients that drive the simulated lab"),
    "U1": _at_most("predictions of an upgrade that the world proved wrong", 0),
    "P1.known": _at_most("requests for full facts, host known", 2),
    "P1.first": _at_most("requests for full facts, first time", 4),
    "Q1": _all("YAML errors with exact file:line:column"),
}


def main() -> int:
    """Run the gate tests and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        tests = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "gate", "-n", "2", "--figures", str(path)], check=False
        )
        found: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for name, value, counted in json.loads(path.read_text()):
            found[name].append((value, counted))
    failed = tests.returncode != 0
    print(f"\n{'id':10} {'figure':52} {'value':>8} {'limit':>8}  counted")
    for name, gate in GATES.items():
        if name not in found:
            print(f"{name:10} {gate.meaning:52} {'missing':>8} {gate.limit:>8}  no test recorded it")
            failed = True
            continue
        value = gate.combine([v for v, _ in found[name]])
        good = gate.passes(value)
        failed |= not good
        kinds = sorted({c for _, c in found[name]})
        counted = "; ".join(kinds[:2]) + (f"; and {len(kinds) - 2} more" if len(kinds) > 2 else "")
        print(f"{name:10} {gate.meaning:52} {value:8g} {gate.limit:>8}  {counted}{'' if good else '  PAST ITS LIMIT'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
