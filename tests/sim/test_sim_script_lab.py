"""Script text over the wire: pypsrp types it, a lab's host runs it, its guests run it by PowerShell Direct."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.complex_objects import PSCredential
from pypsrp.powershell import PowerShell, PSInvocationState, RunspacePool
from pypsrp.wsman import WSMan

from harness.sim.lab import LabThread, serve_in_thread
from harness.sim.topology import demo_topology

DIRECT = Path(__file__).parents[2] / "harness" / "remoting" / "direct.ps1"
Run = Callable[..., PowerShell]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    with serve_in_thread(demo_topology(), directory=tmp_path_factory.mktemp("lab")) as running:
        yield running


def endpoint(lab: LabThread, role: str) -> dict[str, Any]:
    return next(one for one in lab.document["endpoints"] if one["role"] == role and one["scheme"] == "https")


@pytest.fixture(scope="module")
def run(lab: LabThread) -> Iterator[Run]:
    """Runs a script on the lab's host, every time in the same pool."""
    host = endpoint(lab, "host")
    wsman = WSMan(
        host["address"],
        port=host["port"],
        username=host["username"],
        password=host["password"],
        auth="ntlm",
        cert_validation=lab.document["ca"],
        no_proxy=True,
    )
    with wsman, RunspacePool(wsman) as pool:
        pool.exchange_keys()

        def one(text: str, **parameters: object) -> PowerShell:
            shell = PowerShell(pool)
            shell.add_script(text)
            for name, value in parameters.items():
                shell.add_parameter(name, value)
            shell.invoke()
            return shell

        yield one


def ids(shell: PowerShell) -> list[str]:
    return [record.fq_error for record in shell.streams.error]


def guest_of(lab: LabThread, run: Run) -> tuple[uuid.UUID, str, PSCredential]:
    guest = endpoint(lab, "guest")
    found = run("param($Name) (Get-VM -Name $Name).Id", Name=guest["name"]).output
    return found[0], guest["computer_name"], PSCredential(username=guest["username"], password=guest["password"])


def test_an_administrators_report_comes_back_as_lines(run: Run) -> None:
    text = "Get-VM | Where-Object { $_.State -eq 'Running' } | ForEach-Object { '{0} is {1}' -f $_.Name, $_.State }"
    lines = run(text).output
    assert len(lines) > 3
    assert all(line.endswith(" is Running") for line in lines)


def test_calculated_properties_and_aliases_meet_the_cmdlets(run: Run) -> None:
    shell = run("Get-VM | select Name, @{n = 'Up'; e = { $_.State -eq 'Running' }} | sort Name | select -First 1")
    found = shell.output[0].adapted_properties | shell.output[0].extended_properties
    assert found["Up"] is True
    assert run("Get-VM | measure | % Count").output == run("(Get-VM).Count").output


def test_a_pool_keeps_variables_functions_and_the_last_exit_code(run: Run) -> None:
    run("$kept = 5; function Twice($n) { $n * 2 }")
    run("cscript.exe //nologo C:\\Windows\\System32\\slmgr.vbs /xpr | Out-Null")
    assert run("Twice $kept; $LASTEXITCODE").output == [10, 0]
    by_cmdlet = run("Get-Variable -Name kept -ValueOnly")
    assert by_cmdlet.output == [5]


def test_an_unknown_command_costs_its_statement_only(run: Run) -> None:
    shell = run("Get-Nope; 'after'")
    assert (shell.output, ids(shell), shell.state) == (
        ["after"],
        ["CommandNotFoundException"],
        PSInvocationState.COMPLETED,
    )


@pytest.mark.parametrize(
    ("text", "fq_id"),
    [
        ("throw 'bad'", "bad"),
        ("Get-VM -Name nope -ErrorAction Stop; 'never'", "InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM"),
        ("switch (1) { 1 { 2 } }", "ScriptConstructNotSupported"),
        ("if (", "UnexpectedToken"),
    ],
)
def test_what_ends_a_script_fails_the_pipeline(run: Run, text: str, fq_id: str) -> None:
    shell = run(text)
    assert (shell.output, shell.state) == ([], PSInvocationState.FAILED)
    assert fq_id in ids(shell)


@pytest.mark.parametrize("parameters", [{}, None, []], ids=["empty table", "null", "empty list"])
def test_the_constant_script_reaches_into_a_guest(lab: LabThread, run: Run, parameters: object) -> None:
    vm, name, credential = guest_of(lab, run)
    shell = run(
        DIRECT.read_text(), VMId=vm, Credential=credential, Name="hostname", Parameters=parameters, Property=None
    )
    assert ids(shell) == []
    [text] = shell.output  # a string with the notes that Invoke-Command adds
    assert (text.property_sets, text.extended_properties["PSComputerName"]) == ([name], endpoint(lab, "guest")["name"])


def test_the_constant_script_projects_in_the_guest(lab: LabThread, run: Run) -> None:
    vm, _, credential = guest_of(lab, run)
    shell = run(
        DIRECT.read_text(),
        VMId=vm,
        Credential=credential,
        Name="Get-CimInstance",
        Parameters={"ClassName": "Win32_OperatingSystem"},
        Property=["Version", "Caption"],
    )
    found = shell.output[0].adapted_properties | shell.output[0].extended_properties
    assert found["Version"].startswith("10.0.")
    assert {"Caption", "PSComputerName"} <= set(found)
    assert "BuildNumber" not in found


def test_the_constant_script_with_a_wrong_password_says_so_and_runs_nothing(lab: LabThread, run: Run) -> None:
    vm, _, _ = guest_of(lab, run)
    wrong = PSCredential(username="Administrator", password="wrong")
    shell = run(DIRECT.read_text(), VMId=vm, Credential=wrong, Name="hostname", Parameters=None, Property=None)
    assert shell.output == []
    assert len(ids(shell)) == 1
