"""PowerShell Direct for real: the constant script runs in the simulated lab's script engine, host and guest."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from harness.core.errors import AuthenticationError, ConnectError
from harness.core.model import Auth, Connection
from harness.remoting import (
    Command,
    Credential,
    DirectSession,
    DirectShell,
    PowerShellSession,
    Statement,
    cmd,
    open_powershell,
)
from harness.sim.lab import LabThread, serve_in_thread
from harness.sim.topology import parse_topology

TOPOLOGY = """
version: 1
name: direct
domain: lab.example
start: now
host_account: {username: 'LAB\\operator'}
guest_account: {username: Administrator}
hosts:
  - name: HV1
    os: {release: "2022", edition: Datacenter}
    method: mak
    guests:
      - {name: near, os: {release: "2022"}, key: avma}
      - {name: asleep, os: {release: "2022"}, key: avma, state: "off"}
      - {name: old, os: {release: "2012 R2"}, generation: 1, key: avma}
  - name: HV2
    os: {release: "2022", edition: Datacenter}
    method: mak
    guests:
      - {name: far, os: {release: "2022"}, key: avma}
"""
OS = cmd("Get-CimInstance", ClassName="Win32_OperatingSystem")
SELECT = cmd("Select-Object", Property=["BuildNumber", "ProductType"])
JSON = cmd("ConvertTo-Json", Compress=True, Depth=2)
SECONDS = 20.0


@dataclass
class Direct:
    """A host's session, and what is needed to go on into its guests."""

    host: PowerShellSession
    vm_ids: dict[str, str]
    credential: Credential

    def session(self, name: str, credential: Credential | None = None) -> DirectSession:
        return DirectSession(self.host, self.vm_ids[name], credential or self.credential, target=name)


def into(lab: LabThread) -> Direct:
    ends = {end["name"]: end for end in lab.document["endpoints"]}
    host, guest = ends["HV1"], ends["near"]
    connection = Connection(
        host["address"], host["port"], host["scheme"], Auth.NTLM, "lab", ca=lab.document["ca"], connect_seconds=5.0
    )
    session = open_powershell(connection, Credential(host["username"], SecretStr(host["password"])), target="HV1")
    state = lab.do(lambda running: running.state())
    vm_ids = {vm["name"]: vm["id"] for one in state["hosts"] for vm in one["vms"]}
    return Direct(session, vm_ids, Credential("Administrator", SecretStr(guest["password"])))


@pytest.fixture(scope="module")
def direct() -> Iterator[Direct]:
    with serve_in_thread(parse_topology(TOPOLOGY, "direct.yaml")) as lab:
        direct = into(lab)
        with direct.host:
            yield direct


def test_a_question_is_trimmed_in_the_guest_and_becomes_json_on_the_host_without_the_hops_notes(direct: Direct) -> None:
    result = direct.session("near").run([OS | SELECT | JSON], seconds=SECONDS)
    assert result.errors == ()
    (answer,) = result.output
    assert json.loads(str(answer)) == {"BuildNumber": "20348", "ProductType": 3}


def test_a_bare_command_and_several_statements_answer_in_order(direct: Direct) -> None:
    asked = [Statement((cmd("Get-Date"),)), OS | SELECT | JSON]
    moment, answer = direct.session("near").run(asked, seconds=SECONDS).output
    assert str(moment).startswith("20")
    assert "20348" in str(answer)


def test_an_error_of_the_guest_is_the_guests(direct: Direct) -> None:
    missing = Statement((Command("Get-Service", {"Name": "no-such-service"}),))
    (error, *_) = direct.session("near").run([missing], seconds=SECONDS).errors
    assert "NoServiceFoundForGivenName" in error.fq_id


def test_a_program_in_the_guest_comes_back_line_by_line(direct: Direct) -> None:
    shell = DirectShell(direct.host, direct.vm_ids["near"], direct.credential, target="near")
    result = shell.run("cscript.exe", ["//nologo", r"C:\Windows\System32\slmgr.vbs", "/dlv"], seconds=SECONDS)
    assert result.stdout.startswith("Software licensing service version: 10.0.20348")
    assert "<Obj" not in result.stdout


@pytest.mark.parametrize(
    ("name", "code"),
    [("asleep", "guest_not_running"), ("old", "guest_not_ready"), ("far", "guest_not_on_host")],
)
def test_a_guest_that_cannot_be_entered_says_why(direct: Direct, name: str, code: str) -> None:
    with pytest.raises(ConnectError) as caught:
        direct.session(name).run([OS | SELECT | JSON], seconds=SECONDS)
    assert (caught.value.code, caught.value.target) == (code, name)


@pytest.mark.parametrize("variant", ["broken", "invalid", "create"])
def test_a_wrong_guest_credential_is_told_under_every_variant_of_its_id(variant: str) -> None:
    with serve_in_thread(parse_topology(TOPOLOGY, "direct.yaml"), variants={"direct_bad_credential": variant}) as lab:
        direct = into(lab)
        wrong = direct.session("near", Credential("Administrator", SecretStr("not-the-password")))
        with direct.host, pytest.raises(AuthenticationError, match="guest refused the credential"):
            wrong.run([OS | SELECT | JSON], seconds=SECONDS)
