"""Unmodified pypsrp and pywinrm against the protocol rooms, over Basic."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import winrm
from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, SignalCode, WinRS
from sim_protocol_lab import PASSWORD, USER, Lab, LoopThread, start_lab

NASTY = "hé😀\n\t_x0041_ _X000A_ <&>\"' \ud83d ]]> \x7f\x85"


@pytest.fixture(scope="module")
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def lab(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Lab]:
    lab = start_lab(loop_thread, tmp_path)
    yield lab
    lab.close()


@pytest.fixture(params=[True, False], ids=["https", "http"])
def pool(request: pytest.FixtureRequest, lab: Lab) -> Iterator[RunspacePool]:
    with RunspacePool(lab.wsman(secure=request.param)) as pool:
        yield pool


def invoke(pool: RunspacePool, name: str, *arguments: object) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_cmdlet(name)
    for argument in arguments:
        shell.add_argument(argument)
    shell.invoke()
    return shell


def test_a_text_with_every_nasty_character_comes_back_as_it_went(pool: RunspacePool) -> None:
    text = NASTY.replace("\ud83d", "")
    assert invoke(pool, "Write-Output", text).output == [text]


def test_primitive_values_come_back_with_their_types(pool: RunspacePool) -> None:
    values = [None, True, 5, UUID(int=7), b"\x00\xff", ["a", 1], {"key": "value"}]
    assert invoke(pool, "Write-Output", *values).output == values


def test_a_raw_object_shows_its_enum_and_its_nested_object_as_text(pool: RunspacePool) -> None:
    thing = invoke(pool, "Get-Thing").output[0]
    assert thing.types == ["Demo.Thing", "System.Object"]
    assert thing.to_string == "Demo.Thing (web 01)"
    assert thing.adapted_properties["State"] == "Running"
    assert thing.adapted_properties["Disk"] == "Demo.Disk"
    assert thing.adapted_properties["Notes"] == ["a", "Demo.Disk"]


def test_a_selected_object_keeps_the_enums_number_and_the_nested_properties(pool: RunspacePool) -> None:
    thing = invoke(pool, "Get-SelectedThing").output[0]
    assert thing.adapted_properties == {}
    assert str(thing.extended_properties["State"]) == "Running"
    assert thing.extended_properties["State"].property_sets == [2]
    assert thing.extended_properties["Disk"].adapted_properties == {"Path": "C:\\a.vhdx", "Size": 5}
    assert thing.extended_properties["Notes"][1].adapted_properties["Size"] == 5


def test_every_stream_arrives_in_its_own_place(pool: RunspacePool) -> None:
    shell = invoke(pool, "Write-Streams", "said")
    assert [str(record.message) for record in shell.streams.warning] == ["said"]
    assert [str(record.message) for record in shell.streams.verbose] == ["said"]
    assert [str(record.message) for record in shell.streams.debug] == ["said"]
    assert [record.message_data for record in shell.streams.information] == ["said"]
    assert shell.state == PSInvocationState.COMPLETED


def test_a_non_terminating_error_leaves_the_pipeline_completed(pool: RunspacePool) -> None:
    shell = invoke(pool, "Write-Error", "it broke")
    record = shell.streams.error[0]
    assert (shell.state, shell.had_errors) == (PSInvocationState.COMPLETED, False)
    assert str(record) == "it broke"
    assert record.fq_error == "Echo,Microsoft.PowerShell.Commands.EchoCommand"
    assert record.category == 13
    assert record.target_name == "thing"
    assert record.exception.types[0] == "System.Management.Automation.ItemNotFoundException"
    assert record.exception.adapted_properties["HResult"] == 0xC004F00F - 2**32


def test_a_terminating_error_fails_the_pipeline_and_silences_what_follows(pool: RunspacePool) -> None:
    shell = PowerShell(pool)
    shell.add_cmdlet("Write-Output").add_argument("before").add_statement()
    shell.add_cmdlet("Throw").add_argument("enough").add_statement()
    shell.add_cmdlet("Write-Output").add_argument("after")
    shell.invoke()
    assert (shell.state, shell.had_errors) == (PSInvocationState.FAILED, True)
    assert shell.output == ["before"]
    assert str(shell.streams.error[0]) == "enough"


def test_a_defect_of_the_machine_reaches_the_client_as_an_error(pool: RunspacePool) -> None:
    shell = invoke(pool, "Break")
    assert shell.state == PSInvocationState.FAILED
    assert shell.streams.error[0].fq_error == "SimulatedLabDefect"


def test_statements_and_parameters_arrive_as_they_were_given(lab: Lab) -> None:
    with RunspacePool(lab.wsman()) as pool:
        shell = PowerShell(pool)
        shell.add_cmdlet("Write-Output").add_parameter("InputObject", "x").add_argument(1).add_parameter("Quiet")
        shell.add_cmdlet("Get-Thing").add_statement().add_cmdlet("Get-Thing")
        shell.invoke()
    first, second = lab.machine.seen[0].statements
    assert [call.name for call in first] == ["Write-Output", "Get-Thing"]
    assert [(one.name, one.value) for one in first[0].parameters] == [("InputObject", "x"), (None, 1), ("Quiet", None)]
    assert [call.name for call in second] == ["Get-Thing"]


def test_pypsrp_runs_a_program_in_the_command_shell(lab: Lab) -> None:
    with WinRS(lab.wsman()) as shell:
        process = Process(shell, "echo", ["hi", "you"])
        process.invoke()
        process.signal(SignalCode.CTRL_C)
    assert (process.rc, process.stdout, process.stderr) == (0, b"echo hi you\r\n", b"")


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
def test_pywinrm_runs_a_program_in_five_requests(lab: Lab, secure: bool) -> None:
    transport = "ssl" if secure else "plaintext"
    session = winrm.Session(
        lab.url(secure=secure), auth=(USER, PASSWORD), transport=transport, ca_trust_path=str(lab.authority.path)
    )
    response = session.run_cmd("fail", ["3"])
    session.protocol.transport.close_session()
    assert (response.status_code, response.std_out, response.std_err) == (3, b"", b"no\r\n")
    assert dict(lab.counters.requests) == {"Create": 1, "Command": 1, "Receive": 1, "Signal": 1, "Delete": 1}


def test_an_invoke_on_an_open_pool_takes_two_requests(lab: Lab) -> None:
    with RunspacePool(lab.wsman()) as pool:
        lab.counters.clear()
        invoke(pool, "Write-Output", "x")
        assert dict(lab.counters.requests) == {"Command": 1, "Receive": 1}
        assert lab.counters.commands == {"Write-Output": 1}


def test_wrong_passwords_are_refused_with_401(lab: Lab) -> None:
    import requests

    answer = requests.post(lab.url(secure=False), data=b"x", auth=(USER, "wrong"), timeout=10)
    assert answer.status_code == 401
    assert answer.reason == ""
    assert answer.headers["WWW-Authenticate"] == 'Negotiate, Basic realm="WSMAN"'
    assert answer.headers["Server"] == "Microsoft-HTTPAPI/2.0"
    assert answer.headers["Connection"] == "close"
    assert lab.counters.unauthorized == 1


def test_identify_needs_no_authentication(lab: Lab) -> None:
    import requests

    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
        "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
    )
    answer = requests.post(lab.url(secure=False), data=body, headers={"WSMANIDENTIFY": "unauthenticated"}, timeout=10)
    assert answer.status_code == 200
    assert "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>" in answer.text
    assert lab.counters.requests["Identify"] == 1
