"""A guest is read by CIM and witnessed by slmgr; work in it goes through slmgr where that can run."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

import harness.windows
from harness.core.catalogue import avma_key
from harness.core.errors import DeadlineError, RemoteError
from harness.core.model import (
    WINDOWS_APPLICATION_ID,
    GuestAccess,
    GuestFacts,
    LicenceRecord,
    RetryClass,
    VirtualMachine,
    VmState,
)
from harness.remoting import Credential, DirectShell, ShellResult
from harness.remoting.decode import EnumValue
from harness.remoting.fake import Answer, FakeSession, FakeShell, error
from harness.remoting.pipeline import Statement
from harness.windows import (
    OPERATIONS,
    activate_guest,
    clear_guest_key,
    gather_guest,
    install_guest_key,
    read_guest_licence,
    uninstall_guest_key,
)

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
VM = "ab6c0e5d-9c41-4b7a-9a3b-1f0f2c3d4e5f"
MACHINE = VirtualMachine(VM, "web01", VmState.RUNNING, "hv01")
CIM = "Microsoft.Management.Infrastructure.CimCmdlets."
ROW = avma_key("2022", "Standard")
assert ROW is not None
KEY = ROW.key

SYSTEM = {"BuildNumber": "20348", "OperatingSystemSKU": 7, "ProductType": 3, "CSName": "WEB01", "LocalDateTime": NOW}
LICENCE = {
    "ApplicationID": WINDOWS_APPLICATION_ID,
    "LicenseStatus": 1,
    "ProductKeyChannel": "VT:IA",
    "PartialProductKey": "78VHK",
    "GracePeriodRemaining": 9000,
    "AutomaticVMActivationLastActivationTime": NOW,
}
DLV = (
    "Name: Windows(R), ServerStandard edition\r\nDescription: Windows(R) Operating System, "
    "VIRTUAL_MACHINE_ACTIVATION channel\r\nPartial Product Key: 78VHK\r\nLicense Status: Licensed\r\n"
)
ACTIVATING = "Activating Windows(R), ServerStandard edition (ac1a9d9f-1dc6-4d8b-9e24-a9d1e0b2f1a1) ...\r\n"
NO_EVENTS = error("NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand")
NO_ENGINE = 'Input Error: Can not find script engine "VBScript" for script "C:\\Windows\\System32\\slmgr.vbs".\r\n'
GONE = [
    ShellResult(1, "", NO_ENGINE),
    ShellResult(1, "", "Eingabefehler: Das Skriptmodul „VBScript“ für das Skript wurde nicht gefunden.\r\n"),
    ShellResult(1, 'Input Error: Can not find script file "C:\\Windows\\System32\\slmgr.vbs".\r\n', ""),
    ShellResult(9009, "", 'Der Befehl "cscript.exe" ist entweder falsch geschrieben ...\r\n'),
    ShellResult(None, "", NO_ENGINE),
]


def cim(statement: Statement) -> object:
    return [LICENCE] if "Query" in statement.commands[0].parameters else [SYSTEM]


def guest(**changes: object) -> FakeSession:
    answers: dict[str, object] = {
        "Get-CimInstance": cim,
        "Get-WinEvent": Answer(
            errors=[error("NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand")]
        ),
        "Get-ItemProperty": [{"VirtualMachineId": VM.upper()}],
        "Invoke-CimMethod": [{"ReturnValue": 0}],
    }
    for name, answer in changes.items():
        answers[next((key for key in answers if key.replace("-", "") == name), name.replace("Get", "Get-"))] = answer
    return FakeSession(answers, target="web01")  # type: ignore[arg-type]


def gather(session: FakeSession, shell: FakeShell | None = None) -> GuestFacts:
    return gather_guest(session, shell, MACHINE, GuestAccess.WINRM, clock=lambda: NOW, seconds=30)  # type: ignore[arg-type]


def test_a_guest_is_read_in_one_pipeline_and_one_program() -> None:
    session, shell = guest(), FakeShell({"/dlv": ShellResult(0, DLV, "")})
    facts = gather(session, shell)
    assert len(session.ran) == len(shell.ran) == 1
    assert facts.reachable
    assert facts.os is not None
    assert (facts.os.release, facts.os.edition) == ("2022", "Standard")
    assert facts.licences[0].avma_time == NOW
    assert facts.dlv == DLV
    assert facts.reported_vm_id == VM
    assert facts.script_engine is True
    assert all(state.ok for state in facts.parts.values())
    assert shell.ran[0].endswith("cscript.exe //nologo %windir%\\System32\\slmgr.vbs /dlv")


def test_what_is_sent_to_a_guest_passes_through_powershell_direct() -> None:
    carried: list[tuple[Statement, ...]] = []
    session = guest()
    gather(session)
    carried = session.ran
    for statement in carried[0]:
        first, trim, *rest = statement.commands
        assert trim.name == "Select-Object"
        assert set(trim.parameters) == {"Property"}
        assert not (first.parameters and first.arguments)
        assert [command.name for command in rest] == ["ConvertTo-Json"]


def test_a_guest_that_hyper_v_never_wrote_into_has_no_reported_id() -> None:
    missing = Answer(errors=[error("PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand")])
    facts = gather(guest(GetItemProperty=missing))
    assert facts.reported_vm_id is None
    assert facts.parts["parameters"].ok


@pytest.mark.parametrize("result", GONE, ids=lambda result: str(result.exit_code))
def test_a_guest_without_a_script_engine_is_recognised_in_any_language(result: ShellResult) -> None:
    facts = gather(guest(), FakeShell({"/dlv": result}))
    assert facts.script_engine is False
    assert facts.parts["dlv"].code == "script_engine_missing"
    assert facts.licences, "CIM does not need the engine"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ShellResult(0, "", ""), "remote_command_failed"),
        (ShellResult(-2147024891, "Fehler: 0x80070005 Zugriff verweigert", ""), "remote_command_failed"),
        (DeadlineError("too late"), "deadline_exceeded"),
    ],
)
def test_a_trouble_of_the_shell_costs_dlv_alone(answer: ShellResult | DeadlineError, code: str) -> None:
    facts = gather(guest(), FakeShell({"/dlv": answer}))
    assert facts.parts["dlv"].code == code
    assert facts.script_engine is None
    assert facts.licences


def test_without_a_shell_dlv_is_unknown_for_that_reason() -> None:
    facts = gather(guest())
    assert (facts.dlv, facts.script_engine, facts.parts["dlv"].code) == (None, None, "no_shell")


def test_a_guest_with_powershell_2_is_called_too_old() -> None:
    found = [
        {"Name": n, "CommandType": EnumValue("Cmdlet", 8)}
        for n in ("Select-Object", "Get-WinEvent", "Get-ItemProperty")
    ]
    session = guest(GetCimInstance=None, GetCommand=found)
    session.answers = {k: v for k, v in session.answers.items() if v is not None}  # type: ignore[union-attr]
    session.answers["Get-Command"] = found  # type: ignore[index]
    facts = gather(session)
    assert facts.os is None
    assert facts.parts["os"].code == "powershell_too_old"
    assert facts.parts["licences"].code == "command_missing"
    assert facts.reported_vm_id == VM


def test_a_session_that_answers_nothing_is_not_reachable_and_no_program_is_tried() -> None:
    broken = error("Whatever,Microsoft.PowerShell.Commands.InvokeCommandCommand")
    shell = FakeShell({"/dlv": ShellResult(0, DLV, "")})
    facts = gather(FakeSession([(lambda _: True, Answer(errors=[broken]))]), shell)
    assert not facts.reachable
    assert {state.code for state in facts.parts.values()} == {"command_failed"}
    assert shell.ran == []


def test_the_licence_is_read_back_by_cim_alone() -> None:
    session = guest()
    found = read_guest_licence(session, seconds=5)
    assert isinstance(found, LicenceRecord)
    assert found.partial_product_key == "78VHK"
    assert session.commands == ["Get-CimInstance", "Select-Object", "ConvertTo-Json"]


def test_a_guest_without_a_key_has_no_licence_and_an_unreadable_one_raises() -> None:
    assert read_guest_licence(guest(GetCimInstance=[]), seconds=5) is None
    denied = Answer(errors=[error(f"HRESULT 0x80041003,{CIM}GetCimInstanceCommand", "Zugriff verweigert")])
    with pytest.raises(RemoteError) as caught:
        read_guest_licence(guest(GetCimInstance=denied), seconds=5)
    assert caught.value.code == "access_denied"


INSTALLED = ShellResult(0, f"Installed product key {KEY} successfully.\r\n", "")
ACTIVATED = ShellResult(
    0,
    f"{ACTIVATING}Product activated successfully.\r\n",
    "",
)

Act = Callable[[FakeSession, FakeShell | None, bool], str]


def install(session: FakeSession, shell: FakeShell | None, engine: bool) -> str:
    return install_guest_key(session, shell, KEY, script_engine=engine, seconds=5)  # type: ignore[arg-type]


def activate(session: FakeSession, shell: FakeShell | None, engine: bool) -> str:
    return activate_guest(session, shell, script_engine=engine, seconds=5)  # type: ignore[arg-type]


def uninstall(session: FakeSession, shell: FakeShell | None, engine: bool) -> str:
    return uninstall_guest_key(session, shell, script_engine=engine, seconds=5)  # type: ignore[arg-type]


def clear(session: FakeSession, shell: FakeShell | None, engine: bool) -> str:
    return clear_guest_key(session, shell, script_engine=engine, seconds=5)  # type: ignore[arg-type]


ACTS = [
    (install, f"/ipk {KEY}", INSTALLED, ["InstallProductKey", "RefreshLicenseStatus"]),
    (activate, "/ato", ACTIVATED, ["Activate", "RefreshLicenseStatus"]),
    (
        uninstall,
        "/upk",
        ShellResult(0, "Uninstalled product key successfully.\r\n", ""),
        ["UninstallProductKey", "RefreshLicenseStatus"],
    ),
    (clear, "/cpky", ShellResult(0, "", ""), ["ClearProductKeyFromRegistry"]),
]


@pytest.mark.parametrize(("act", "line", "result", "methods"), ACTS)
def test_work_goes_through_slmgr_where_it_can_run(act: Act, line: str, result: ShellResult, methods: list[str]) -> None:
    session, shell = guest(), FakeShell({line: result})
    assert act(session, shell, True) == result.stdout
    assert shell.ran[0].endswith(f"slmgr.vbs {line}")
    assert session.ran == []


@pytest.mark.parametrize(("act", "line", "result", "methods"), ACTS)
def test_work_goes_through_cim_where_no_engine_is_known_to_be(
    act: Act, line: str, result: ShellResult, methods: list[str]
) -> None:
    session, shell = guest(), FakeShell({line: result})
    assert act(session, shell, False) == ""
    assert shell.ran == []
    assert [call.parameters["MethodName"] for call in session.calls("Invoke-CimMethod")] == methods
    assert len(session.ran) == 1


@pytest.mark.parametrize(("act", "line", "result", "methods"), ACTS)
def test_work_falls_back_to_cim_where_the_engine_turns_out_to_be_gone(
    act: Act, line: str, result: ShellResult, methods: list[str]
) -> None:
    session, shell = guest(), FakeShell({line: GONE[0]})
    assert act(session, shell, True) == ""
    assert len(session.calls("Invoke-CimMethod")) == len(methods)


def test_the_key_travels_as_an_argument_table() -> None:
    session = guest()
    install(session, None, True)
    assert session.calls("Invoke-CimMethod")[0].parameters["Arguments"] == {"ProductKey": KEY}


@pytest.mark.parametrize(
    ("result", "hresult"),
    [
        (ShellResult(-1073418135, "Error: 0xC004F069 On a computer running ...", ""), 0xC004F069),
        (
            ShellResult(0, "Error: 0xC004FD02 On a computer running ...", ""),
            0xC004FD02,
        ),
        (ShellResult(None, "Fehler: 0xC004FD02 ...", ""), 0xC004FD02),
        (
            ShellResult(
                0,
                f"{ACTIVATING}Error: Product activation failed.\r\n",
                "",
            ),
            None,
        ),
    ],
)
def test_an_exit_code_of_0_is_not_taken_for_success(result: ShellResult, hresult: int | None) -> None:
    with pytest.raises(RemoteError) as caught:
        activate(guest(), FakeShell({"/ato": result}), True)
    assert caught.value.hresult == hresult
    assert caught.value.target == "fake"
    assert caught.value.hint


@pytest.mark.parametrize(
    "detail",
    [
        error(f"HRESULT 0xc004fd02,{CIM}InvokeCimMethodCommand"),
        error(f"MI RESULT 1,{CIM}InvokeCimMethodCommand", hresult=0xC004FD02),
    ],
)
def test_a_refusal_by_cim_keeps_its_code_however_it_shows(detail: object) -> None:
    with pytest.raises(RemoteError) as caught:
        activate(guest(InvokeCimMethod=Answer(errors=[detail])), None, True)  # type: ignore[list-item]
    assert caught.value.hresult == 0xC004FD02


def test_a_key_that_is_not_public_shows_in_no_answer_and_no_error() -> None:
    mine = "BCDFG-HJKMP-QRTVW-XY234-67892"
    shell = FakeShell({"/ipk": ShellResult(0, f"Installed product key {mine} successfully.", "")})
    said = install_guest_key(guest(), shell, mine, script_engine=True, seconds=5)  # type: ignore[arg-type]
    assert mine not in said
    shell = FakeShell({"/ipk": ShellResult(1, f"{mine}: 0xC004F050", "")})
    with pytest.raises(RemoteError) as caught:
        install_guest_key(guest(), shell, mine, script_engine=True, seconds=5)  # type: ignore[arg-type]
    assert mine not in str(caught.value)


def test_powershell_direct_is_given_a_path_without_variables() -> None:
    host = FakeSession({"direct.ps1": ["Product Key Channel: VT:IA"]})
    shell = DirectShell(host, VM, Credential("u", SecretStr("p")), target="web01")  # type: ignore[arg-type]
    facts = gather_guest(guest(), shell, MACHINE, GuestAccess.DIRECT, clock=lambda: NOW, seconds=30)  # type: ignore[arg-type]
    assert facts.parts["dlv"].ok
    parameters = host.calls("direct.ps1")[0].parameters["Parameters"]
    assert parameters == ["//nologo", "C:\\Windows\\System32\\slmgr.vbs", "/dlv"]


def test_every_operation_declares_its_retry_class_where_it_is_documented() -> None:
    for name, retry_class in OPERATIONS.items():
        document = getattr(harness.windows, name).__doc__
        assert f"Retry class: {retry_class}" in document, name
    functions = {n for n in harness.windows.__all__ if callable(getattr(harness.windows, n)) and n.islower()}
    assert set(OPERATIONS) == functions - {"read_capabilities", "write_capabilities"}
    once = {name for name, kind in OPERATIONS.items() if kind is RetryClass.ONCE}
    assert once == {"set_host_key", "order_edition", "restart_guest"}
