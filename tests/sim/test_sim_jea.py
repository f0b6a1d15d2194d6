"""Restricted endpoints: what a role shows, what NoLanguage mode refuses, who gets in, and who it runs as."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import WinRS
from pypsrp.wsman import WSMan
from sim_world_lab import InMemoryLab, Kept, command, script
from sim_world_topologies import guest, host, lab, node

from harness.sim.jea import RoleError, parse_role, role_text
from harness.sim.lab import LabThread
from harness.sim.machine import Call, Invocation, Session, TerminatingError
from harness.sim.topology import TopologyError, parse_topology

ROLE = r"""@{
    VisibleCmdlets = 'Get-VMHost', 'Microsoft.PowerShell.Utility\Select-Object', 'Get-Cluster*',
        @{ Name = 'Get-VM'; Parameters = @{ Name = 'Name'; ValidateSet = 'web', 'sql' } },
        @{ Name = 'Get-VM'; Parameters = @{ Name = 'Id' } },
        @{ Name = 'Get-VMIntegrationService'; Parameters = @{ Name = 'VMName'; ValidatePattern = 'w.b', 's\w+' } },
        @{ Name = 'Get-Service'; Parameters = @{ Name = 'Name'; ValidateSet = 'vmms'; ValidatePattern = 'win.*' } }
    VisibleFunctions = 'Get-VMAutomaticActivation'
    VisibleAliases = 'gsv'
}"""
STUBS = {
    "Clear-Host", "Exit-PSSession", "Get-Command", "Get-FormatData", "Get-Help", "Measure-Object", "Out-Default",
    "Select-Object",
}  # fmt: skip


def endpoint(role: Path, **more: Any) -> dict[str, Any]:
    return {"session_configurations": [{"name": "Narrow", "role": str(role), **more}]}


@pytest.fixture
def role(tmp_path: Path) -> Path:
    path = tmp_path / "narrow.psrc"
    path.write_text(ROLE)
    return path


@pytest.fixture
def found(role: Path) -> InMemoryLab:
    web, sql, app = guest("web"), guest("sql"), guest("app")
    return lab(host("HV1", guests=[web, sql, app], **endpoint(role)), nodes=(node("N1", **endpoint(role)),))


def ask(found: InMemoryLab, *chain: Call, name: str = "HV1", administrator: bool = True) -> Kept:
    kept = Kept()
    plain = found.session(name, administrator=administrator)
    session = Session(plain.account, plain.shell_id, "narrow")
    asyncio.run(found.computer(name).invoke(session, Invocation((chain,)), kept))
    return kept


def refusal(found: InMemoryLab, *chain: Call) -> str:
    with pytest.raises(TerminatingError) as caught:
        ask(found, *chain)
    return caught.value.record.fq_id


def listed(found: InMemoryLab, name: str = "HV1") -> dict[str, str]:
    shown = ask(found, command("Get-Command"), name=name).values
    return {
        f"{info.get('ModuleName')}\\{info.get('Name')}".lstrip("\\"): str(info.get("CommandType")) for info in shown
    }


def test_get_command_lists_the_stubs_and_the_role_and_nothing_else(found: InMemoryLab) -> None:
    proxies = {"Get-VM", "Get-VMIntegrationService", "Get-Service"}
    assert listed(found) == {
        **dict.fromkeys(STUBS | proxies, "Function"),
        "Hyper-V\\Get-VMHost": "Cmdlet",
        "Microsoft.PowerShell.Utility\\Select-Object": "Cmdlet",
    }


def test_a_wildcard_shows_what_the_computer_has(found: InMemoryLab) -> None:
    more = listed(found, "N1").keys() - listed(found).keys()
    assert more == {
        "FailoverClusters\\Get-Cluster",
        "FailoverClusters\\Get-ClusterGroup",
        "FailoverClusters\\Get-ClusterNode",
        "ServerAVMAManager\\Get-VMAutomaticActivation",
    }


def test_script_text_is_refused_and_so_is_a_command_in_its_callers_scope(found: InMemoryLab) -> None:
    assert refusal(found, script("1")) == "ScriptsNotAllowed"
    assert refusal(found, command("Get-VMHost"), script("$input")) == "ScriptsNotAllowed"
    assert refusal(found, Call("Get-VMHost", local_scope=False)) == "RuntimeException"
    assert ask(found, Call("Get-VMHost", local_scope=True)).values
    assert found.activity["HV1"].commands["(script)"] == 2


@pytest.mark.parametrize(
    "name",
    ["Get-Date", "Get-VMIntegrationServices", "hostname.exe", "cscript", "Hyper-V\\Get-VM", "where", "Invoke-Command"],
)
def test_what_is_not_visible_is_not_found(found: InMemoryLab, name: str) -> None:
    assert refusal(found, command(name)) == "CommandNotFoundException"


def test_a_statement_with_an_invisible_command_does_not_begin(found: InMemoryLab) -> None:
    assert refusal(found, command("Get-VMHost"), command("Where-Object", "Name")) == "CommandNotFoundException"
    assert "Get-VMHost" not in found.activity["HV1"].commands


def test_a_visible_parameter_is_held_to_its_set_or_its_pattern(found: InMemoryLab) -> None:
    failed = "ParameterArgumentValidationError"
    assert [vm.get("Name") for vm in ask(found, command("Get-VM", Name=["WEB", "sql"])).values] == ["web", "sql"]
    assert refusal(found, command("Get-VM", Name=["web", "app"])) == f"{failed},Get-VM"
    services = command("Get-VMIntegrationService", VMName="web")
    assert len(ask(found, services).values) == 6
    assert refusal(found, command("Get-VMIntegrationService", VMName="xweb")) == f"{failed},Get-VMIntegrationService"
    # both given: the pattern counts
    assert ask(found, command("Get-Service", Name="WinRM")).ids == []
    assert refusal(found, command("Get-Service", Name="vmms")) == f"{failed},Get-Service"


def test_other_parameters_are_not_there_but_the_common_ones_are(found: InMemoryLab) -> None:
    assert refusal(found, command("Get-VM", ComputerName="HV2")) == "NamedParameterNotFound,Get-VM"
    vm = found.vm("web")
    assert ask(found, command("Get-VM", Id=vm.id, ErrorAction="Stop")).values


def test_objects_reach_a_proxy_only_through_a_visible_parameter(found: InMemoryLab) -> None:
    kept = ask(found, command("Get-VM", Name="web"), command("Get-VMIntegrationService"))
    assert kept.ids == ["InputObjectNotBound,Get-VMIntegrationService"]
    assert kept.values == []


def test_the_select_object_of_an_endpoint_takes_eleven_names_and_the_full_name_takes_all(found: InMemoryLab) -> None:
    stub = "ParameterArgumentValidationError,Select-Object"
    assert ask(found, command("Get-VMHost"), command("Select-Object", Property=["Name"])).values
    assert refusal(found, command("Get-VMHost"), command("Select-Object", Property=["Name", "State"])) == stub
    missing = "NamedParameterNotFound,Select-Object"
    assert refusal(found, command("Get-VMHost"), command("Select-Object", First=1)) == missing
    full = command("Microsoft.PowerShell.Utility\\Select-Object", Property=["Name", "LogicalProcessorCount"])
    (row,) = ask(found, command("Get-VMHost"), full).values
    assert row.notes.keys() == {"Name", "LogicalProcessorCount"}
    assert ask(found, command("Get-VMHost"), command("select", Property=["Name"])).values


def test_an_alias_is_there_when_the_role_says_so(found: InMemoryLab) -> None:
    assert ask(found, command("gsv", Name="winrm")).ids == []
    assert refusal(found, command("gcim")) == "CommandNotFoundException"


def test_a_virtual_account_is_an_administrator_and_the_user_is_what_he_is(role: Path) -> None:
    for run_as, rows in (("virtual_account", 1), ("user", 0)):
        found = lab(host("HV1", guests=[guest("web")], **endpoint(role, run_as=run_as)))
        kept = ask(found, command("Get-VM", Name="web", ErrorAction="SilentlyContinue"), administrator=False)
        assert len(kept.values) == rows


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Get-VM", "constants only"),
        ("1", "one hashtable"),
        ("@{ VisibleCmdlets = Get-VM }", "constants only"),
        ("@{ VisibleCmdlets = @{ Name = 'Get-VM' } }", "Name and Parameters"),
        ("@{ VisibleCmdlets = @{ Name = 'Get-VM'; Parameters = @{ Nam = 'Id' } } }", "visible parameter"),
        ("@{ FunctionDefinitions = @{ Name = 'f' } }", "functiondefinitions"),
        ("@{ VisibleCmdlets = $env:X }", "constants only"),
        ("@{", "line:1"),
    ],
)
def test_a_role_that_is_none_is_refused_by_name(text: str, complaint: str) -> None:
    with pytest.raises(RoleError, match=complaint):
        parse_role(text)


def test_a_topology_names_the_place_of_a_wrong_role() -> None:
    form = host("HV1", session_configurations=[{"name": "x", "role": "Nobody"}], configuration="y")
    with pytest.raises(TopologyError) as caught:
        parse_topology(json.dumps({"version": 1, "hosts": [form]}), "t.yaml")
    assert len(caught.value.problems) == 2
    assert "there is no role 'Nobody'" in caught.value.problems[0]


# -- over the wire -----------------------------------------------------------------------------------------------------


@contextmanager
def served(tmp_path: Path, role: Path) -> Iterator[LabThread]:
    user = {"username": "narrow", "password": "Narrow-1", "administrator": False, "remote": False}
    reader = {"username": "reader", "password": "Reader-1", "administrator": False}
    form = host("HV1", guests=[guest("web")], users=[user, reader], **endpoint(role, users=["narrow"]))
    topology = parse_topology(json.dumps({"version": 1, "hosts": [form]}), "t.yaml")
    with LabThread(topology, directory=tmp_path / "lab") as thread:
        yield thread


def wsman(lab: LabThread, user: str, password: str) -> WSMan:
    place = next(one for one in lab.document["endpoints"] if one["role"] == "host" and one["scheme"] == "https")
    return WSMan(
        place["address"], port=place["port"], username=user, password=password, auth="ntlm", cert_validation=False
    )


def opened(lab: LabThread, configuration: str, user: str = "narrow", password: str = "Narrow-1") -> list[object]:
    with RunspacePool(wsman(lab, user, password), configuration_name=configuration) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Get-VM").add_parameter("Name", "web")
        shell.add_statement()
        shell.add_script("'text'")
        output = shell.invoke()
        assert [error.fq_error for error in shell.streams.error] == ["ScriptsNotAllowed"]
        assert shell.had_errors
    return output


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_only_those_on_the_access_list_get_in_and_only_there(tmp_path: Path, role: Path) -> None:
    with served(tmp_path, role) as lab:
        assert len(opened(lab, "Narrow")) == 1
        for configuration, user, password in (
            ("Microsoft.PowerShell", "narrow", "Narrow-1"),
            ("Narrow", "reader", "Reader-1"),
        ):
            with pytest.raises(WSManFaultError) as caught:
                opened(lab, configuration, user, password)
            assert caught.value.code == 5
        with pytest.raises(WSManFaultError) as caught:
            opened(lab, "Wide")
        assert caught.value.code == 2150858811
        with pytest.raises(WSManFaultError) as caught, WinRS(wsman(lab, "narrow", "Narrow-1")):
            pass
        assert caught.value.code == 5
        with WinRS(wsman(lab, "reader", "Reader-1")) as shell:
            assert shell.id


def test_the_role_of_the_lab_is_read_as_it_is_written() -> None:
    role = parse_role(role_text("AvmaHarness"))
    by_name = {visible.name: visible.parameters for visible in role.commands}
    assert by_name["Set-VMAutomaticActivation"] is None
    limits = {rule.name: rule for rule in by_name["Get-CimInstance"] or ()}
    assert limits["Namespace"].choices == ("root\\virtualization\\v2",)
    assert not {"Invoke-CimMethod", "Invoke-Command", "Invoke-Expression"} & by_name.keys()
