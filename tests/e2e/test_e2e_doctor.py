"""`avma doctor` over the wire: every trouble is found at its own check, with a fix, and nothing is changed."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from harness.sim.jea import role_text

SCHEMA = json.loads(Path("harness/report/schemas/doctor.json").read_text())
WORLD = """
version: 1
name: troubled
domain: lab.example
start: now
hosts:
  - {{name: HV-ONE, os: {{release: "2022", edition: Datacenter}}, {host}, guests: [{guests}]}}
  - {{name: HV-TWO, os: {{release: "2019", edition: Datacenter}}, guests: []}}
"""


def world(host: str = "method: mak", guests: str = "") -> str:
    return WORLD.format(host=host, guests=guests)


def edited(lab, old: str, new: str) -> str:
    """The lab's inventory with one thing changed."""
    path = Path(lab.inventory)
    text = path.read_text()
    assert re.search(old, text), f"{old} is not in the inventory"
    copy = path.with_name("changed.yaml")
    copy.write_text(re.sub(old, new, text, count=1))
    return str(copy)


def checks_of(answer, name: str) -> dict[str, dict]:
    """One machine's checks by name; of several of one name the worst."""
    jsonschema.validate(answer.document, SCHEMA)
    machine = next(m for m in answer.document["machines"] if m["name"].casefold() == name.casefold())
    order = ["ok", "skipped", "warning", "failed"]
    found: dict[str, dict] = {}
    for check in machine["checks"]:
        if check["name"] not in found or order.index(check["state"]) > order.index(found[check["name"]]["state"]):
            found[check["name"]] = check
    return found


def the_one_failure(answer, name: str) -> dict:
    """The machine's only failure. All before it is well, what builds on it is skipped."""
    checks = checks_of(answer, name)
    bad = [check for check in checks.values() if check["state"] == "failed"]
    assert len(bad) == 1, checks
    assert bad[0]["fix"]
    assert "Traceback" not in answer.err
    return bad[0]


@pytest.mark.gate
def test_a_healthy_lab_is_told_so_and_not_changed(open_lab, figure):
    with open_lab() as lab:
        before = lab.changes()
        answer = lab.avma("doctor")
        changed = lab.changes() - before
        figure("S3", changed, "doctor on hosts, WinRM guests and a PowerShell Direct guest")
        assert changed == 0
        assert answer.code == 0, answer.out
        states = {(m["name"], m["state"]) for m in answer.document["machines"]}
        assert ("vault", "ok") in states
        assert ("NODE-A", "ok") in states
        assert ("HV-ONE", "warning") in states
        off = checks_of(answer, "HV-ONE")["data_exchange"]
        assert off["code"] == "data_exchange_off"
        assert "Enable-VMIntegrationService" in off["fix"]
        assert checks_of(answer, "vault")["port"]["state"] == "skipped"
        assert checks_of(answer, "NODE-A")["host_key_command"]["state"] == "ok"
        assert not any(check["state"] == "failed" for m in answer.document["machines"] for check in m["checks"])


def test_only_the_targets_named_are_checked(open_lab):
    with open_lab() as lab:
        answer = lab.avma("doctor", "hv-one", "node-b")
        assert {m["name"] for m in answer.document["machines"] if m["role"] == "host"} == {"HV-ONE", "NODE-B"}
        assert lab.avma("doctor", "no-such-host").code == 5


@pytest.mark.parametrize(
    ("address", "check", "code"),
    [
        ("no-such-host.invalid", "name", "name_not_resolved"),
        ("127.255.255.254", "port", "connect_failed"),
    ],
)
def test_the_way_ends_at_its_check(open_lab, address, check, code):
    with open_lab() as lab:
        inventory = edited(lab, r"(HV-ONE:\s+address: )\S+", rf"\g<1>{address}")
        answer = lab.avma("doctor", inventory=inventory)
        found = the_one_failure(answer, "HV-ONE")
        assert (found["name"], found["code"]) == (check, code)
        assert answer.code == 4
        assert checks_of(answer, "NODE-A")["session"]["state"] == "ok", "the others are checked all the same"


@pytest.mark.parametrize(
    ("flavour", "code", "told"),
    [
        ("expired", "expired", "has expired"),
        ("wrong_name", "wrong_name", "elsewhere.example"),
        ("unknown_ca", "unknown_ca", "not trusted"),
        ("self_signed", "self_signed", "self-signed"),
    ],
)
def test_a_bad_certificate_is_named_for_what_is_bad_about_it(open_lab, flavour, code, told):
    with open_lab(world(host=f"listen: {{certificate: {flavour}}}")) as lab:
        answer = lab.avma("doctor")
        found = the_one_failure(answer, "HV-ONE")
        assert (found["name"], found["code"]) == ("certificate", code)
        assert told in found["seen"]
        assert answer.code == 4


def test_plain_http_has_no_certificate_to_check(open_lab):
    with open_lab(world(host="listen: {https: false}")) as lab:
        checks = checks_of(lab.avma("doctor"), "HV-ONE")
        assert checks["certificate"]["state"] == "skipped"
        assert checks["session"]["state"] == "ok"


def test_a_clock_past_kerberos_tolerance_is_a_warning(open_lab):
    with open_lab(world()) as lab:
        assert checks_of(lab.avma("doctor"), "HV-ONE")["clock"]["state"] == "ok"
        lab.post("/clock", {"advance": "PT6M"})
        clock = checks_of(lab.avma("doctor"), "HV-ONE")["clock"]
        assert (clock["state"], clock["code"]) == ("warning", "clock_skew")
        assert re.search(r"3(59|60|61) s ahead", clock["seen"]), clock["seen"]
        assert "w32tm" in clock["fix"]


def test_a_wrong_password_fails_authentication_and_shows_no_password(open_lab):
    with open_lab(world()) as lab:
        Path(lab.inventory).with_name("host-password").write_text("not-the-password")
        answer = lab.avma("doctor")
        assert the_one_failure(answer, "HV-ONE")["name"] == "authentication"
        assert "not-the-password" not in answer.out + answer.err
        assert answer.code == 4


def test_a_secret_that_cannot_be_had_fails_authentication(open_lab):
    with open_lab(world()) as lab:
        Path(lab.inventory).with_name("host-password").unlink()
        found = the_one_failure(lab.avma("doctor"), "HV-ONE")
        assert (found["name"], found["code"]) == ("authentication", "secret_unavailable")


def test_a_way_to_authenticate_that_is_not_offered_is_told_before_it_is_tried(open_lab):
    with open_lab(world(host="listen: {auth: [Negotiate]}")) as lab:
        inventory = edited(lab, "auth: negotiate", "auth: basic")
        found = the_one_failure(lab.avma("doctor", inventory=inventory), "HV-ONE")
        assert (found["name"], found["code"]) == ("winrm", "scheme_not_offered")
        assert "winrm/config/service/auth" in found["fix"]


def test_a_used_up_quota_fails_the_session(open_lab):
    with open_lab(world()) as lab:
        fault = {"kind": "quota_shells", "machine": "HV-ONE", "action": "Create", "times": 0}
        lab.post("/faults", {"faults": [fault]})
        answer = lab.avma("doctor")
        found = the_one_failure(answer, "HV-ONE")
        assert (found["name"], found["code"]) == ("session", "winrm_quota")
        assert "MaxShellsPerUser" in found["fix"]
        assert answer.code == 4


@pytest.mark.parametrize("refusal", ["empty", "error"])
def test_an_account_without_rights_is_told_what_to_join(open_lab, refusal):
    users = "users: [{username: reader, password: R3ader-of-nothing, administrator: false}]"
    with open_lab(world(host=users), variants={"hyperv_without_rights": refusal}) as lab:
        Path(lab.inventory).with_name("host-password").write_text("R3ader-of-nothing")
        inventory = edited(lab, r"username: LAB\S+", r"username: 'HV-ONE\\reader'")
        answer = lab.avma("doctor", "HV-ONE", inventory=inventory)
        checks = checks_of(answer, "HV-ONE")
        assert checks["authentication"]["state"] == checks["session"]["state"] == "ok"
        assert checks["rights"]["state"] == "failed"
        assert "S-1-5-32-578" in checks["rights"]["fix"]
        assert checks["event_log"]["state"] == "failed"
        assert "S-1-5-32-573" in checks["event_log"]["fix"]
        assert checks["data_exchange"]["state"] == "skipped", "an empty list is no proof"
        assert answer.code == 3


ROLE = "AvmaHarness"


def through_an_endpoint(lab) -> str:
    """The lab's inventory as a user who may open that endpoint and nothing else."""
    Path(lab.inventory).with_name("host-password").write_text("N4rrow-endpoint")
    return edited(lab, r"username: LAB\S+", r"username: 'HV-ONE\\narrow'")


def narrow(role: str) -> str:
    user = "{username: narrow, password: N4rrow-endpoint, administrator: false, remote: false}"
    endpoint = f"{{name: {ROLE}, role: {json.dumps(role)}, users: [narrow]}}"
    host = f"users: [{user}], session_configurations: [{endpoint}], configuration: {ROLE}"
    return world(host=host, guests='{name: web, os: {release: "2022"}, access: none}')


def test_a_restricted_endpoint_is_told_apart_and_is_enough(open_lab):
    with open_lab(narrow(ROLE)) as lab:
        inventory = through_an_endpoint(lab)
        answer = lab.avma("doctor", "HV-ONE", inventory=inventory)
        checks = checks_of(answer, "HV-ONE")
        assert checks["endpoint"]["state"] == "ok", checks["endpoint"]
        assert "restricted (JEA)" in checks["endpoint"]["seen"]
        assert checks["rights"]["state"] == checks["event_log"]["state"] == checks["licence"]["state"] == "ok", checks
        assert answer.code == 0
        assert lab.avma("usage", "--limit", "HV-ONE", inventory=inventory).code == 0
        assert lab.avma("capture", "HV-ONE", inventory=inventory).code == 0


def test_a_role_that_lacks_a_command_is_told_which_one_to_add(open_lab, tmp_path):
    text = role_text(ROLE)
    short = tmp_path / "short.psrc"
    short.write_text(re.sub(r"@\{ Name = 'Get-VMHost' \},?|'Get-VMHost',?", "", text))
    assert short.read_text() != text
    with open_lab(narrow(str(short))) as lab:
        answer = lab.avma("doctor", "HV-ONE", inventory=through_an_endpoint(lab))
        endpoint = checks_of(answer, "HV-ONE")["endpoint"]
        assert (endpoint["state"], endpoint["code"]) == ("failed", "command_missing")
        assert "VisibleCmdlets" in endpoint["fix"]
        assert "Get-VMHost" in endpoint["fix"]
        assert answer.code == 3


def test_a_guest_without_a_script_engine_is_a_warning(open_lab):
    with open_lab(world(guests='{name: bare, os: {release: "2025"}, script_engine: false}')) as lab:
        answer = lab.avma("doctor")
        engine = checks_of(answer, "bare")["script_engine"]
        assert (engine["state"], engine["code"]) == ("warning", "script_engine_missing")
        assert "VBSCRIPT" in engine["fix"]
        assert answer.code == 0


def test_a_guest_at_another_guests_address_is_found_out(open_lab):
    guests = '{name: one, os: {release: "2022"}}, {name: two, os: {release: "2022"}}'
    with open_lab(world(guests=guests)) as lab:
        other = next(e["address"] for e in lab.thread.document["endpoints"] if e["name"] == "two")
        inventory = edited(lab, "guests: {}", f"guests: {{one: {{address: {other}}}}}")
        answer = lab.avma("doctor", inventory=inventory)
        assert checks_of(answer, "one")["identity"]["code"] == "wrong_machine"
        assert checks_of(answer, "two")["identity"]["state"] == "ok"
        assert answer.code == 3


def test_a_node_without_the_module_is_told_to_update(open_lab):
    text = """
version: 1
name: node
clusters:
  - name: AZL
    nodes:
      - name: NODE-A
        os: {family: azure, release: "22H2", edition: Azure Stack HCI, core: true}
        avma_module: none
"""
    with open_lab(text) as lab:
        answer = lab.avma("doctor")
        assert the_one_failure(answer, "NODE-A")["name"] == "host_key_command"
        assert answer.code == 3


def test_the_table_for_people_ends_with_what_to_do(open_lab):
    with open_lab() as lab:
        answer = lab.avma("doctor", "HV-ONE", output="text")
        assert "To do" in answer.out
        assert "Enable-VMIntegrationService" in answer.out
