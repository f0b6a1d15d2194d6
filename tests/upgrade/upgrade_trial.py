"""One fabric: validate its upgrade over the wire, then let the world do it and compare every prediction."""

import contextlib
import io
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from upgrade_fabrics import Fabric
from upgrade_world import Course, fate, world_after

from harness.cli import main
from harness.sim.lab import LabThread

__all__ = ["Trial", "attempt", "compare", "forecast"]

Json = dict[str, Any]
OPEN = frozenset(
    {
        "coverage_unknown",
        "licence_unread",
        "host_evaluation",
        "host_in_grace",
        "host_key_unrecorded",
        "host_key_unreadable",
        "hyperv_unknown",
    }
)
"""What may be unknown: nobody has recorded it, or nobody could read the guest."""


@dataclass
class Trial:
    """What became of one fabric: predictions by kind, and each that the world proved wrong."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def predictions(self) -> int:
        return sum(self.counts.values())


def forecast(fabric: Fabric) -> tuple[int, Json, int]:
    """Exit code and document of `avma preflight` over the wire, and the state-changing commands the lab counted."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LabThread(fabric.topology, variants=fabric.variants, directory=Path(folder) / "lab") as lab,
    ):
        words = ["preflight", "--to", fabric.to, "-i", lab.document["inventory"], "--store", f"{folder}/s.db"]
        words += ["--edition", fabric.edition] if fabric.edition else []
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*words, "--output", "json"])
        counters = lab.do(lambda running: running.counters())
        changes = sum(machine["state_changing"] for machine in counters["by_host"].values())
    assert out.getvalue(), err.getvalue()
    return code, json.loads(out.getvalue()), changes


def attempt(fabric: Fabric) -> Trial:
    """Every prediction for every VM on every node in every state, against the world."""
    trial = Trial(fabric.seed)
    code, document, changes = forecast(fabric)
    if changes:
        trial.wrong.append(f"preflight sent {changes} state-changing commands")
    if (code == 7) is not (document["summary"]["blockers"] > 0) and code != 4:
        trial.wrong.append(f"exit code {code} with {document['summary']['blockers']} blockers")
    compare(trial, fabric, document)
    return trial


def compare(trial: Trial, fabric: Fabric, document: Json) -> None:
    """Note every prediction of a preflight document that the fabric's world proves wrong."""
    for pool in document["pools"]:
        guests = [guest for guest in document["guests"] if guest["pool"] == pool["name"]]
        last = pool["steps"][-1]["number"] if pool["steps"] else 0
        for state in range(last + 1):
            for node in pool["nodes"]:
                told = {guest["vm_id"]: span for guest in guests if (span := _span(guest, state, node))}
                there = [guest for guest in guests if guest["vm_id"] in told]
                if there:
                    upgraded = state > 0 and pool["steps"][state - 1]["node"] is None
                    courses = fate(world_after(fabric, pool, guests, state), node, there, upgraded=upgraded)
                    _judge(trial, there, told, courses, f"on {node} in state {state}")


def _judge(trial: Trial, guests: list[Json], told: dict[str, Json], courses: dict[str, Course], where: str) -> None:
    for guest in guests:
        span = told[guest["vm_id"]]
        trial.counts[span["stay"]] += 1
        fault = _fault(span, courses[guest["vm_id"]])
        if fault:
            who = f"{guest['name']} ({guest['release_before']} {guest['edition_before']})"
            trial.wrong.append(f"seed {trial.seed}: {who} {where}: said {span['stay']} {span['code']}, {fault}")


def _span(guest: Json, state: int, node: str) -> Json | None:
    return next((s for s in guest["spans"] if s["node"] == node and s["first"] <= state <= s["last"]), None)


def _fault(span: Mapping[str, Any], course: Course) -> str:
    """What the world did instead; empty where it did as predicted."""
    return _CHECKS[span["stay"]](span, course)


def _stays(_span: Mapping[str, Any], course: Course) -> str:
    return "" if course.began and not course.gone else f"but it fell out by {course.gone[:1]}"


def _activates(_span: Mapping[str, Any], course: Course) -> str:
    return "" if course.held and not course.gone else "but it was not activated"


def _never(_span: Mapping[str, Any], course: Course) -> str:
    return "" if not course.held else "but it was activated"


def _unaffected(_span: Mapping[str, Any], course: Course) -> str:
    return "" if not course.held and not course.began else "but AVMA activated it"


def _lapses(span: Mapping[str, Any], course: Course) -> str:
    until = datetime.fromisoformat(span["until"])
    late = [moment for moment in course.held if moment > until + timedelta(minutes=1)]
    early = [moment for moment in course.gone if moment < until - timedelta(minutes=1)]
    if not course.began or late:
        return f"but it held at {late[:1]}"
    return f"but it was gone at {early[0]}, before {until}" if early else ""


def _unknown(span: Mapping[str, Any], _course: Course) -> str:
    return "" if span["code"] in OPEN else "which is known"


_CHECKS = {
    "stays": _stays,
    "activates": _activates,
    "never": _never,
    "unaffected": _unaffected,
    "lapses": _lapses,
    "unknown": _unknown,
}
