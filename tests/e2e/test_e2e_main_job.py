"""The main job over the wire: plan, onboard, apply, verify, and nothing twice."""

import json
from pathlib import Path

import jsonschema
import pytest
from e2e_lab import wrong_verdicts

SCHEMAS = Path("harness/report/schemas")


def schema(name: str) -> dict:
    return json.loads((SCHEMAS / f"{name}.json").read_text())


def fits(document: dict, name: str) -> None:
    inner = json.dumps(schema("verify"))
    jsonschema.validate(document, json.loads(json.dumps(schema(name)).replace('{"$ref": "avma/verify/1"}', inner)))


@pytest.mark.gate
def test_the_demo_lab_from_first_plan_to_converged(open_lab, figure):
    with open_lab("demo") as lab:
        planned = lab.avma("plan", "activate-guests")
        fits(planned.document, "plan")
        facts = lab.avma("facts")
        fits(facts.document, "facts")
        before = lab.avma("verify")
        assert (planned.code, facts.code, before.code) == (0, 0, 7), planned.err + facts.err
        figure("S3", lab.changes(), "facts, plan and verify on the demo lab")
        assert lab.changes() == 0

        onboarded = lab.avma("onboard", "azl")
        assert {r["state"] for r in onboarded.document["results"]} == {"verified"}
        applied = lab.avma("apply", "activate-guests")
        fits(applied.document, "apply")
        verdict = applied.document["verify"]
        fits(verdict, "verify")
        false_yes, false_no = wrong_verdicts(lab, verdict)
        figure("V1", len(false_yes), "guests of the demo lab")
        figure("V2", len(false_no), "guests of the demo lab")
        assert (false_yes, false_no) == ([], [])

        for guest in verdict["guests"]:
            agreeing = {w["name"] for w in guest["witnesses"] if w["agrees"]}
            assert guest["verdict"] != "activated" or {"cim", "slmgr_dlv"} <= agreeing
            assert guest["verdict"] == "activated" or guest["reasons"][0]["next_step"]
        causes = {g["name"]: g["reasons"][0]["code"] for g in verdict["guests"] if g["verdict"] != "activated"}
        assert causes == {
            "srv-sales01": "evaluation_edition",
            "srv-next01": "host_too_old",
            "srv-kms01": "other_method",
            "srv-mak01": "other_method",
            "lnx-proxy01": "not_a_windows_server_guest",
            "srv-spare01": "guest_off",
            "srv-mute01": "data_exchange_no_contact",
            "ext-vendor01": "no_access",
            "srv-test01": "host_not_activated",
            "srv-test02": "host_not_activated",
            "app-stage01": "host_key_too_old",
        }

        seen = lab.changes()
        again = lab.avma("apply", "activate-guests")
        once_more = lab.avma("onboard", "azl")
        figure("S4", lab.changes() - seen, "second apply and second onboarding of the demo lab")
        assert again.document["results"] == once_more.document["results"] == []
        assert lab.changes() == seen
        figure("S1", max(len(tails) for tails in lab.keys().values()), "hosts of the demo lab")


def test_a_saved_plan_is_carried_out_as_it_was_shown(open_lab, tmp_path):
    with open_lab() as lab:
        shown = lab.avma("plan", "onboard-cluster", "--limit", "azl")
        saved = tmp_path / "plan.json"
        saved.write_text(shown.out)
        done = lab.avma("apply", str(saved), "--limit", "azl")
        assert [r["action_id"] for r in done.document["results"]] == [a["id"] for a in shown.document["actions"]]
        assert {r["state"] for r in done.document["results"]} == {"verified"}, done.document["results"]


def test_a_plan_says_so_with_its_exit_code_when_asked(open_lab):
    with open_lab() as lab:
        assert lab.avma("plan", "activate-guests", "--detailed-exitcode").code == 2
        assert lab.avma("plan", "verify-only", "--detailed-exitcode").code == 0


def test_integration_services_are_toggled_on_every_vm_and_back(open_lab, tmp_path):
    playbook = tmp_path / "off.yaml"
    playbook.write_text(
        "version: 1\nname: off\nsteps:\n  - integration_service: {component: time_synchronization, enabled: false}\n"
    )
    with open_lab() as lab:
        done = lab.avma("apply", str(playbook))
        services = [
            vm["integration_services"]["time_synchronization"]["enabled"]
            for host in lab.get("/state")["hosts"]
            for vm in host["vms"]
        ]
        assert not any(services)
        assert len(done.document["results"]) == len(services)
        assert lab.avma("apply", str(playbook)).document["results"] == []


def test_runs_are_listed_and_a_report_is_written_again(open_lab, tmp_path):
    with open_lab() as lab:
        lab.avma("onboard", "azl", "--report", str(tmp_path / "first"))
        runs = lab.avma("runs").document["runs"]
        assert [run["exit_code"] for run in runs] == [0]
        assert lab.avma("report", "last", "--directory", str(tmp_path / "again")).code == 0
        for name in ("report.html", "junit.xml", "run.json"):
            assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
