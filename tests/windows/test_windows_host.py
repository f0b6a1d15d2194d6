"""One pipeline tells all of a host; what breaks one part leaves the others standing."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from harness.core.errors import ConnectError
from harness.core.model import DATA_EXCHANGE, WINDOWS_APPLICATION_ID, Flavour, ModuleInfo, PartState, VmState
from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.fake import Answer, FakeSession, error
from harness.remoting.pipeline import Statement
from harness.windows import HostCapabilities, gather_host
from harness.windows.host import HOST_COMMANDS, HOST_QUESTIONS
from harness.windows.question import FULL, Projection

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
VM = "ab6c0e5d-9c41-4b7a-9a3b-1f0f2c3d4e5f"
CIM = "Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand"
AZURE = ("Get-VMAutomaticActivation", "Get-AzureStackHCI", "Get-AzureStackHCISubscriptionStatus")
CLUSTER = ("Get-Cluster", "Get-ClusterNode", "Get-ClusterGroup")

SYSTEM = {
    "Caption": "Microsoft Windows Server 2022 Datacenter",
    "Version": "10.0.20348",
    "BuildNumber": "20348",
    "OperatingSystemSKU": 8,
    "ProductType": 3,
    "CSName": "HV01",
    "LocalDateTime": NOW,
}
LICENCE = {"ID": "x", "ApplicationID": WINDOWS_APPLICATION_ID, "LicenseStatus": 1, "PartialProductKey": "WX4QP"}
ITEM = (
    '<INSTANCE CLASSNAME="Msvm_KvpExchangeDataItem"><PROPERTY NAME="Data" TYPE="string"><VALUE>web01.corp.example'
    "</VALUE></PROPERTY>"
    '<PROPERTY NAME="Name" TYPE="string"><VALUE>FullyQualifiedDomainName</VALUE></PROPERTY></INSTANCE>'
)
ITEMS = {"SystemName": VM.upper(), "GuestIntrinsicExchangeItems": [ITEM, "<broken", None]}
MACHINE = {"Id": VM, "Name": "web01", "State": EnumValue("Running", 2), "Generation": 2, "IsClustered": False}
SERVICE = {
    "Id": f"Microsoft:{VM.upper()}\\{DATA_EXCHANGE}",
    "Name": "Datenaustausch",
    "Enabled": True,
    "OperationalStatus": [2],
}
EVENT = {
    "RecordId": 7,
    "Id": 12310,
    "TimeCreated": NOW,
    "MachineName": "HV01",
    "Properties": [{"Value": "0xC004FD03"}, {"Value": f"vm {VM}"}],
}


def cim(statement: Statement) -> Sequence[object]:
    parameters = statement.commands[0].parameters
    if "Namespace" in parameters:
        return [ITEMS]
    return [LICENCE] if "Query" in parameters else [SYSTEM]


def scripted(**changes: object) -> FakeSession:
    """A Datacenter host with one VM. Changes by command name, dashes left out; None takes a command away."""
    answers: dict[str, object] = {
        "Get-Command": [
            {"Name": name, "CommandType": EnumValue("Cmdlet", 8), "ModuleName": "M"}
            for name in ("Select-Object", "ConvertTo-Json", *HOST_COMMANDS)
            if name not in (*AZURE, *CLUSTER)
        ],
        "Get-Module": [{"Name": "Hyper-V", "Version": "2.0.0.0"}],
        "Get-CimInstance": cim,
        "Get-VMHost": [{"ComputerName": "HV01"}],
        "Get-VMIntegrationService": [SERVICE],
        "Get-VM": [MACHINE],
        "Get-WinEvent": [EVENT],
    }
    for name, answer in changes.items():
        answers[next(key for key in (*answers, *AZURE, *CLUSTER) if key.replace("-", "") == name)] = answer
    return FakeSession({name: answer for name, answer in answers.items() if answer is not None})  # type: ignore[misc]


def gather(session: FakeSession, known: HostCapabilities | None = None) -> tuple[object, ...]:
    return gather_host(session, "node-1", known=known, clock=lambda: NOW, seconds=30)  # type: ignore[arg-type]


def knowing(*more: str, projection: Projection = FULL) -> HostCapabilities:
    names = {*HOST_COMMANDS, *more} if more else set(HOST_COMMANDS) - {*AZURE, *CLUSTER}
    return HostCapabilities(frozenset(n.casefold() for n in names), (), projection, NOW)


def test_first_contact_takes_a_probe_and_one_pipeline() -> None:
    session = scripted()
    facts, learned = gather(session)
    assert len(session.ran) == 2
    assert facts.name == "node-1"
    assert (facts.flavour, facts.os.release, facts.os.edition, facts.hyperv) == (
        Flavour.SERVER_DATACENTER,
        "2022",
        "Datacenter",
        True,
    )
    assert facts.os.clock == NOW
    assert facts.modules == (ModuleInfo("Hyper-V", (2, 0, 0, 0)),)
    assert learned.probed_at == NOW


def test_a_known_host_takes_exactly_one_pipeline() -> None:
    session = scripted()
    known = knowing()
    facts, learned = gather(session, known)
    assert len(session.ran) == 1
    assert learned is known
    (vm,) = facts.vms
    assert (vm.vm_id, vm.name, vm.state, vm.host) == (VM, "web01", VmState.RUNNING, "node-1")
    assert vm.kvp == {"FullyQualifiedDomainName": "web01.corp.example"}
    assert [s.component for s in vm.services] == [DATA_EXCHANGE]
    (event,) = facts.events
    assert (event.event_id, event.hresult, event.guids, event.time) == (12310, 0xC004FD03, (VM,), NOW)
    assert facts.licences[0].status == 1
    assert facts.cluster is facts.activation is facts.subscription is None


def test_nothing_a_gathering_sends_changes_state() -> None:
    session = scripted(GetCluster=[{"Name": "CL1"}], GetVMAutomaticActivation=[])
    gather(session)
    verbs = {name.rpartition("\\")[2].partition("-")[0] for name in session.commands}
    assert verbs <= {"Get", "Select", "ConvertTo"}


def test_each_part_has_a_state_by_the_questions_name() -> None:
    facts, _ = gather(scripted())
    assert set(facts.parts) == {question.name for question in HOST_QUESTIONS} | {"modules"}
    silent = {name for name, state in facts.parts.items() if not state.ok}
    assert silent == {"registration", "subscription", "cluster", "nodes", "groups", "activation"}
    assert {facts.parts[name].code for name in silent} == {"command_missing"}


def test_vms_are_not_called_none_without_proof_of_rights() -> None:
    denied = Answer(errors=[error("AccessDenied,Microsoft.HyperV.PowerShell.Commands.GetVMHost")])
    facts, _ = gather(scripted(GetVMHost=denied, GetVM=[], GetVMIntegrationService=[]), knowing())
    assert facts.parts["vms"].code == "no_rights_proof"
    assert facts.vms == ()


def test_an_empty_host_is_empty_where_its_rights_are_proven() -> None:
    facts, _ = gather(scripted(GetVM=[], GetVMIntegrationService=[]), knowing())
    assert facts.parts["vms"] == PartState(ok=True)
    assert facts.vms == ()


def no_virtualization(statement: Statement) -> object:
    if "Namespace" in statement.commands[0].parameters:
        return Answer(errors=[error(f"HRESULT 0x8004100e,{CIM}")])
    return cim(statement)


def test_a_server_without_hyper_v_is_told_by_its_missing_namespace() -> None:
    found = [{"Name": "Get-CimInstance", "CommandType": EnumValue("Cmdlet", 8)}]
    found += [{"Name": name, "CommandType": EnumValue("Cmdlet", 8)} for name in ("Select-Object", "ConvertTo-Json")]
    facts, _ = gather(scripted(GetCommand=found, GetCimInstance=no_virtualization))
    assert facts.hyperv is False
    assert facts.parts["hyperv"].code == "command_missing"
    assert facts.parts["kvp"].code == "namespace_missing"


def test_missing_cmdlets_alone_do_not_prove_that_the_role_is_missing() -> None:
    def silent(statement: Statement) -> object:
        return [] if "Namespace" in statement.commands[0].parameters else cim(statement)

    caps = HostCapabilities(frozenset({"get-ciminstance"}), (), FULL, NOW)
    facts, _ = gather(scripted(GetCimInstance=silent), caps)
    assert facts.hyperv is None


def test_a_command_that_is_gone_makes_the_host_be_probed_again() -> None:
    session = scripted()
    stale = knowing(*CLUSTER, *AZURE)
    facts, learned = gather(session, stale)
    assert len(session.ran) == 3
    assert not learned.has("Get-Cluster")
    assert facts.parts["cluster"].code == "command_missing"
    assert learned.late == frozenset()
    assert gather(session, learned)[1] is learned
    assert len(session.ran) == 4


def test_a_cluster_service_that_does_not_run_costs_the_cluster_alone() -> None:
    ended = error("ClusterEndpointNotRegistered,Microsoft.FailoverClusters.PowerShell.GetClusterCommand", "no cluster")
    session = scripted(GetCluster=Answer(errors=[ended], terminating=True))
    known = knowing("Get-VM", *CLUSTER)
    known = HostCapabilities(known.commands - {n.casefold() for n in AZURE}, (), FULL, NOW)
    facts, _ = gather(session, known)
    assert len(session.ran) == 1
    assert facts.parts["cluster"].code == "no_cluster_here"
    assert len(facts.vms) == 1
    assert facts.parts["events"].ok


def test_a_subject_that_ends_pipelines_is_asked_last_from_then_on() -> None:
    denied = error("Get-Cluster,Microsoft.FailoverClusters.PowerShell.GetClusterCommand", "denied", hresult=0x80070005)
    session = scripted(
        GetCluster=Answer(errors=[denied], terminating=True),
        GetVMAutomaticActivation=[{"ProductKey": "78VHK", "Status": "Active"}],
        GetAzureStackHCI=[],
        GetAzureStackHCISubscriptionStatus=[],
    )
    session.answers["Get-Command"] = [  # type: ignore[index]
        {"Name": name, "CommandType": EnumValue("Cmdlet", 8)}
        for name in ("Select-Object", "ConvertTo-Json", *HOST_COMMANDS)
    ]
    facts, learned = gather(session)
    assert len(session.ran) == 3
    assert facts.activation.configured is True
    assert facts.parts["cluster"].code == "access_denied"
    again, _ = gather(session, learned)
    assert len(session.ran) == 4, "what was learned spares the second attempt"
    assert again.activation == facts.activation
    assert again.parts["cluster"].code == "access_denied"


def test_an_activation_that_throws_costs_itself_alone() -> None:
    thrown = error("The store is locked.", "The store is locked.")
    session = scripted(GetVMAutomaticActivation=Answer(errors=[thrown], terminating=True))
    caps = knowing()
    caps = HostCapabilities(caps.commands | {"get-vmautomaticactivation"}, (), FULL, NOW)
    facts, _ = gather(session, caps)
    assert len(session.ran) == 1
    assert facts.activation is None
    assert facts.parts["activation"] == PartState(ok=False, code="command_failed", message="The store is locked.")
    assert len(facts.vms) == 1


def test_an_activation_that_says_nothing_is_heard_and_concludes_nothing() -> None:
    caps = HostCapabilities(knowing().commands | {"get-vmautomaticactivation"}, (), FULL, NOW)
    facts, _ = gather(scripted(GetVMAutomaticActivation=[]), caps)
    assert facts.activation.configured is None
    assert facts.activation.raw == ()
    assert facts.parts["activation"] == PartState(ok=True, code="empty_answer")


@pytest.mark.parametrize(
    "shape", [{"ProductKey": "78VHK", "Status": "Active"}, RemoteObject(("T",), {"ProductKey": "78VHK"})]
)
def test_an_activation_of_unknown_shape_is_told_apart_from_the_rest(shape: object) -> None:
    caps = HostCapabilities(knowing().commands | {"get-vmautomaticactivation"}, (), FULL, NOW)
    facts, _ = gather(scripted(GetVMAutomaticActivation=[shape]), caps)
    assert (facts.activation.configured, facts.activation.last5) == (True, "78VHK")
    assert len(facts.vms) == 1


def test_an_endpoint_without_json_is_read_by_objects() -> None:
    facts, _ = gather(scripted(), knowing(projection=Projection(json=False)))
    assert len(facts.vms) == 1
    assert facts.os.release == "2022"


def legacy(statement: Statement) -> object:
    query = str(statement.commands[0].parameters.get("Query", ""))
    if "IAID" in query:
        return Answer(errors=[error(f"HRESULT 0x80041017,{CIM}")])
    return cim(statement)


def test_a_system_without_avma_properties_is_asked_for_the_others() -> None:
    session = scripted(GetCimInstance=legacy)
    facts, _ = gather(session, knowing())
    assert len(session.ran) == 2
    assert facts.licences[0].partial_product_key == "WX4QP"
    assert facts.parts["licences"].ok


def test_a_host_that_is_not_reached_raises_and_gives_no_facts() -> None:
    gone = ConnectError("refused")
    with pytest.raises(ConnectError):
        gather(FakeSession([(lambda _: True, gone)]), knowing())  # type: ignore[list-item]


def test_an_endpoint_without_cim_still_gives_its_vms() -> None:
    caps = HostCapabilities(frozenset({"get-vm", "get-vmhost", "get-vmintegrationservice"}), None, FULL, NOW)
    facts, _ = gather(scripted(), caps)
    assert len(facts.vms) == 1
    assert facts.flavour is Flavour.UNKNOWN
    assert facts.parts["licences"].code == facts.parts["modules"].code == "command_missing"


def test_equal_names_and_hostile_texts_do_not_confuse_the_answers() -> None:
    name, ids = '{"Id":"x","State":2}', [VM, VM.replace("a", "c")]
    facts, _ = gather(scripted(GetVM=[MACHINE | {"Id": vm_id, "Name": name} for vm_id in ids]), knowing())
    assert [(vm.vm_id, vm.name) for vm in facts.vms] == [(vm_id, name) for vm_id in ids]
