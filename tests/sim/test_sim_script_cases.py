"""Scripts as data: what each puts out, reports, calls, and how it ends."""

import asyncio
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from ruamel.yaml import YAML
from sim_script_host import KeptStreams, ScriptLab

from harness.sim.machine import Parameter, TerminatingError
from harness.sim.objects import Enum, ErrorRecord, Obj
from harness.sim.script import Limits, ScriptNotSupportedError, ScriptParseError, run_script

CASES = Path(__file__).parents[1] / "cases" / "script"
FIELDS = {
    "name",
    "script",
    "parameters",
    "input",
    "output",
    "errors",
    "texts",
    "calls",
    "ends",
    "refused",
    "parse_error",
}


def load() -> list[object]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            assert set(case) <= FIELDS, f"{path.name}: {set(case) - FIELDS}"
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def plain(value: object) -> object:
    """A value as YAML would write it."""
    if isinstance(value, Obj):
        if value.text is not None:
            return value.text
        return {name: plain(one) for name, one in {**value.adapted, **value.notes}.items()}
    if isinstance(value, ErrorRecord):
        return f"error {value.fq_id}"
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, Enum | UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def arguments(case: dict) -> list[Parameter]:
    given = case.get("parameters", {})
    if isinstance(given, list):
        return [Parameter(None, value) for value in given]
    return [Parameter(name, value) for name, value in given.items()]


def run(case: dict, lab: ScriptLab, streams: KeptStreams) -> TerminatingError | None:
    script = run_script(
        case["script"],
        arguments(case),
        case.get("input"),
        lab,
        streams,
        automatic={"env:COMPUTERNAME": "HV01"},
        limits=Limits(steps=3000),
    )
    try:
        asyncio.run(script)
    except TerminatingError as ended:
        return ended
    return None


def refusal(ended: TerminatingError | None) -> dict[str, str]:
    if isinstance(ended, ScriptNotSupportedError):
        return {"refused": f"{ended.construct} line {ended.line}"}
    if isinstance(ended, ScriptParseError):
        return {"parse_error": f"{ended.record.fq_id} line {ended.line}"}
    return {}


@pytest.mark.parametrize("case", load())
def test_a_script_does_what_powershell_does_with_it(case: dict) -> None:
    lab, streams = ScriptLab(), KeptStreams()
    ended = run(case, lab, streams)
    assert refusal(ended) == {key: case[key] for key in ("refused", "parse_error") if key in case}
    if refusal(ended):
        assert not lab.calls, "a refused script must not have run"
        return
    reported = [record.fq_id for record in streams.errors]
    assert (ended.record.fq_id if ended else "", reported) == (case.get("ends", ""), case.get("errors", []))
    assert [plain(value) for value in streams.outputs] == case.get("output", [])
    assert streams.texts == case.get("texts", [])
    if "calls" in case:
        assert lab.calls == case["calls"]
