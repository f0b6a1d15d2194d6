"""Cmdlets as data: what a statement puts out, reports, or ends with."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sim_world_lab import InMemoryLab, command
from sim_world_topologies import guest, host, lab, node

from harness.sim.machine import Call, TerminatingError
from harness.sim.objects import Obj

CASES = Path(__file__).parents[1] / "cases" / "sim_cmdlets"
FIELDS = {"name", "on", "given", "chain", "json", "text", "ids", "ends"}


def cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
            assert set(case) <= FIELDS, f"{path.name}: {set(case) - FIELDS}"
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def small_lab() -> InMemoryLab:
    guests = [
        guest("vm", key="avma", licensed=True),
        guest("other", "2019", data_exchange="off"),
        guest("ancient", "2012", key="gvlk"),
        guest("bare"),
    ]
    return lab(host("HV1", guests=guests), nodes=(node("N1"),))


def call_of(form: list[Any]) -> Call:
    named = form[-1] if len(form) > 1 and isinstance(form[-1], dict) else {}
    return command(form[0], *(form[1:-1] if named else form[1:]), **named)


@pytest.mark.parametrize("case", cases())
def test_a_statement(case: dict[str, Any]) -> None:
    found, chain = small_lab(), [call_of(form) for form in case["chain"]]
    given = case.get("given", ())
    name = case.get("on", "HV1")
    if "ends" in case:
        with pytest.raises(TerminatingError) as ended:
            found.ask(name, *chain, given=given)
        assert ended.value.record.fq_id == case["ends"]
        return
    kept = found.ask(name, *chain, given=given)
    assert kept.ids == case.get("ids", [])
    if "text" in case:
        assert kept.values == ([] if case["text"] is None else [case["text"]])
    elif "json" in case:
        as_text = found.ask(name, *chain, command("ConvertTo-Json", Compress=True, Depth=5), given=given)
        assert (json.loads(str(as_text.values[0])) if as_text.values else None) == case["json"]


def test_select_object_makes_custom_objects_named_after_their_origin() -> None:
    found = small_lab()
    picked = command("Select-Object", Property=["Name"])
    origins = {
        "Selected.Microsoft.HyperV.PowerShell.VirtualMachine": found.ask("HV1", command("Get-VM", "vm"), picked),
        "Selected.Microsoft.Management.Infrastructure.CimInstance": found.ask(
            "HV1", command("Get-CimInstance", "Win32_OperatingSystem"), picked
        ),
        "Selected.System.Diagnostics.Eventing.Reader.EventLogRecord": found.ask(
            "HV1", command("Get-WinEvent", LogName="Application", MaxEvents=1), picked
        ),
        "Selected.System.Management.Automation.PSCustomObject": found.ask(
            "HV1", command("Get-VM", "vm"), picked, picked
        ),
    }
    for name, kept in origins.items():
        [value] = kept.values
        assert isinstance(value, Obj)
        assert value.types == (name, "System.Management.Automation.PSCustomObject", "System.Object")
        assert value.adapted == {}


def test_a_terminating_error_takes_the_later_statements_with_it() -> None:
    found = small_lab()
    first, second = command("Get-VM", "vm"), command("Get-ClusterNode")
    with pytest.raises(TerminatingError):
        found.ask_all("HV1", [[first], [second], [first]])
    assert found.activity["HV1"].commands == {"Get-VM": 1}


def test_a_non_terminating_error_does_not() -> None:
    kept = small_lab().ask_all("HV1", [[command("Get-VM", "nobody")], [command("Get-VM", "vm")]])
    assert len(kept.values) == len(kept.errors) == 1


def test_whatif_changes_nothing_and_is_not_counted() -> None:
    found = small_lab()
    chain = (command("Get-VM", "vm"), command("Get-VMIntegrationService"))
    found.ask("HV1", *chain, command("Disable-VMIntegrationService", WhatIf=True))
    assert found.vm("vm").exchanges_data
    assert found.activity["HV1"].state_changing == 0
