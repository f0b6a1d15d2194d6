"""Hyper-V, cluster, AVMA and PowerShell Direct cmdlets on the world."""

import time
from typing import Any
from uuid import UUID

import pytest
from sim_world_lab import InMemoryLab, command, script
from sim_world_topologies import HOST_KEYS, guest, host, lab, node

from harness.sim.machine import TerminatingError
from harness.sim.objects import Enum, NotedText, Obj, Secure
from harness.sim.psrp import to_clixml
from harness.sim.world import DATA_EXCHANGE, NodeState

LANGUAGES = {
    "en": "Key-Value Pair Exchange",
    "de": "Austausch von Schlüsselwertepaaren",
    "fr": "Échange de paires clé-valeur",
    "es": "Intercambio de pares clave-valor",
    "ja": "キー/値ペア交換",
    "zh-CN": "键值对交换",
    "ru": 'Обмен парами "ключ-значение"',
}
SERVICES = command("Get-VMIntegrationService")
BY_ID = command("Where-Object", Property="Id", Like=True, Value=rf"*\{DATA_EXCHANGE}")


def services(found: InMemoryLab, *columns: str) -> list[dict[str, Any]]:
    return found.json("HV1", command("Get-VM", "vm"), SERVICES, command("Select-Object", Property=list(columns)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_services_are_named_in_the_hosts_language_and_identified_in_none(language: str) -> None:
    found = lab(host("HV1", os_language=language, guests=[guest("vm", data_exchange="off")]))
    rows = services(found, "Id", "Name")
    assert len({row["Name"] for row in rows}) == 6
    vm_id = str(found.vm("vm").id).upper()
    [exchange] = [row for row in rows if row["Id"] == rf"Microsoft:{vm_id}\{DATA_EXCHANGE}"]
    assert exchange["Name"] == LANGUAGES[language]
    found.ask("HV1", command("Get-VM", "vm"), SERVICES, BY_ID, command("Enable-VMIntegrationService"))
    assert found.vm("vm").exchanges_data
    english = command("Get-VMIntegrationService", VMName="vm", Name="Key-Value Pair Exchange")
    refused = ["InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVMIntegrationService"]
    assert found.ask("HV1", english).ids == ([] if language == "en" else refused)


@pytest.mark.parametrize(
    ("exchange", "state", "expected"),
    [
        ("on", "running", (True, 2, "OK")),
        ("off", "running", (False, 2, "OK")),
        ("no_contact", "running", (True, 12, "No Contact")),
        ("on", "off", (True, 12, "No Contact")),
    ],
)
def test_a_services_status_tells_both_sides(exchange: str, state: str, expected: tuple[object, ...]) -> None:
    found = lab(host("HV1", guests=[guest("vm", data_exchange=exchange, state=state)]))
    [row] = [
        row
        for row in services(found, "Id", "Enabled", "PrimaryOperationalStatus", "PrimaryStatusDescription")
        if row["Id"].endswith(DATA_EXCHANGE)
    ]
    assert (row["Enabled"], row["PrimaryOperationalStatus"], row["PrimaryStatusDescription"]) == expected


def test_disabling_by_name_on_several_vms() -> None:
    found = lab(host("HV1", guests=[guest("a"), guest("b", "2019"), guest("c", "2016")]))
    call = command("Disable-VMIntegrationService", "Key-Value Pair Exchange", ["a", "b"], Passthru=True)
    assert len(found.ask("HV1", call).values) == 2
    assert [vm.exchanges_data for vm in found.world.vms] == [False, False, True]
    assert found.activity["HV1"].state_changing == 1


def test_equal_names_are_told_apart_by_id() -> None:
    found = lab(host("HV1", guests=[guest("twin"), guest("twin", "2019", computer_name="TWIN2")]))
    first, second = found.world.vms
    assert len(found.ask("HV1", command("Get-VM", "twin")).values) == 2
    chain = command("Get-VM", Id=second.id), SERVICES, BY_ID, command("Disable-VMIntegrationService")
    assert not found.ask("HV1", *chain).errors
    assert (first.exchanges_data, second.exchanges_data) == (True, False)


def test_starting_the_guests_service_is_what_ends_no_contact() -> None:
    found = lab(host("HV1", guests=[guest("vm", data_exchange="no_contact")]))
    assert not found.vm("vm").exchanges_data
    found.ask("vm", command("Set-Service", "vmickvpexchange", StartupType="Manual"))
    assert not found.vm("vm").exchanges_data
    found.ask("vm", command("Start-Service", "vmickvpexchange"))
    assert found.vm("vm").exchanges_data
    found.ask("vm", command("Set-Service", "vmickvpexchange", Status="Stopped"))
    assert not found.vm("vm").exchanges_data
    found.ask("vm", command("Restart-Service", "vmickvpexchange"))
    assert found.vm("vm").exchanges_data
    kept = found.ask("vm", command("Stop-Service", "vmickvpexchange"), administrator=False)
    assert kept.ids == ["CouldNotOpenService,Microsoft.PowerShell.Commands.StopServiceCommand"]


def test_vms_are_started_and_stopped() -> None:
    found = lab(host("HV1", guests=[guest("vm", key="avma", state="off")]))
    [started] = found.ask("HV1", command("Start-VM", "vm", Passthru=True)).values
    assert isinstance(started, Obj)
    assert str(started.get("State")) == "Running"
    windows = found.vm("vm").windows
    assert windows is not None
    assert windows.licence.licensed
    again = found.ask("HV1", command("Get-VM", "vm"), command("Start-VM"))
    assert again.texts == [("warning", "The virtual machine is already in the specified state.")]
    found.ask("HV1", command("Stop-VM", "vm", Force=True))
    assert not found.vm("vm").running


def test_what_is_no_vm_does_not_bind() -> None:
    found = lab(host("HV1", guests=[guest("vm")]))
    kept = found.ask("HV1", command("Write-Output", "vm"), SERVICES)
    assert kept.ids == ["InputObjectNotBound,Microsoft.HyperV.PowerShell.Commands.GetVMIntegrationService"]


def test_a_standard_user_changes_nothing() -> None:
    found = lab(host("HV1", guests=[guest("vm", data_exchange="off")]))
    call = command("Enable-VMIntegrationService", "Key-Value Pair Exchange", "vm")
    kept = found.ask("HV1", call, administrator=False)
    assert kept.ids == ["AccessDenied,Microsoft.HyperV.PowerShell.Commands.EnableVMIntegrationService"]
    assert not found.vm("vm").exchanges_data


def test_vm_objects_carry_enums_and_a_type_chain() -> None:
    [value] = lab(host("HV1", guests=[guest("vm", state="off")])).ask("HV1", command("Get-VM")).values
    assert isinstance(value, Obj)
    assert value.types[0] == "Microsoft.HyperV.PowerShell.VirtualMachine"
    assert value.adapted["State"] == Enum("Microsoft.HyperV.PowerShell.VMState", "Off", 3)
    assert isinstance(value.adapted["Id"], UUID)


def test_the_services_of_twenty_vms_take_milliseconds() -> None:
    """Measured against a plain loop of the same size in the same run, so that a slow machine is no failure."""
    found = lab(host("HV1", guests=[guest(f"vm{number}") for number in range(20)]))
    columns = [
        "VMId",
        "Id",
        "Name",
        "Enabled",
        "PrimaryOperationalStatus",
        "OperationalStatus",
        "PrimaryStatusDescription",
    ]
    chain = (command("Get-VM"), SERVICES, command("Select-Object", Property=columns))

    def best(work: Any) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return min(times)

    yardstick = best(lambda: [{str(number): str(text) for number in range(14)} for text in range(120)])
    assert best(lambda: found.json("HV1", *chain)) < 150 * yardstick


# -- cluster ----------------------------------------------------------------------------------------------------------


def cluster(**variants: str) -> InMemoryLab:
    first = node("N1", guests=[guest("a"), guest("b", "2019")])
    return lab(nodes=(first, node("N2"), node("N3", state="Paused")), variants=variants)


def owners(found: InMemoryLab) -> dict[str, str]:
    kept = found.ask("N1", command("Get-ClusterGroup"), command("Where-Object", "GroupType", "VirtualMachine", EQ=True))
    return {str(group): str(group.get("OwnerNode")) for group in kept.values if isinstance(group, Obj)}


def test_nodes_and_their_states() -> None:
    columns = command("Select-Object", Property=["Name", "State", "BuildNumber"])
    assert cluster().json("N1", command("Get-ClusterNode"), columns) == [
        {"Name": "N1", "State": 0, "BuildNumber": 25398},
        {"Name": "N2", "State": 0, "BuildNumber": 25398},
        {"Name": "N3", "State": 2, "BuildNumber": 25398},
    ]


def test_core_groups_stand_beside_the_vms() -> None:
    groups = cluster().json("N1", command("Get-ClusterGroup"), command("Select-Object", Property=["Name", "GroupType"]))
    assert [group["GroupType"] for group in groups] == [2, 1, 111, 111]


def test_a_role_moves_to_the_node_named() -> None:
    found = cluster()
    found.ask("N1", command("Move-ClusterVirtualMachineRole", "a", "N2"))
    assert owners(found) == {"a": "N2", "b": "N1"}
    refused = found.ask("N1", command("Move-ClusterVirtualMachineRole", "a", "N3"))
    assert refused.ids == ["NodeNotFound,Microsoft.FailoverClusters.PowerShell.MoveClusterVirtualMachineRoleCommand"]
    unknown = found.ask("N1", command("Move-ClusterVirtualMachineRole", "z", "N2"))
    assert unknown.ids == ["GroupNotFound,Microsoft.FailoverClusters.PowerShell.MoveClusterVirtualMachineRoleCommand"]


def test_draining_a_node_empties_it_and_resuming_opens_it() -> None:
    found = cluster()
    found.ask("N1", command("Suspend-ClusterNode", "N1", Drain=True))
    assert set(owners(found).values()) == {"N2"}
    assert found.host("N1").node_state is NodeState.Paused
    found.ask("N2", command("Resume-ClusterNode", "N1"))
    assert found.host("N1").node_state is NodeState.Up


def test_the_owner_of_one_vm_by_its_id() -> None:
    found = cluster()
    call = command("Get-ClusterGroup", VMId=found.vm("b").id)
    assert [str(group) for group in found.ask("N2", call).values] == ["b"]
    missing = command("Get-ClusterGroup", VMId="00000000-0000-0000-0000-000000000001")
    assert found.ask("N2", missing).ids == [
        "GroupNotFound,Microsoft.FailoverClusters.PowerShell.GetClusterGroupCommand"
    ]


def test_the_clusters_functional_level() -> None:
    assert cluster().json("N1", command("Get-Cluster"), command("Select-Object", "ClusterFunctionalLevel")) == {
        "ClusterFunctionalLevel": 12
    }


# -- host keys and subscription ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{"ProductKey": HOST_KEYS["dc-2022"]}, {}])
def test_a_host_key_is_set_by_name_or_by_position(parameters: dict[str, str]) -> None:
    found = cluster()
    positional = () if parameters else (HOST_KEYS["dc-2022"],)
    assert not found.ask("N1", command("Set-VMAutomaticActivation", *positional, **parameters)).errors
    assert [applied.key for applied in found.host("N1").keys_applied] == [HOST_KEYS["dc-2022"]]
    assert found.activity["N1"].state_changing == 1
    assert found.host("N2").keys_applied == []


def test_a_subscription_needs_an_azure_context_and_takes_ten_seconds() -> None:
    found = lab(nodes=(node("N1", az_module=True), node("N2")))
    without = found.ask("N1", command("Set-AzStackHCI", EnableWSSubscription=True))
    assert without.ids == ["Set-AzStackHCI"]
    named = {"AccountId": "admin@lab.example", "ArmAccessToken": "token"}
    assert not found.ask("N1", command("Set-AzStackHCI", EnableWSSubscription=True, **named)).errors

    def active() -> bool:
        rows = found.ask("N2", command("Get-AzureStackHCISubscriptionStatus")).values
        states = [str(row.get("Status")) for row in rows if isinstance(row, Obj)]
        return states[1] == "Active"

    assert not active()
    found.advance(seconds=10)
    assert active()


def test_a_disconnected_node_says_so() -> None:
    found = lab(nodes=(node("N1", connected=False),))
    kept = found.ask("N1", command("Get-AzureStackHCISubscriptionStatus"))
    assert kept.ids == ["Get-AzureStackHCISubscriptionStatus"]
    assert found.json("N1", command("Get-AzureStackHCI"), command("Select-Object", "ConnectionStatus")) == {
        "ConnectionStatus": 1
    }


# -- PowerShell Direct ------------------------------------------------------------------------------------------------

DIRECT = (
    "param($id, $credential, $name, $arguments)\n"
    "Invoke-Command -VMId $id -Credential $credential -ScriptBlock { param($n, $a) & $n @a } "
    "-ArgumentList $name, $arguments"
)


def credential(found: InMemoryLab, name: str, password: str | None = None, user: str = "Administrator") -> Obj:
    windows = found.vm(name).windows
    assert windows is not None
    secret = Secure(password if password is not None else windows.accounts[0].password)
    return Obj(("System.Management.Automation.PSCredential",), {"UserName": user, "Password": secret})


def direct(found: InMemoryLab, name: str, command_name: str, arguments: dict[str, object], **more: Any) -> Any:
    vm, given = found.vm(name), more.pop("credential", None) or credential(found, name)
    at = more.pop("on", "HV1")
    return found.ask(at, script(DIRECT, id=vm.id, credential=given, name=command_name, arguments=arguments), **more)


def test_a_command_runs_inside_the_guest_without_a_network() -> None:
    found = lab(host("HV1", guests=[guest("vm", access="direct")]))
    kept = direct(found, "vm", "Get-CimInstance", {"ClassName": "Win32_ComputerSystem"})
    assert kept.ids == []
    [value] = kept.values
    assert isinstance(value, Obj)
    assert value.types[0].startswith("Deserialized.Microsoft.Management.Infrastructure.CimInstance#")
    assert value.get("DNSHostName") == "VM"
    assert (value.notes["PSComputerName"], value.notes["PSShowComputerName"]) == ("vm", True)
    assert isinstance(value.notes["RunspaceId"], UUID)
    assert found.activity["vm"].commands == {"(script)": 1, "Get-CimInstance": 1}


def test_a_string_of_the_guest_carries_where_it_came_from() -> None:
    found = lab(host("HV1", guests=[guest("vm")]))
    [value] = direct(found, "vm", "Get-Date", {"Format": "s"}).values
    assert isinstance(value, NotedText)
    assert (value, value.notes["PSComputerName"]) == ("2026-11-22T08:00:00", "vm")
    written = to_clixml(value)
    assert written.startswith('<Obj RefId="0"><S>2026-11-22T08:00:00</S><MS><S N="PSComputerName">vm</S>')


@pytest.mark.parametrize(
    "user", ["Administrator", r".\administrator", r"VM\Administrator", "VM.lab.example\\Administrator"]
)
def test_local_accounts_of_the_guest_log_on_in_every_spelling(user: str) -> None:
    found = lab(host("HV1", guests=[guest("vm")]))
    given = credential(found, "vm", user=user)
    assert direct(found, "vm", "Get-Date", {}, credential=given).ids == []


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"state": "off"}, "InvalidVMState"),
        ({"release": "2012 R2"}, "PSSessionStateBroken"),
        ({}, "PSSessionStateBroken"),
    ],
)
def test_what_keeps_a_host_out_of_its_guest(form: dict[str, Any], problem: str) -> None:
    found = lab(host("HV1", guests=[guest("vm", **form)]))
    kept = direct(found, "vm", "Get-Date", {}, credential=credential(found, "vm", "wrong"))
    assert [fq_id.partition(",")[0] for fq_id in kept.ids] == [problem]
    wrong = form == {}
    assert ("PSDirectException" in kept.errors[0].exception_types[0]) is wrong


def test_a_vm_of_another_node_is_not_found() -> None:
    found = lab(host("HV1"), host("HV2", guests=[guest("vm")]))
    kept = direct(found, "vm", "Get-Date", {})
    assert kept.ids == ["InvalidVMIdNotSingle,Microsoft.PowerShell.Commands.InvokeCommandCommand"]


def test_two_vms_of_one_name_are_not_single() -> None:
    found = lab(host("HV1", guests=[guest("twin"), guest("twin", computer_name="TWIN2")]))
    given = Obj(("System.Management.Automation.PSCredential",), {"UserName": "x", "Password": Secure("y")})
    text = "param($c) Invoke-Command -VMName twin -Credential $c -ScriptBlock { 1 }"
    kept = found.ask("HV1", script(text, c=given))
    assert kept.ids == ["InvalidVMNameNotSingle,Microsoft.PowerShell.Commands.InvokeCommandCommand"]


def test_a_2012_r2_host_has_no_powershell_direct() -> None:
    found = lab(host("HV1", "2012 R2", guests=[guest("vm", "2012 R2")]))
    kept = direct(found, "vm", "Get-Date", {})
    assert kept.ids == ["NamedParameterNotFound,Microsoft.PowerShell.Commands.InvokeCommandCommand"]


def test_errors_of_the_guest_come_back_under_their_own_id_as_remote_ones() -> None:
    found = lab(host("HV1", guests=[guest("vm")]))
    kept = direct(found, "vm", "Get-WinEvent", {"LogName": "Weather"})
    assert kept.ids == ["NoMatchingLogsFound,Microsoft.PowerShell.Commands.GetWinEventCommand"]
    assert kept.errors[0].exception_types[0] == "System.Management.Automation.RemoteException"


def test_a_file_of_the_host_can_be_the_script() -> None:
    found = lab(host("HV1", guests=[guest("vm")]))
    found.host("HV1").windows.files[r"c:\avma\who.ps1"] = "hostname.exe"
    named: dict[str, object] = {"VMId": found.vm("vm").id, "Credential": credential(found, "vm")}
    assert found.ask("HV1", command("Invoke-Command", FilePath=r"C:\avma\who.ps1", **named)).values == ["VM"]
    with pytest.raises(TerminatingError) as ended:
        found.ask("HV1", command("Invoke-Command", FilePath=r"C:\none.ps1", **named))
    assert ended.value.record.fq_id == "PathNotFound,Microsoft.PowerShell.Commands.InvokeCommandCommand"


def test_a_second_hop_is_refused() -> None:
    found = lab(host("HV1"), host("HV2"))
    kept = found.ask("HV1", script("Invoke-Command -ComputerName HV2 -ScriptBlock { 1 }"))
    assert kept.ids == ["AccessDenied,PSSessionStateBroken"]


def test_stale_key_value_pairs_can_be_removed_inside_the_guest() -> None:
    found = lab(host("HV1", guests=[guest("vm")]), host("HV2"))
    path = r"HKLM:\SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters"
    found.ask("vm", command("Remove-ItemProperty", Path=path, Name="PhysicalHostName*"))
    names = found.json("vm", command("Get-ItemProperty", path))
    assert "VirtualMachineId" in names
    assert "PhysicalHostName" not in names
    found.world.move(found.vm("vm"), found.host("HV2"))
    assert found.json("vm", command("Get-ItemProperty", path))["PhysicalHostName"] == "HV2"
