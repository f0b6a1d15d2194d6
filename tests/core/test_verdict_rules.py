"""The table of agreement, the table of causes, and that nothing in the verdict is more than its facts allow."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fabric_cases import NOW, fabric_of, inventory_of, ledger_of, load, playbook_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.core.catalogue import codes
from harness.core.model import Reason, Verdict, WitnessName
from harness.core.planning import coverage, make_plan
from harness.core.verdict import RULES, _agreement, causes, code_reason, judge, reason
from harness.core.verdict._agreement import decide
from harness.core.verdict._testimony import Stance, Statement

PRESENT = (
    Stance.ACTIVATED,
    Stance.NOT_ACTIVATED,
    Stance.OTHER_METHOD,
    Stance.EVALUATION,
    Stance.DOUBTFUL,
    Stance.SILENT,
)
PAST = (Stance.SUCCESS, Stance.JUST_NOW, Stance.FAILURE, Stance.STALE, Stance.SILENT)


def said(cim: Stance, dlv: Stance, event: Stance) -> dict[WitnessName, Statement]:
    silent = {name: Statement(name, Stance.SILENT, "") for name in WitnessName}
    return silent | {
        WitnessName.CIM: Statement(WitnessName.CIM, cim, "cim"),
        WitnessName.SLMGR_DLV: Statement(WitnessName.SLMGR_DLV, dlv, "dlv"),
        WitnessName.GUEST_EVENT: Statement(WitnessName.GUEST_EVENT, event, "event"),
    }


def test_every_combination_of_stances_has_a_row() -> None:
    for cim, dlv, event in product(PRESENT, PRESENT, PAST):
        assert decide(said(cim, dlv, event)) in RULES


def test_every_row_is_reached_by_some_combination() -> None:
    reached = {RULES.index(decide(said(*stances))) for stances in product(PRESENT, PRESENT, PAST)}
    assert reached == set(range(len(RULES)))


def test_activated_needs_the_authority_and_no_contradiction() -> None:
    for cim, dlv, event in product(PRESENT, PRESENT, PAST):
        if decide(said(cim, dlv, event)).verdict is Verdict.ACTIVATED:
            assert cim is Stance.ACTIVATED
            assert dlv in {Stance.ACTIVATED, Stance.SILENT, Stance.DOUBTFUL}


def test_not_activated_needs_the_authority_too() -> None:
    for cim, dlv, event in product(PRESENT, PRESENT, PAST):
        if decide(said(cim, dlv, event)).verdict is Verdict.NOT_ACTIVATED:
            assert cim in {Stance.NOT_ACTIVATED, Stance.EVALUATION}
            assert dlv is not Stance.ACTIVATED


def test_no_event_can_make_or_break_an_activation() -> None:
    for cim, dlv in product(PRESENT, PRESENT):
        verdicts = {decide(said(cim, dlv, event)).verdict for event in PAST}
        assert verdicts == {decide(said(cim, dlv, Stance.SILENT)).verdict} or Verdict.ACTIVATED not in verdicts


def test_kvp_never_agrees_with_anything() -> None:
    for verdict in Verdict:
        told = _agreement.testimonies(said(Stance.ACTIVATED, Stance.ACTIVATED, Stance.SUCCESS), verdict, "")
        assert next(t for t in told if t.name is WitnessName.KVP).agrees is None


def test_each_rule_says_why_it_holds() -> None:
    assert all(len(rule.why) > 20 for rule in RULES)


def test_each_cause_is_a_sentence_with_a_next_step() -> None:
    for row in causes().values():
        assert row.subject in {"host", "guest", "plan"}, row.code
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row.code)
        assert row.message.endswith((".", "}"))
        assert row.next_step


def test_a_cause_of_ours_never_shares_its_code_with_one_of_the_catalogue_by_accident() -> None:
    shared = {row.cause for row in codes()} & set(causes())
    assert shared == {"host_not_activated", "not_activated_yet", "no_key"}, "the same word must mean the same thing"


def test_a_missing_value_is_a_loud_mistake() -> None:
    with pytest.raises(KeyError):
        reason("no_access")


@pytest.mark.parametrize("row", codes(), ids=lambda row: row.name)
def test_every_code_of_the_catalogue_becomes_a_cause_with_a_next_step(row: Any) -> None:
    told = code_reason(row.signed, "event 12309")
    assert told == Reason(row.cause, f"{row.meaning} ({row.code} {row.name}, event 12309)", row.next_step)


def _reached() -> set[str]:
    found: set[str] = set()
    for subject in ("verdict", "plan", "canary"):
        for _, case in load(subject):
            fabric, inventory = fabric_of(case), inventory_of(case)
            verdict = judge(fabric, NOW, inventory)
            found |= {r.code for item in (*verdict.hosts, *verdict.guests) for r in item.reasons}
            plan = make_plan(fabric, playbook_of(case), inventory, ledger_of(case), NOW, tags=case.get("tags", ()))
            found |= {blocked.code for blocked in plan.blocked}
            found |= {cause.code for cluster in coverage(fabric, inventory) for cause in cluster.causes}
    return found


def test_every_cause_is_reached_by_some_case() -> None:
    assert set(causes()) - _reached() == set()


def test_every_cause_in_the_code_stands_in_the_table() -> None:
    package = Path(__file__).parents[2] / "harness" / "core"
    used = {
        code
        for room in ("verdict", "planning")
        for path in (package / room).glob("*.py")
        for code in re.findall(r'reason\(\s*"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert used <= set(causes())


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine may be busy with other things; nothing here measures time."""

PIECES = {
    "licence": st.fixed_dictionaries(
        {},
        optional={
            "key": st.sampled_from(["avma", "kms", "mak", "retail", "evaluation", "strange"]),
            "status": st.sampled_from([None, 0, 1, 2, 3, 4, 5, 6, 9]),
            "grace": st.sampled_from([None, -5, 0, 1, 10080, 10081, 2**32 - 1]),
            "granted": st.sampled_from([None, -100, 0, 10080, 10200, 300000]),
            "reason": st.sampled_from([None, 0, 0xC004FD02, -1073414910, 0xC004F034, 0xDEADBEEF]),
        },
    ),
    "dlv": st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {},
            optional={"key": st.sampled_from(["avma", "mak", "kms"]), "status": st.sampled_from([0, 1, 5])},
        ),
        st.fixed_dictionaries(
            {"text": st.sampled_from(["", "\x00\ud800", "License Status: Licensed", "：" * 50, "Name:\r\n"])}
        ),
    ),
    "guest_event": st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {"age": st.sampled_from([None, -50, 0, 1, 500, 20000]), "hr": st.sampled_from([None, 0, 0xC004FD02, 5])}
        ),
    ),
    "host_event": st.one_of(st.none(), st.fixed_dictionaries({"age": st.sampled_from([0, 20000]), "hr": st.just(0)})),
    "data_exchange": st.sampled_from(["ok", "off", "no_contact", None]),
    "release": st.sampled_from(["2012", "2012 R2", "2019", "2022", "2025", None]),
    "edition": st.sampled_from(["Standard", "Datacenter", "Essentials", "Datacenter: Azure Edition", None]),
    "state": st.sampled_from(["running", "off", "paused", "unknown"]),
    "access": st.sampled_from(["winrm", "direct", "none"]),
    "product_type": st.sampled_from([None, 1, 2, 3]),
    "parts": st.sampled_from([{}, {"licences": "access_denied"}, {"licences": None}]),
    "skew": st.sampled_from([0, 90, 50000]),
}
GUESTS = st.fixed_dictionaries({}, optional=PIECES)
HOSTS = st.fixed_dictionaries(
    {},
    optional={
        "flavour": st.sampled_from(["server_datacenter", "server_other", "azure_local", "other", "unknown"]),
        "release": st.sampled_from(["2012", "2019", "2022", "2025", None]),
        "hyperv": st.sampled_from([True, False, None]),
        "licence": st.sampled_from([None, {"status": 0}, {"status": 2}, {"status": None}]),
        "activation": st.sampled_from([None, {"configured": True}, {"configured": False}, {"configured": None}]),
        "licensing": st.sampled_from(["host", "byol", "subscription"]),
        "parts": st.sampled_from([{}, {"licences": "access_denied"}, {"activation": "no_answer"}]),
    },
)


@PATIENT
@given(HOSTS, GUESTS)
def test_whatever_the_facts_a_verdict_keeps_its_promises(host: dict[str, Any], guest: dict[str, Any]) -> None:
    case = {"hosts": {"hv1": host}, "guests": {"web01": guest}}
    fabric = fabric_of(case)
    verdict = judge(fabric, NOW, inventory_of(case))
    (found,) = verdict.guests
    facts = fabric.guests[0].facts
    assert judge(fabric, NOW, inventory_of(case)) == verdict
    assert [w.name for w in found.witnesses] == list(WitnessName)
    assert all(r.message and r.next_step for r in (*found.reasons, *verdict.hosts[0].reasons))
    assert verdict.hosts[0].avma_ready is True or verdict.hosts[0].reasons
    if found.verdict is Verdict.ACTIVATED:
        assert facts is not None
        assert any(r.is_avma and r.status == 1 and 0 < (r.grace_minutes or 0) <= 10080 for r in facts.licences)
    else:
        assert found.reasons
    if found.verdict is Verdict.NOT_ACTIVATED:
        assert facts is not None
        assert not any(r.is_avma and r.status == 1 for r in facts.licences)
