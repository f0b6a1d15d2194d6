"""The lab over the wire: its document, its control interface, its inventory, real clients on its computers."""

import json
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, WinRS
from pypsrp.wsman import WSMan

from harness.sim.lab import LabThread, serve_in_thread
from harness.sim.topology import demo_topology, parse_topology

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    with serve_in_thread(demo_topology(), directory=tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(lab: LabThread) -> None:
    ask(lab, "POST", "/reset")


def ask(lab: LabThread, method: str, path: str, body: object = None) -> Any:
    status, answer = ask_raw(lab, method, path, None if body is None else json.dumps(body).encode())
    assert status == 200, answer
    return answer


def ask_raw(lab: LabThread, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(f"{lab.document['control']}{path}", method=method, data=body)
    try:
        with OPENER.open(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def endpoint(lab: LabThread, name: str, scheme: str = "https") -> dict[str, Any]:
    [found] = [item for item in lab.document["endpoints"] if (item["name"], item["scheme"]) == (name, scheme)]
    return dict(found)


def connect(lab: LabThread, name: str, auth: str = "negotiate") -> WSMan:
    place = endpoint(lab, name)
    return WSMan(
        place["address"],
        port=place["port"],
        username=place["username"],
        password=place["password"],
        ssl=True,
        auth=auth,
        cert_validation=lab.document["ca"],
        no_proxy=True,
    )


def cmdlet(lab: LabThread, name: str, command: str, **parameters: object) -> list[Any]:
    with connect(lab, name) as wsman, RunspacePool(wsman) as pool, PowerShell(pool) as power:
        power.add_cmdlet(command)
        for key, value in parameters.items():
            power.add_parameter(key, value)
        return list(power.invoke())


def vm(lab: LabThread, name: str) -> dict[str, Any]:
    [found] = [item for one in ask(lab, "GET", "/state")["hosts"] for item in one["vms"] if item["name"] == name]
    return dict(found)


def test_the_document_names_every_computer_that_listens(lab: LabThread) -> None:
    document = lab.document
    assert document["schema"] == "avma/sim/1"
    assert {"pid", "control", "ca", "inventory", "endpoints"} <= set(document)
    needed = {"name", "role", "address", "port", "scheme", "auth", "username", "password"}
    assert all(needed <= set(item) for item in document["endpoints"])
    roles = {item["name"]: item["role"] for item in document["endpoints"]}
    assert roles["HV-BER-01"] == "host"
    assert roles["AZL-N1"] == "node"
    assert roles["srv-web01"] == "guest"
    assert "iso-vault01" not in roles
    assert all(item["address"].startswith("127.") for item in document["endpoints"])


def test_secrets_lie_in_files_that_only_their_owner_reads(lab: LabThread) -> None:
    directory = Path(lab.document["inventory"]).parent
    secrets = [directory / "host-password", directory / "guest-password", *(directory / "keys").iterdir()]
    assert len(secrets) == 5
    for path in secrets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    text = Path(lab.document["inventory"]).read_text(encoding="utf-8")
    for path in secrets:
        assert path.read_text(encoding="utf-8") not in text


def test_the_inventory_reaches_every_guest_by_the_way_it_has(lab: LabThread) -> None:
    from ruamel.yaml import YAML

    inventory = YAML(typ="safe").load(Path(lab.document["inventory"]).read_text(encoding="utf-8"))
    assert set(inventory["hosts"]) == {"HV-BER-01", "HV-MUC-01", "HV-LAB-01"}
    assert {name: node["key"] for name, node in inventory["clusters"]["AZL"]["nodes"].items()} == {
        "AZL-N1": "azl-2022-a",
        "AZL-N2": "azl-2022-b",
        "AZL-N3": "azl-2022-c",
    }
    via = {rule["match"]["name"]: rule["via"] for rule in inventory["guest_access"]}
    assert via == {"iso-vault01": "direct", "lnx-proxy01": "none", "ext-vendor01": "none", "*": "winrm"}
    assert set(inventory["guests"]) == {"srv-sql01", "srv-print01", "srv-mute01", "app-cache01"}


@pytest.mark.parametrize("auth", ["negotiate", "basic"])
def test_a_real_client_runs_a_pipeline(lab: LabThread, auth: str) -> None:
    with connect(lab, "HV-MUC-01", auth) as wsman, RunspacePool(wsman) as pool, PowerShell(pool) as power:
        power.add_cmdlet("Get-VM").add_cmdlet("Select-Object").add_parameter("Property", ["Name", "State"])
        output = power.invoke()
    assert [item.extended_properties["Name"] for item in output][:2] == ["srv-app01", "srv-app02"]
    counters = ask(lab, "GET", "/counters")["by_host"]["HV-MUC-01"]
    assert counters["commands"] == {"Get-VM": 1, "Select-Object": 1}
    assert (counters["state_changing"], counters["shells"]) == (0, 1)
    assert counters["connections"] == (1 if auth == "basic" else 2), "the first answer of 401 closes its connection"
    assert counters["requests"]["Command"] == 1


def test_a_command_shell_runs_slmgr_in_the_guests_language(lab: LabThread) -> None:
    with connect(lab, "app-asia01") as wsman, WinRS(wsman, codepage=65001) as shell:
        process = Process(shell, "cscript", ["//nologo", r"%windir%\System32\slmgr.vbs", "/dlv"])
        process.invoke()
    assert "软件授权服务器版本" in process.stdout.decode()
    assert ask(lab, "GET", "/counters")["by_host"]["app-asia01"]["commands"] == {"slmgr /dlv": 1}


def test_host_keys_show_in_the_state_and_nowhere_whole(lab: LabThread) -> None:
    key = demo_topology().host_keys["azl-2022-a"].key
    cmdlet(lab, "AZL-N1", "Set-VMAutomaticActivation", ProductKey=key)
    state = ask(lab, "GET", "/state")
    [applied] = [host["keys_applied"] for host in state["hosts"] if host["name"] == "AZL-N1"]
    assert [(item["last5"], item["accepted"]) for item in applied] == [(key[-5:], True)]
    assert applied[0]["time"].endswith("Z")
    assert key not in json.dumps(state)
    assert ask(lab, "GET", "/counters")["by_host"]["AZL-N1"]["state_changing"] == 1


def test_the_clock_moves_and_leases_are_renewed_or_run_out(lab: LabThread) -> None:
    before = ask(lab, "GET", "/state")["now"]
    ask(lab, "POST", "/hosts/HV-BER-01/deactivate")
    after = ask(lab, "POST", "/clock", {"advance": "P8D"})["now"]
    assert after > before
    assert vm(lab, "srv-web01")["license"]["status"] == 5
    assert vm(lab, "srv-app02")["license"]["status"] == 1
    ask(lab, "POST", "/hosts/HV-BER-01/activate")
    ask(lab, "POST", "/clock", {"advance": "P1DT1H"})
    assert vm(lab, "srv-web01")["license"]["status"] == 1


def test_a_vm_moves(lab: LabThread) -> None:
    ask(lab, "POST", "/vms/app-mail01/move", {"to": "AZL-N3"})
    names = [item["name"] for item in cmdlet_names(lab, "AZL-N3")]
    assert "app-mail01" in names


def cmdlet_names(lab: LabThread, name: str) -> list[dict[str, Any]]:
    return [item.adapted_properties | {"name": item.adapted_properties["Name"]} for item in cmdlet(lab, name, "Get-VM")]


def test_a_stopped_vm_does_not_answer_until_it_is_started(lab: LabThread) -> None:
    ask(lab, "POST", "/vms/srv-web01/stop")
    with pytest.raises(Exception, match=r"refused|Connection"):
        cmdlet(lab, "srv-web01", "Get-Date")
    ask(lab, "POST", "/vms/srv-web01/start")
    assert len(cmdlet(lab, "srv-web01", "Get-Date")) == 1


def test_a_vm_that_its_host_stops_is_gone_as_well(lab: LabThread) -> None:
    cmdlet(lab, "HV-BER-01", "Stop-VM", Name="srv-web01", Force=True)
    with pytest.raises(Exception, match=r"refused|Connection"):
        cmdlet(lab, "srv-web01", "Get-Date")
    cmdlet(lab, "HV-BER-01", "Start-VM", Name="srv-web01")
    assert len(cmdlet(lab, "srv-web01", "Get-Date")) == 1


def test_a_reboot_ends_the_shells_of_a_host(lab: LabThread) -> None:
    with connect(lab, "HV-MUC-01") as wsman:
        RunspacePool(wsman).open()
        opened = lab.do(lambda running: running.server.open_shells("HV-MUC-01"))
        ask(lab, "POST", "/hosts/HV-MUC-01/reboot")
        left = lab.do(lambda running: running.server.open_shells("HV-MUC-01"))
    assert (opened, left) == (1, 0)


def test_a_key_typed_in_a_guest_is_taken_or_refused_as_slmgr_would(lab: LabThread) -> None:
    datacenter, standard = "W3GNR-8DDXR-2TFRP-H8P33-DV9BG", "YDFWN-MJ9JR-3DYRK-FXXRW-78VHK"
    assert ask(lab, "POST", "/vms/srv-web01/key", {"key": datacenter})["code"] == "0xC004F069"
    assert ask(lab, "POST", "/vms/srv-web01/key", {"key": "no key"})["code"] == "0xC004F050"
    assert ask(lab, "POST", "/vms/srv-web01/key", {"key": standard})["code"] == "0x00000000"


def test_setup_in_a_guest_refuses_avma_keys_and_takes_a_gvlk(lab: LabThread) -> None:
    avma, gvlk = "WWVGQ-PNHV9-B89P4-8GGM9-9HPQ4", "TVRH6-WHNXV-R9WG3-9XRFY-MY832"
    status, answer = ask_raw(lab, "POST", "/vms/srv-web01/upgrade", json.dumps({"to": "2025", "key": avma}).encode())
    assert (status, "AVMA key" in answer["error"]) == (400, True)
    status, answer = ask_raw(lab, "POST", "/vms/srv-web01/upgrade", json.dumps({"to": "2019", "key": gvlk}).encode())
    assert (status, answer["error"]) == (400, "there is no upgrade from 2022 to 2019")
    ask(lab, "POST", "/vms/srv-web01/upgrade", {"to": "2025", "key": gvlk})
    after = vm(lab, "srv-web01")
    assert (after["os_version"], after["license"]["channel"]) == ("2025", "Volume:GVLK")
    assert after["license"]["status"] != 1


def test_a_host_is_emptied_before_its_upgrade_and_keeps_its_activation(lab: LabThread) -> None:
    ask(lab, "POST", "/hosts/AZL-N1/upgrade", {"to": "24H2"})
    hosts = {host["name"]: host for host in ask(lab, "GET", "/state")["hosts"]}
    assert (hosts["AZL-N1"]["os_version"], hosts["AZL-N1"]["vms"]) == ("24H2", [])
    ask(lab, "POST", "/hosts/HV-BER-01/upgrade", {"to": "2025"})
    alone = {host["name"]: host for host in ask(lab, "GET", "/state")["hosts"]}["HV-BER-01"]
    assert (alone["os_version"], alone["activated"], bool(alone["vms"])) == ("2025", True, True)


def test_faults_are_set_listed_and_cleared(lab: LabThread) -> None:
    plan = {"faults": [{"kind": "http_503", "machine": "HV-MUC-01", "action": "Create"}]}
    [fault] = ask(lab, "POST", "/faults", plan)["faults"]
    assert (fault["kind"], fault["struck"]) == ("http_503", 0)
    with pytest.raises(Exception, match="503"):
        cmdlet(lab, "HV-MUC-01", "Get-Date")
    assert ask(lab, "GET", "/faults")["faults"][0]["struck"] == 1
    assert ask(lab, "DELETE", "/faults") == {"faults": []}
    assert len(cmdlet(lab, "HV-MUC-01", "Get-Date")) == 1


def test_a_seeded_plan_can_be_replayed(lab: LabThread) -> None:
    first = ask(lab, "POST", "/faults", {"seed": 7, "count": 5})
    assert len(first["faults"]) == 5
    assert ask(lab, "POST", "/faults", {"seed": 7, "count": 5}) == first


def test_variants_are_listed_and_changed(lab: LabThread) -> None:
    listed = {item["name"]: item for item in ask(lab, "GET", "/variants")["variants"]}
    assert listed["renewal"]["chosen"] == listed["renewal"]["default"]
    ask(lab, "POST", "/variants", {"avma_get_unset": "object", "avma_get_shape": "boolean"})
    assert cmdlet(lab, "AZL-N1", "Get-VMAutomaticActivation") == [False]
    ask(lab, "POST", "/variants", {"avma_get_unset": "nothing", "avma_get_shape": "status_object"})


def test_reset_brings_the_beginning_back(lab: LabThread) -> None:
    state = ask(lab, "GET", "/state")
    key = demo_topology().host_keys["azl-2022-b"].key
    cmdlet(lab, "AZL-N2", "Set-VMAutomaticActivation", ProductKey=key)
    ask(lab, "POST", "/clock", {"advance": "P30D"})
    ask(lab, "POST", "/vms/srv-web01/stop")
    ask(lab, "POST", "/faults", {"faults": [{"kind": "http_500"}]})
    ask(lab, "POST", "/reset")
    again = ask(lab, "GET", "/state")
    assert [host["keys_applied"] for host in again["hosts"]] == [host["keys_applied"] for host in state["hosts"]]
    assert [item["id"] for host in again["hosts"] for item in host["vms"]] == [
        item["id"] for host in state["hosts"] for item in host["vms"]
    ]
    assert again["now"][:13] == state["now"][:13]
    assert all(not counts["commands"] for counts in ask(lab, "GET", "/counters")["by_host"].values())
    assert len(cmdlet(lab, "srv-web01", "Get-Date")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/weather", None, 404),
        ("POST", "/state", b"{}", 405),
        ("POST", "/clock", b"{", 400),
        ("POST", "/clock", b"[]", 400),
        ("POST", "/clock", b'{"advance": "tomorrow"}', 400),
        ("POST", "/vms/nobody/move", b'{"to": "AZL-N1"}', 404),
        ("POST", "/vms/app-mail01/move", b'{"to": "nowhere"}', 404),
        ("POST", "/hosts/nobody/reboot", b"", 404),
        ("POST", "/hosts/HV-BER-01/explode", b"", 404),
        ("POST", "/faults", b'{"faults": [{"kind": "earthquake"}]}', 400),
        ("POST", "/faults", b'{"faults": [{"colour": "red"}]}', 400),
        ("POST", "/faults", b'{"faults": 7}', 400),
        ("POST", "/faults", b'{"seed": "x"}', 400),
        ("POST", "/variants", b'{"colour": "red"}', 400),
    ],
)
def test_a_wrong_request_is_answered_with_a_reason(
    lab: LabThread, method: str, path: str, body: bytes | None, status: int
) -> None:
    found, answer = ask_raw(lab, method, path, body)
    assert found == status
    assert answer["error"]


def test_a_lab_may_listen_on_one_scheme_and_present_a_bad_certificate(tmp_path: Path) -> None:
    text = """
version: 1
hosts:
  - name: PLAIN
    os: {release: "2022", edition: Datacenter}
    listen: {https: false, auth: [Basic], allow_unencrypted: true}
  - {name: STALE, os: {release: "2022", edition: Datacenter}, listen: {certificate: expired}}
"""
    with serve_in_thread(parse_topology(text, "lab.yaml"), directory=tmp_path) as running:
        schemes = sorted((item["name"], item["scheme"]) for item in running.document["endpoints"])
        assert schemes == [("PLAIN", "http"), ("STALE", "http"), ("STALE", "https")]
        with pytest.raises(Exception, match="certificate"):
            cmdlet(running, "STALE", "Get-Date")
        inventory = running.inventory.read_text(encoding="utf-8")
        assert "scheme: http\n" in inventory
        assert "auth: basic" in inventory


def test_two_labs_run_side_by_side(tmp_path: Path) -> None:
    small = parse_topology('version: 1\nhosts: [{name: A, os: {release: "2022"}}]\n', "lab.yaml")
    with (
        serve_in_thread(small, directory=tmp_path / "1") as one,
        serve_in_thread(small, directory=tmp_path / "2") as two,
    ):
        assert one.document["control"] != two.document["control"]
        assert {item["address"] for item in one.document["endpoints"]}.isdisjoint(
            {item["address"] for item in two.document["endpoints"]}
        )


def test_as_a_program_it_prints_its_document_first_and_ends_at_sigterm() -> None:
    code = (
        "from harness.sim.lab import serve; from harness.sim.topology import demo_topology; "
        "serve(demo_topology(), output_json=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            document = json.loads(process.stdout.readline())
            assert document["pid"] == process.pid
            assert Path(document["inventory"]).exists()
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert not Path(document["inventory"]).exists()
