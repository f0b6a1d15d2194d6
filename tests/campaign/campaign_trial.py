"""One trial of the campaign: an onboarding with trouble that a seed chooses, its resumption, what must hold then."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from campaign_bench import Bench, Ending

from harness.sim.faults import KINDS, Fault
from harness.sim.variants import REGISTER
from harness.store import LedgerEntry

__all__ = ["Result", "Trouble", "attempt", "disagreements"]

CLUSTER = "azl"
MACHINES = ("NODE-A", "NODE-B", "NODE-C", "APP-A", "APP-B")
_KEY_COMMAND = "Set-VMAutomaticActivation"
_VERBS = (None, "Create", "Command", "Receive", f"Command:{_KEY_COMMAND}", f"Receive:{_KEY_COMMAND}")
_POINTS = 420
"""Kill points of an undisturbed onboarding, and some more: beyond the end nobody is killed."""
_LONGEST = 2.5
"""Seconds of the longest fault, and about those of an onboarding."""
_TURNS = 6


@dataclass(frozen=True)
class Trouble:
    """What goes wrong. ``kills`` are orders to ``Bench.avma``, one for each run in turn; later runs are left alone."""

    seed: int
    variants: dict[str, str]
    faults: tuple[Fault, ...]
    kills: tuple[dict[str, float], ...]

    @classmethod
    def of(cls, seed: int) -> "Trouble":
        """The same trouble for the same seed: a kill, faults, or both; one time in five the resumption dies as well."""
        dice = random.Random(seed)
        kind = dice.choice(("kill", "kill", "fault", "both"))
        faults = tuple(_fault(dice) for _ in range(dice.choice((1, 2, 3)))) if kind != "kill" else ()
        kills = [_kill(dice)] if kind != "fault" else []
        if kills and dice.random() < 0.2:
            kills.append(_kill(dice))
        known = {name: entry for name, entry in REGISTER.items() if name.startswith("avma_")}
        chosen = {name: dice.choice(list(entry.choices)) for name, entry in known.items()}
        variants = {name: entry.default for name, entry in REGISTER.items()} | chosen
        return cls(seed, variants, faults, tuple(kills))

    def __str__(self) -> str:
        kills = [f"killed at {kill}" for kill in self.kills]
        return ", ".join([*kills, *(f"{f.kind} {f.at} {f.machine} {f.action or 'any'}" for f in self.faults)])


def _kill(dice: random.Random) -> dict[str, float]:
    """By the number of a kill point (more often where keys are spent), or by the clock."""
    if dice.random() < 0.5:
        return {"kill_after": round(dice.uniform(0.1, _LONGEST), 3)}
    return {"kill_at": dice.choice((dice.randrange(1, _POINTS), dice.randrange(150, 260)))}


def _fault(dice: random.Random) -> Fault:
    kind = dice.choice([kind for kind in KINDS if kind != "latency"])
    phase = dice.choice(KINDS[kind])
    verb = dice.choice(_VERBS) if phase in ("before", "after") else None
    machine = dice.choice(MACHINES[:3] if verb and _KEY_COMMAND in verb else MACHINES)
    seconds = round(dice.uniform(0.2, _LONGEST), 2)
    return Fault(kind, phase, machine, verb, dice.randrange(4), dice.choice((1, 1, 2)), seconds)


@dataclass
class Result:
    """What a trial showed. ``applies``: the most that any host was sent of one key; ``broken``: what must not be."""

    seed: int
    trouble: str
    faults: int = 0
    killed: int = 0
    runs: int = 0
    applies: int = 0
    onboarded: int = 0
    explained: int = 0
    codes: list[int] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.broken and not self.disagreements and self.applies <= 1


def attempt(bench: Bench, trouble: Trouble) -> Result:
    """Onboard with that trouble, resume until all is well, and compare ledger, lab and documents.

    Faults stay in force until the first run that ends by itself; one that resumes after it meets none, and what it
    does not mend is what it has to explain.
    """
    result = Result(trouble.seed, str(trouble), len(trouble.faults))
    bench.begin(trouble.variants)
    bench.post("/faults", {"faults": [asdict(fault) for fault in trouble.faults]})
    undisturbed = 0
    while True:
        ending = _run(bench, result, trouble)
        if not ending.killed and (ending.code == 0 or undisturbed or result.runs == _TURNS):
            break
        if not ending.killed:
            bench.post("/faults", {"faults": []})
            undisturbed += result.runs >= len(trouble.kills)
    _judge(bench, result, ending)
    return result


def _run(bench: Bench, result: Result, trouble: Trouble) -> Ending:
    """The next run: an onboarding first and where none was begun, else a resumption of the last."""
    words = ("resume", "last") if result.runs and bench.has_run() else ("onboard", CLUSTER)
    kill = trouble.kills[result.runs] if result.runs < len(trouble.kills) else {}
    ending = bench.avma(*words, **kill)  # type: ignore[arg-type]
    result.runs += 1
    result.killed += ending.killed
    result.codes.append(ending.code)
    return ending


def _judge(bench: Bench, result: Result, ending: Ending) -> None:
    nodes, ledger = bench.nodes(), bench.ledger()
    counts = [Counter(key["last5"] for key in keys) for keys in nodes.values()]
    result.applies = max((count for counted in counts for count in counted.values()), default=0)
    result.disagreements = disagreements(nodes, ledger)
    if ending.killed or ending.code in {1, 5, 130} or "Traceback" in ending.err:
        result.broken.append(f"the last run ended with {ending.code}: {ending.err[-400:]}")
        return
    told = _explained(ending.document)
    for node, keys in nodes.items():
        states = [entry.state for entry in ledger if entry.host == node and entry.state != "failed"]
        if any(key["accepted"] for key in keys) and states in (["verified"], ["accepted"]):
            result.onboarded += 1
        elif node in told:
            result.explained += 1
            result.causes += [told[node]]
        else:
            result.broken.append(f"{node} is neither onboarded nor explained (ledger {states}, lab {len(keys)} keys)")


def disagreements(nodes: dict[str, list[dict[str, Any]]], ledger: Iterable[LedgerEntry]) -> list[str]:
    """Where the ledger claims what the lab does not show, or the lab shows what the ledger does not know."""
    entries = list(ledger)
    wrong = []
    for entry in entries:
        in_force = any(key["accepted"] and key["last5"] == entry.last5 for key in nodes.get(entry.host, []))
        later = any(e.id > entry.id and (e.host, e.fingerprint) == (entry.host, entry.fingerprint) for e in entries)
        if entry.state == "verified" and not in_force:
            wrong.append(f"{entry.host}: the ledger calls ...{entry.last5} verified, the lab never took it")
        if entry.state == "failed" and in_force and not later:
            wrong.append(f"{entry.host}: the ledger calls ...{entry.last5} failed, the lab took it")
    known = {(entry.host, entry.last5) for entry in entries}
    wrong += [
        f"{node}: the lab took ...{key['last5']}, of which the ledger knows nothing"
        for node, keys in nodes.items()
        for key in keys
        if (node, key["last5"]) not in known
    ]
    return wrong


def _explained(document: dict[str, Any]) -> dict[str, str]:
    """Targets of which the document says what is the matter and what to do next, with the code of it."""
    items = [*document["results"], *document["verify"]["unreachable"], *document["blocked"]]
    return {item["target"].casefold(): item["code"] for item in items if item.get("message") and item.get("next_step")}
