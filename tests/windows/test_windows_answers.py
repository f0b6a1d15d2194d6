"""One stream of answers is told apart by property sets, one stream of errors by what raised each."""

import json
from collections.abc import Sequence

import pytest

from harness.core.model import PartState
from harness.remoting import ErrorDetail, PipelineResult, cmd
from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.fake import Answer, FakeSession, error
from harness.windows._error_codes import error_code, hresult_of, raised_by
from harness.windows.answers import ask, read
from harness.windows.question import FULL, Projection, Question, distinct

SYSTEM = Question(
    "os", (cmd("Get-CimInstance", ClassName="Win32_OperatingSystem"),), ("Caption", "Version"), expected=True
)
LICENCES = Question("licences", (cmd("Get-CimInstance", Query="SELECT ..."),), ("ID", "Name"))
MACHINES = Question("vms", (cmd("Get-VM"),), ("Id", "State"), several=True, subject="hyperv")
SERVICES = Question(
    "services", (cmd("Get-VM"), cmd("Get-VMIntegrationService")), ("Id", "Enabled"), several=True, subject="hyperv"
)
ITEMS = Question(
    "kvp",
    (cmd("Get-CimInstance", Namespace="root\\virtualization\\v2", ClassName="Msvm_Kvp"),),
    ("SystemName", "Items"),
)
EVENTS = Question(
    "events", (cmd("Get-WinEvent"),), ("RecordId", "Properties"), nothing=frozenset({"NoMatchingEventsFound"})
)
CLUSTER = Question("cluster", (cmd("Get-Cluster"),), ("Name", "Level"), expected=True, subject="cluster")
NODES = Question("nodes", (cmd("Get-ClusterNode"),), ("Name", "Up"), expected=True, several=True, subject="cluster")
RAW = Question("activation", (cmd("Get-VMAutomaticActivation"),), ())
ALL = distinct((SYSTEM, LICENCES, MACHINES, SERVICES, ITEMS, EVENTS, CLUSTER, NODES, RAW))

CIM = "Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
WIN_EVENT = "Microsoft.PowerShell.Commands.GetWinEventCommand"
GET_VM = "Microsoft.HyperV.PowerShell.Commands.GetVM"
GET_CLUSTER = "Microsoft.FailoverClusters.PowerShell.GetClusterCommand"

OS_ROW = {"Caption": "Windows", "Version": "10.0"}


def result(*output: object, errors: Sequence[ErrorDetail] = (), failed: bool = False) -> PipelineResult:
    texts = [json.dumps(value) if isinstance(value, dict | list) else value for value in output]
    return PipelineResult(tuple(texts), tuple(errors), failed=failed)


def test_answers_find_their_questions_whatever_their_order() -> None:
    answers = read(
        result([{"Id": "b", "State": 2}, {"Id": "c", "State": 3}], OS_ROW, {"ID": "a", "Name": "Windows(R)"}), ALL
    )
    assert answers.first("os") is not None
    assert [row.text("Id") for row in answers.rows["vms"]] == ["b", "c"]
    assert len(answers.rows["licences"]) == 1
    assert answers.raw == ()


def test_property_names_match_in_any_case() -> None:
    answers = read(result({"caption": "x", "VERSION": "y"}), [SYSTEM])
    assert answers.parts["os"] == PartState(ok=True)


def test_an_array_in_5_1_wrapping_is_unwrapped() -> None:
    answers = read(result({"value": [{"Id": "b", "State": 2}], "Count": 1}), [MACHINES])
    assert len(answers.rows["vms"]) == 1


def test_what_no_question_claims_belongs_to_the_one_without_a_shape() -> None:
    answers = read(result(OS_ROW, {"ProductKey": "78VHK"}, "a sentence", True, None), [SYSTEM, RAW])
    assert answers.raw == ({"ProductKey": "78VHK"}, "a sentence", True, None)
    assert answers.parts["activation"].ok


def test_objects_are_read_where_there_is_no_json() -> None:
    projection = Projection(json=False)
    vm = RemoteObject(("Selected.VM",), {"Id": "b", "State": EnumValue("Running", 2)})
    answers = read(PipelineResult((vm,)), [MACHINES], projection)
    assert answers.rows["vms"][0].number("State") == 2


def test_whole_objects_go_to_the_question_that_asks_most_of_them() -> None:
    whole = Projection(select=None, json=False)
    small, large = (Question("a", (cmd("A"),), ("Name",)), Question("b", (cmd("B"),), ("Name", "State")))
    first = RemoteObject(("A",), {"Name": "1", "Other": 0})
    second = RemoteObject(("B",), {"Name": "2", "State": 1, "Other": 0})
    answers = read(PipelineResult((first, second)), [small, large], whole)
    assert answers.rows["a"][0].text("Name") == "1"
    assert answers.rows["b"][0].text("Name") == "2"


def test_projected_objects_never_match_a_smaller_question() -> None:
    answers = read(result({"Id": "b", "State": 2, "Extra": 1}), [MACHINES, RAW])
    assert answers.rows["vms"] == ()
    assert answers.raw == ({"Id": "b", "State": 2, "Extra": 1},)


def test_silence_is_none_only_where_an_answer_need_not_come() -> None:
    answers = read(result(), ALL)
    ok = {name for name, state in answers.parts.items() if state.ok}
    assert ok == {"licences", "vms", "services", "kvp", "events", "activation"}
    assert answers.parts["os"].code == answers.parts["cluster"].code == "no_answer"
    assert answers.parts["activation"].code == "empty_answer"


def test_no_matching_events_is_an_empty_answer() -> None:
    answers = read(result(errors=[error(f"NoMatchingEventsFound,{WIN_EVENT}")]), [EVENTS])
    assert answers.parts["events"] == PartState(ok=True, code="none_found")


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        (error(f"System.UnauthorizedAccessException,{WIN_EVENT}"), "access_denied"),
        (error(f"NoMatchingLogsFound,{WIN_EVENT}"), "log_missing"),
        (error(f"Whatever,{WIN_EVENT}", hresult=0x80070005), "access_denied"),
        (error(f"Whatever,{WIN_EVENT}", "Der Dienst antwortet nicht."), "command_failed"),
    ],
)
def test_other_event_errors_leave_the_part_unknown(detail: ErrorDetail, code: str) -> None:
    state = read(result(errors=[detail]), [EVENTS]).parts["events"]
    assert (state.ok, state.code, state.message) == (False, code, detail.message)


def test_a_missing_namespace_is_held_against_the_question_that_names_one() -> None:
    missing = error(f"HRESULT 0x8004100e,{CIM}", "Ungültiger Namespace")
    answers = read(result(OS_ROW, errors=[missing]), [SYSTEM, LICENCES, ITEMS])
    assert answers.parts["kvp"].code == "namespace_missing"
    assert answers.parts["licences"].ok


def test_a_refused_query_is_held_against_the_question_that_sent_one() -> None:
    refused = error(f"HRESULT 0x80041017,{CIM}")
    answers = read(result(OS_ROW, errors=[refused]), [SYSTEM, LICENCES, ITEMS])
    assert answers.parts["licences"].code == "query_refused"
    assert answers.parts["kvp"].ok


def test_an_error_that_could_be_of_several_silent_questions_is_held_against_each() -> None:
    denied = error(f"HRESULT 0x80041003,{CIM}")
    answers = read(result(OS_ROW, errors=[denied]), [SYSTEM, LICENCES, ITEMS])
    assert answers.parts["licences"].code == answers.parts["kvp"].code == "access_denied"
    assert answers.parts["os"].ok


def test_an_error_beside_answers_makes_a_list_partial() -> None:
    broken = error(f"InvalidOperation,{GET_VM}", "A virtual machine cannot be read.")
    rows = [{"Id": "b", "State": 2}], [{"Id": "b\\c", "Enabled": True}]
    answers = read(result(*rows, errors=[broken]), [MACHINES, SERVICES])
    assert answers.parts["vms"].code == answers.parts["services"].code == "partial_answer"


def test_a_terminating_error_leaves_what_stood_behind_it_unheard() -> None:
    ended = error(f"Whatever,{WIN_EVENT}", "ended")
    answers = read(result(OS_ROW, errors=[ended], failed=True), ALL)
    assert answers.blamed == "events"
    assert {q.name for q in answers.unheard} == {"cluster", "nodes", "activation"}
    assert answers.parts["cluster"].code == "no_answer"
    assert "ended" in answers.parts["cluster"].message
    assert answers.parts["vms"].ok, "it stands before the error, so it ran"


def test_a_subject_that_fails_together_is_not_called_unheard() -> None:
    ended = error(f"ClusterEndpointNotRegistered,{GET_CLUSTER}")
    answers = read(result(OS_ROW, errors=[ended], failed=True), [SYSTEM, EVENTS, CLUSTER, NODES])
    assert answers.parts["cluster"].code == "no_cluster_here"
    assert not answers.parts["nodes"].ok
    assert answers.unheard == ()


def test_a_missing_command_says_that_what_is_remembered_is_stale() -> None:
    missing = ErrorDetail("'Get-Cluster' fehlt", "CommandNotFoundException", "ObjectNotFound", "", None, "Get-Cluster")
    answers = read(result(OS_ROW, errors=[missing], failed=True), [SYSTEM, CLUSTER, NODES])
    assert answers.stale
    assert answers.parts["cluster"].code == "command_missing"


def test_an_error_that_nobody_else_can_have_raised_is_the_unknown_functions() -> None:
    thrown = error("The key store is locked.", "The key store is locked.")
    answers = read(result(OS_ROW, errors=[thrown], failed=True), [SYSTEM, EVENTS, RAW])
    assert answers.parts["activation"].message == "The key store is locked."
    assert answers.blamed == "activation"
    assert [q.name for q in answers.unheard] == ["events"], "nothing proves that it ran"


def test_an_answer_that_cannot_be_read_is_not_called_silence() -> None:
    answers = read(result("{broken", [1, 2]), [SYSTEM])
    assert answers.parts["os"].code == "unreadable_answer"


@pytest.mark.parametrize(
    ("fq_id", "raiser"),
    [
        (f"NoMatchingEventsFound,{WIN_EVENT}", "getwinevent"),
        (f"InvalidParameter,{GET_VM}", "getvm"),
        ("WriteErrorException,Get-VMAutomaticActivation", "getvmautomaticactivation"),
        ("Get-AzureStackHCISubscriptionStatus", "getazurestackhcisubscriptionstatus"),
        ("CommandNotFoundException", ""),
    ],
)
def test_the_raiser_of_an_error_is_read_from_its_id(fq_id: str, raiser: str) -> None:
    assert raised_by(error(fq_id)) == raiser


def test_a_code_in_the_id_comes_before_the_exceptions_own() -> None:
    detail = error(f"HRESULT 0xc004f050,{CIM}", hresult=0x80131500)
    assert hresult_of(detail) == 0xC004F050
    assert hresult_of(error("MI RESULT 1,x", hresult=0xC004F050)) == 0xC004F050


def test_a_refused_parameter_has_its_own_code() -> None:
    refused = error(
        "ParameterArgumentValidationError,Select-Object", exception_type="System...ParameterBindingException"
    )
    assert error_code(refused) == "parameter_refused"


def test_questions_with_equal_properties_cannot_share_a_pipeline() -> None:
    twin = Question("twin", (cmd("Get-Thing"),), ("VERSION", "caption"))
    with pytest.raises(ValueError, match="cannot share"):
        distinct((SYSTEM, twin))
    with pytest.raises(ValueError, match="cannot share"):
        distinct((RAW, Question("raw", (cmd("Get-Raw"),), ())))


@pytest.mark.parametrize(
    ("projection", "names"),
    [
        (FULL, ["Get-VM", "Select-Object", "ConvertTo-Json"]),
        (Projection(json=False), ["Get-VM", "Select-Object"]),
        (
            Projection("Microsoft.PowerShell.Utility\\Select-Object"),
            ["Get-VM", "Microsoft.PowerShell.Utility\\Select-Object", "ConvertTo-Json"],
        ),
        (Projection(None), ["Get-VM"]),
    ],
)
def test_a_statement_is_trimmed_as_far_as_the_endpoint_can(projection: Projection, names: list[str]) -> None:
    assert [command.name for command in MACHINES.statement(projection).commands] == names


def test_all_questions_travel_in_one_pipeline() -> None:
    session = FakeSession(
        {"Get-CimInstance": [OS_ROW], "Get-WinEvent": Answer(errors=[error(f"NoMatchingEventsFound,{WIN_EVENT}")])}
    )
    answers = ask(session, [SYSTEM, EVENTS], seconds=7)
    assert len(session.ran) == 1
    assert session.seconds == [7]
    assert answers.parts["events"].ok
