"""Services are known by component GUID, whatever the host's language and whatever the VM is called."""

import pytest

from harness.core.errors import HarnessError, RemoteError
from harness.core.model import DATA_EXCHANGE, IntegrationService
from harness.remoting.decode import EnumValue
from harness.remoting.fake import Answer, FakeSession, error
from harness.windows import read_service, set_service
from harness.windows._values import Row
from harness.windows.integration import service_of, services_by_vm

VM = "ab6c0e5d-9c41-4b7a-9a3b-1f0f2c3d4e5f"
HEARTBEAT = "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"


def service(component: str = DATA_EXCHANGE, **other: object) -> dict[str, object]:
    return {
        "Id": f"Microsoft:{VM.upper()}\\{component}",
        "VMId": VM,
        "Name": "Austausch von Schlüsselwertepaaren",
        "Enabled": True,
        "OperationalStatus": [2],
        "PrimaryStatusDescription": "OK",
    } | other


@pytest.mark.parametrize(
    ("status", "number"),
    [
        ([12], 12),
        (12, 12),
        ({"value": [2, 32775], "Count": 2}, 2),
        ([EnumValue("NoContact", 12)], 12),
        ([EnumValue("NoContact")], 12),
        (["LostCommunication"], 13),
        (["Kein Kontakt"], None),
        ([], None),
        (None, None),
    ],
)
def test_the_first_operational_status_is_a_number_in_every_shape(status: object, number: int | None) -> None:
    found = service_of(Row.of(service(OperationalStatus=status)))
    assert found is not None
    assert (found.component, found.status) == (DATA_EXCHANGE, number)


@pytest.mark.parametrize(
    "broken", [{"Id": None}, {"Id": f"Microsoft:{VM}"}, {"Id": "Microsoft:x\\y"}, {"Enabled": None}]
)
def test_a_row_without_component_or_state_is_no_service(broken: dict[str, object]) -> None:
    assert service_of(Row.of(service(**broken))) is None


def test_services_are_joined_by_the_vms_id_out_of_the_services_own_id() -> None:
    rows = [Row.of(service(VMId=None)), Row.of(service(HEARTBEAT, VMId="other"))]
    assert {vm: [s.component for s in found] for vm, found in services_by_vm(rows).items()} == {
        VM: [DATA_EXCHANGE, HEARTBEAT]
    }


def test_a_service_is_switched_inside_the_pipeline_by_the_end_of_its_id() -> None:
    session = FakeSession({"Get-VM": []})
    set_service(session, VM, DATA_EXCHANGE, enabled=True, seconds=5)
    assert session.commands == ["Get-VM", "Get-VMIntegrationService", "Where-Object", "Enable-VMIntegrationService"]
    get, where = session.calls("Get-VM")[0], session.calls("Where-Object")[0]
    assert str(get.parameters["Id"]) == VM
    assert where.parameters == {"Property": "Id", "Like": True, "Value": f"*\\{DATA_EXCHANGE}"}


def test_a_service_is_switched_off_by_the_other_command() -> None:
    session = FakeSession({"Get-VM": []})
    set_service(session, VM, HEARTBEAT.lower(), enabled=False, seconds=5)
    assert session.commands[-1] == "Disable-VMIntegrationService"
    assert session.calls("Where-Object")[0].parameters["Value"] == f"*\\{HEARTBEAT}"


def test_a_name_in_place_of_a_guid_is_refused_before_anything_is_sent() -> None:
    session = FakeSession({"Get-VM": []})
    with pytest.raises(HarnessError, match="GUID"):
        set_service(session, VM, "*", enabled=True, seconds=5)
    assert session.ran == []


def test_a_vm_that_moved_away_is_said_so() -> None:
    gone = error("InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM", "Keine VM mit dieser ID")
    session = FakeSession({"Get-VM": Answer(errors=[gone])}, target="hv01")
    for act in (
        lambda: set_service(session, VM, DATA_EXCHANGE, enabled=True, seconds=5),
        lambda: read_service(session, VM, DATA_EXCHANGE, seconds=5),
    ):
        with pytest.raises(RemoteError) as caught:
            act()
        assert (caught.value.code, caught.value.target) == ("vm_not_here", "hv01")
        assert "moved" in str(caught.value)


def test_one_service_is_read_back() -> None:
    session = FakeSession({"Get-VM": [service(), service(HEARTBEAT, Enabled=False)]})
    assert read_service(session, VM, HEARTBEAT.lower(), seconds=5) == IntegrationService(
        HEARTBEAT, "Austausch von Schlüsselwertepaaren", enabled=False, status=2, status_text="OK"
    )
    assert read_service(session, VM, "6C09BB55-D683-4DA0-8931-C9BF705F6480", seconds=5) is None
