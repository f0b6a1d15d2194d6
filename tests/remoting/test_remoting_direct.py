"""PowerShell Direct: what goes to the host, what comes of the guest's answers, and which error is whose."""

from uuid import UUID

import pytest
from pydantic import SecretStr
from remoting_lab import CREDENTIAL, Lab

from harness.core.errors import AuthenticationError, ConnectError, InputError, Sent, TransportError
from harness.remoting import Credential, DirectSession, DirectShell, Statement, cmd, open_powershell
from harness.remoting.fake import Answer, FakeSession, error
from harness.sim.objects import Obj, Secure

VM = "9e0f2b34-1c55-4f7a-9a0b-0123456789ab"
GUEST = Credential("admin", SecretStr("guest-pässword"))
INVOKE = "Microsoft.PowerShell.Commands.InvokeCommandCommand"
PSDIRECT = "System.Management.Automation.Remoting.PSDirectException"


def direct(host: FakeSession) -> DirectSession:
    return DirectSession(host, VM, GUEST, target="web01")


def test_the_command_goes_as_data_to_the_one_constant_script() -> None:
    host = FakeSession([(lambda s: s.script is not None, ["x"])], target="hv01")
    ask = (
        cmd("Get-Service", Name="vm'; Remove-Item *") | cmd("Select-Object", Property=["Name"]) | cmd("ConvertTo-Json")
    )
    direct(host).run([ask], seconds=7)
    (statement,) = host.ran[0]
    stage, *rest = statement.commands
    assert statement.script is not None
    assert statement.script.startswith("param([guid]$VMId, [pscredential]$Credential,")
    assert "Remove-Item" not in statement.script
    assert stage.parameters == {
        "VMId": UUID(VM),
        "Credential": GUEST,
        "Name": "Get-Service",
        "Parameters": {"Name": "vm'; Remove-Item *"},
        "Property": ["Name"],
    }
    assert rest == list(ask.commands[1:])
    assert host.seconds == [7]


def test_positional_arguments_go_as_a_list_and_nothing_as_an_empty_table() -> None:
    host = FakeSession([(lambda s: True, [])])
    direct(host).run([Statement((cmd("slmgr", "/dlv"),)), Statement((cmd("Get-Date"),))], seconds=7)
    parts = [statement.commands[0].parameters["Parameters"] for statement in host.ran[0]]
    assert parts == [["/dlv"], {}]


@pytest.mark.parametrize(
    "statement",
    [
        cmd("Get-VM") | cmd("Where-Object", Property="State"),
        cmd("Get-VM") | cmd("Select-Object", "Name"),
        cmd("Get-VM") | cmd("Select-Object", Property=["Name"], First=1),
        cmd("Get-VM") | cmd("Select-Object", Property="Name"),
        Statement((cmd("Get-VM", "web", Id="x"),)),
        Statement((cmd("x"),), script="$args"),
    ],
)
def test_a_statement_of_another_shape_is_refused_before_anything_is_sent(statement: Statement) -> None:
    host = FakeSession({})
    with pytest.raises(InputError) as caught:
        direct(host).run([statement], seconds=7)
    assert caught.value.code == "direct_shape"
    assert host.ran == []


@pytest.mark.parametrize(
    ("fq_id", "code", "sent", "transient"),
    [
        (f"InvalidVMIdNotSingle,{INVOKE}", "guest_not_on_host", Sent.NO, False),
        (f"InvalidVMState,{INVOKE}", "guest_not_running", Sent.NO, False),
        (f"HyperVModuleNotAvailable,{INVOKE}", "hyperv_module_missing", Sent.NO, False),
        ("PSSessionStateBroken", "guest_not_ready", Sent.MAYBE, True),
        (f"CreateRemoteRunspaceForVMFailed,{INVOKE}", "guest_not_ready", Sent.NO, True),
        ("ScriptsNotAllowed", "direct_not_allowed", Sent.NO, False),
        (f"NamedParameterNotFound,{INVOKE}", "direct_not_supported", Sent.NO, False),
    ],
)
def test_each_reason_why_the_guest_is_not_reached_has_a_code_of_its_own(
    fq_id: str, code: str, sent: Sent, transient: bool
) -> None:
    host = FakeSession([(lambda s: True, Answer(errors=[error(fq_id, "localised")]))], target="hv01")
    with pytest.raises(ConnectError) as caught:
        direct(host).run([Statement((cmd("Get-Date"),))], seconds=7)
    failure = caught.value
    assert (failure.code, failure.sent, failure.transient) == (code, sent, transient)
    assert (failure.target, failure.step) == ("web01", "Get-Date")
    assert failure.hint
    assert "localised" not in str(failure)


@pytest.mark.parametrize(
    "record",
    [
        error("PSSessionStateBroken", exception_type=PSDIRECT),
        error(f"CreateRemoteRunspaceForVMFailed,{INVOKE}", exception_type=PSDIRECT),
        error(f"InvalidCredential,{INVOKE}"),
    ],
)
def test_a_wrong_guest_credential_is_told_by_the_exceptions_type_whatever_the_id(record: object) -> None:
    host = FakeSession([(lambda s: True, Answer(errors=[record]))])  # type: ignore[list-item]
    with pytest.raises(AuthenticationError, match=r"guest refused the credential") as caught:
        direct(host).run([Statement((cmd("Get-Date"),))], seconds=7)
    assert caught.value.target == "web01"
    assert "guest-pässword" not in str(caught.value)


@pytest.mark.parametrize("fq_id", ["Boom,Demo.BoomCommand", "NamedParameterNotFound,Demo.GetThingCommand"])
def test_the_guests_own_errors_are_the_callers_to_read(fq_id: str) -> None:
    host = FakeSession([(lambda s: True, Answer(["x"], errors=[error(fq_id)]))])
    result = direct(host).run([Statement((cmd("Get-Date"),))], seconds=7)
    assert (result.output, result.errors[0].fq_id) == (("x",), fq_id)


def test_a_vm_that_moves_between_two_statements_leaves_their_fate_open() -> None:
    first, second = Statement((cmd("Get-A"),)), Statement((cmd("Set-B"),))
    host = FakeSession(
        [(lambda s: True, Answer(["done"], errors=[error(f"InvalidVMIdNotSingle,{INVOKE}")]))],
    )
    with pytest.raises(TransportError) as caught:
        direct(host).run([first, second], seconds=7)
    assert caught.value.sent is Sent.MAYBE


def test_a_program_comes_back_as_text_without_its_exit_code() -> None:
    answer = Answer(["Name: Windows", "License Status: Licensed"], errors=[error("NativeCommandError", "oops")])
    host = FakeSession([(lambda s: True, answer)])
    shell = DirectShell(host, VM, GUEST, target="web01")
    result = shell.run("cscript.exe", ["//nologo", "slmgr.vbs"], seconds=30)
    shell.close()
    assert (result.exit_code, result.stdout) == (None, "Name: Windows\nLicense Status: Licensed\n")
    assert result.stderr == "oops\n"
    assert host.ran[0][0].commands[0].parameters["Parameters"] == ["//nologo", "slmgr.vbs"]
    assert not host.closed


def test_over_the_wire_it_is_one_script_stage_with_a_credential_under_the_session_key(lab: Lab) -> None:
    with open_powershell(lab.connection(), CREDENTIAL, target="hv01") as host:
        ask = cmd("Get-Service", Name="w") | cmd("Select-Object", Property=["Name"]) | cmd("ConvertTo-Json")
        result = DirectSession(host, VM, GUEST, target="web01").run([ask], seconds=10)
    assert result.failed  # the double has no script engine; what it was sent is the point
    (statement,) = lab.machine.invocations[0].statements
    script, *rest = statement
    assert (script.is_script, [call.is_script for call in rest]) == (True, [False, False])
    assert [call.name for call in rest] == ["Select-Object", "ConvertTo-Json"]
    given = {parameter.name: parameter.value for parameter in script.parameters}
    credential = given["Credential"]
    assert isinstance(credential, Obj)
    assert credential.get("Password") == Secure("guest-pässword")
    assert (given["VMId"], given["Name"], given["Parameters"]) == (UUID(VM), "Get-Service", {"Name": "w"})
    assert given["Property"] == ["Name"]


def test_their_reprs_name_guest_and_host() -> None:
    host = FakeSession({}, target="hv01")
    with direct(host) as session:
        assert repr(session) == "<DirectSession web01 through hv01>"
    assert repr(DirectShell(host, VM, GUEST, target="web01")) == "<DirectShell web01>"
