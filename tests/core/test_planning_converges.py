"""Planning on the facts that a plan would produce plans nothing; and a plan never spends a key twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, ledger_of, load, playbook_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.model import (
    WINDOWS_APPLICATION_ID,
    Action,
    FabricFacts,
    GuestLane,
    HostActivation,
    HostLane,
    Inventory,
    LicenceRecord,
    Plan,
    StepKind,
    VirtualMachine,
)
from harness.core.planning import LedgerView, SpentKey, make_plan

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other things; nothing here measures time."""

World = tuple[FabricFacts, LedgerView]
CASES = load("plan")


def done(world: World, action: Action, inventory: Inventory) -> World:
    """The facts after one action went well, as a lab would show them."""
    fabric, ledger = world
    if action.step is StepKind.HOST_KEY:
        key = inventory.keys[action.arguments["key"]]
        shown = HostActivation(configured=True, last5=key.name[-5:].upper(), version=key.version, raw=())
        hosts = tuple(_keyed(lane, shown) if lane.name == action.host else lane for lane in fabric.hosts)
        mark, identity = ledger.fingerprint(key.name), action.arguments["identity"]
        spent = SpentKey(key.name, mark, identity, key.version, "verified", shown.last5 or "")
        return FabricFacts(hosts, fabric.guests), replace(ledger, entries=(*ledger.entries, spent))
    if action.step is StepKind.SUBSCRIPTION:
        nodes = action.arguments["nodes"].split(",")
        hosts = tuple(_subscribed(lane) if lane.name in nodes else lane for lane in fabric.hosts)
        return FabricFacts(hosts, fabric.guests), ledger
    guests = tuple(_changed(lane, action) if lane.vm.vm_id == action.vm_id else lane for lane in fabric.guests)
    return FabricFacts(fabric.hosts, guests), ledger


def _keyed(lane: HostLane, shown: HostActivation) -> HostLane:
    assert lane.facts is not None
    return replace(lane, facts=replace(lane.facts, activation=shown))


def _subscribed(lane: HostLane) -> HostLane:
    assert lane.facts is not None
    assert lane.facts.subscription is not None
    return replace(lane, facts=replace(lane.facts, subscription=replace(lane.facts.subscription, active=True)))


def _changed(lane: GuestLane, action: Action) -> GuestLane:
    if action.step is StepKind.INTEGRATION_SERVICE:
        return replace(lane, vm=_switched(lane.vm, action))
    if action.step is StepKind.EDITION:
        converted = _licensed_as(lane, status=5, tail=action.arguments["product_key"][-5:])
        assert converted.facts is not None
        assert converted.facts.os is not None
        system = replace(converted.facts.os, edition=action.arguments["edition"], evaluation=False)
        return replace(converted, facts=replace(converted.facts, os=system))
    if action.step is StepKind.GUEST_KEY:
        return _licensed_as(lane, status=5, tail=action.arguments["product_key"][-5:])
    if action.step is StepKind.ACTIVATE:
        return _licensed_as(lane, status=1, tail=None)
    if action.step is StepKind.KVP_CLEANUP:
        assert lane.facts is not None
        return replace(lane, facts=replace(lane.facts, host_values=()))
    return lane


def _switched(vm: VirtualMachine, action: Action) -> VirtualMachine:
    enabled = action.arguments["enabled"] == "true"
    return replace(
        vm,
        services=tuple(
            replace(s, enabled=enabled, status=2 if enabled else 32896)
            if s.component == action.arguments["component"]
            else s
            for s in vm.services
        ),
    )


def _licensed_as(lane: GuestLane, *, status: int, tail: str | None) -> GuestLane:
    assert lane.facts is not None
    assert lane.facts.os is not None
    old = next((r for r in lane.facts.licences if r.is_windows), None)
    record = LicenceRecord(
        application_id=WINDOWS_APPLICATION_ID,
        partial_product_key=tail or (old.partial_product_key if old else None),
        product_key_channel="VT:IA",
        status=status,
        grace_minutes=10080 if status == 1 else 0,
        avma_time=(lane.facts.os.clock or NOW) - timedelta(seconds=5) if status == 1 else None,
    )
    return replace(lane, facts=replace(lane.facts, licences=(record,), dlv=None, events=()))


def plan_of(case: dict[str, Any], world: World, inventory: Inventory) -> Plan:
    return make_plan(world[0], playbook_of(case), inventory, world[1], NOW, tags=case.get("tags", ()))


def work(plan: Plan) -> list[tuple[str, str | None, str]]:
    return [(action.step.value, action.vm_id, action.host) for action in plan.actions]


@pytest.mark.parametrize(("sentence", "case"), CASES, ids=[sentence for sentence, _ in CASES])
def test_a_plan_carried_out_leaves_nothing_to_do(sentence: str, case: dict[str, Any]) -> None:
    inventory = inventory_of(case)
    world = fabric_of(case), ledger_of(case)
    first = plan_of(case, world, inventory)
    for action in first.actions:
        world = done(world, action, inventory)
    assert (work(plan_of(case, world, inventory)) == []) is case.get("once", True)


@pytest.mark.parametrize(("sentence", "case"), CASES, ids=[sentence for sentence, _ in CASES])
def test_a_plan_stopped_anywhere_plans_only_what_is_left(sentence: str, case: dict[str, Any]) -> None:
    inventory = inventory_of(case)
    world = fabric_of(case), ledger_of(case)
    first = plan_of(case, world, inventory)
    for number, action in enumerate(first.actions, start=1):
        world = done(world, action, inventory)
        left = work(plan_of(case, world, inventory))
        assert set(left) <= set(work(first)[number:]) or not case.get("once", True)


NODES = st.fixed_dictionaries(
    {},
    optional={
        "activation": st.sampled_from(
            [
                None,
                {"configured": None},
                {"configured": False},
                {"configured": True},
                {"configured": True, "last5": "AAAAA", "version": "2019"},
                {"configured": True, "last5": "BBBBB", "version": "2025"},
            ]
        ),
        "key": st.sampled_from(["retail", "mak2022", "mak2025", "old", None]),
        "licensing": st.sampled_from(["host", "byol", "subscription"]),
        "flavour": st.sampled_from(["azure_local", "server_datacenter", "unknown"]),
        "computer_name": st.sampled_from(["N1", "N2", "n1"]),
        "failure": st.sampled_from([None, {"code": "connect_failed"}]),
        "hyperv": st.sampled_from([True, False, None]),
    },
)
GUESTS = st.fixed_dictionaries(
    {"host": st.sampled_from(["n1", "n2", "n3"])},
    optional={
        "release": st.sampled_from(["2012 R2", "2019", "2022", "2025"]),
        "data_exchange": st.sampled_from(["ok", "off", "no_contact", None]),
        "licence": st.sampled_from(
            [
                None,
                {"status": 5},
                {"tail": "WMBMW", "status": 5},
                {"key": "kms", "status": 1},
                {"key": "mak", "status": 5},
                {"key": "retail", "status": 0},
                {"key": "evaluation", "status": 1},
            ]
        ),
        "state": st.sampled_from(["running", "off"]),
        "reports": st.just("someone-else"),
    },
)
SPENT = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["retail", "mak2022", "mak2025", "gone"]),
        "host": st.sampled_from(["n1", "n2", "elsewhere"]),
        "state": st.sampled_from(["intent", "verified", "accepted", "unknown", "failed"]),
        "last5": st.sampled_from(["", "AAAAA"]),
    }
)
LABS = st.fixed_dictionaries(
    {
        "hosts": st.fixed_dictionaries({"n1": NODES, "n2": NODES, "n3": NODES}),
        "guests": st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), GUESTS),
        "ledger": st.lists(SPENT, max_size=4),
        "steps": st.lists(
            st.sampled_from(
                [
                    {"host_key": {}},
                    {"host_key": {"accept_key_cost": True}},
                    {"integration_service": {"component": "data_exchange", "enabled": True}},
                    {"guest_key": {}},
                    {"guest_key": {"replace": ["kms", "mak"]}},
                    {"activate": {}},
                    {"wait_for_activation": {}},
                    {"host_activation": {}},
                ]
            ),
            max_size=8,
        ),
        "keys": st.just(
            {
                "retail": {"kind": "retail", "version": "2022"},
                "mak2022": {"kind": "mak", "version": "2022", "activations": 2},
                "mak2025": {"kind": "mak", "version": "2025", "activations": 1},
                "old": {"kind": "mak", "version": "2016", "activations": 9},
            }
        ),
    }
)
_NODE = {
    "release": "23H2",
    "edition": None,
    "licence": None,
    "cluster": "azl",
    "modules": ["ServerAVMAManager"],
    "licensing": "byol",
    "key": "mak2022",
    "activation": {"configured": False},
}


def lab_of(drawn: dict[str, Any]) -> dict[str, Any]:
    hosts = {name: {"flavour": "azure_local", **_NODE, **host} for name, host in drawn["hosts"].items()}
    return drawn | {"hosts": hosts}


@PATIENT
@given(LABS)
def test_whatever_the_lab_a_plan_spends_no_key_twice_and_keeps_within_its_count(drawn: dict[str, Any]) -> None:
    case = lab_of(drawn)
    inventory, ledger = inventory_of(case), ledger_of(case)
    plan = plan_of(case, (fabric_of(case), ledger), inventory)
    sent = [(e.key_name, e.host) for e in ledger.entries if e.state != "failed"]
    sent_here = [(a.arguments["key"], a.arguments["identity"]) for a in plan.actions if a.step is StepKind.HOST_KEY]
    assert len(set(sent_here)) == len(sent_here)
    assert not set(sent_here) & set(sent)
    for name, key in inventory.keys.items():
        planned = sum(used == name for used, _ in sent_here)
        before = sum(used == name for used, _ in sent)
        assert planned == 0 or planned + before <= (key.activations or 1)
    assert not any(a.refundable or a.retry_class.value != "once" for a in plan.actions if a.step is StepKind.HOST_KEY)


@PATIENT
@given(LABS)
def test_whatever_the_lab_a_plan_is_ordered_and_leaves_nothing_to_do(drawn: dict[str, Any]) -> None:
    case = lab_of(drawn)
    inventory = inventory_of(case)
    world = fabric_of(case), ledger_of(case)
    plan = plan_of(case, world, inventory)
    assert plan == plan_of(case, world, inventory)
    assert [a.step_index for a in plan.actions] == sorted(a.step_index for a in plan.actions)
    assert [a.id for a in plan.actions] == [f"a-{n:03d}" for n in range(1, len(plan.actions) + 1)]
    rounds = 0
    while work(plan):
        rounds += 1
        assert rounds <= len(case["steps"]), "steps in the wrong order take one run each, and no more"
        for action in plan.actions:
            world = done(world, action, inventory)
        plan = plan_of(case, world, inventory)


@PATIENT
@given(LABS)
def test_nothing_is_ever_done_inside_a_guest_that_is_off_or_another_machine(drawn: dict[str, Any]) -> None:
    case = lab_of(drawn)
    plan = plan_of(case, (fabric_of(case), ledger_of(case)), inventory_of(case))
    inside = {a.target for a in plan.actions if a.step in {StepKind.GUEST_KEY, StepKind.ACTIVATE}}
    for name, guest in case["guests"].items():
        if guest.get("state") == "off" or "reports" in guest:
            assert name not in inside
