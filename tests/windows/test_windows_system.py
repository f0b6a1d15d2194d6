"""Hosts and guests are what their numbers say, not what their captions say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.core.model import (
    WINDOWS_APPLICATION_ID,
    ClusterNode,
    ClusterView,
    LicenceRecord,
    OperatingSystem,
    ServerSubscription,
    VmState,
)
from harness.remoting.decode import EnumValue, RemoteObject
from harness.windows._values import Row
from harness.windows.cluster import cluster_view
from harness.windows.hypervisor import virtual_machines, vm_state
from harness.windows.licence import licences_of, windows_licence
from harness.windows.subscription import server_subscription
from harness.windows.system import flavour_of, operating_system, with_licence

CASES: list[Mapping[str, object]] = YAML(typ="safe").load(Path("tests/cases/windows/systems.yaml"))
ADDON = LicenceRecord(application_id=WINDOWS_APPLICATION_ID, license_family="Server-ESU-Year1", is_addon=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_machine_is_told_by_its_numbers(case: Mapping[str, object]) -> None:
    row = case.get("row")
    family = case.get("family")
    licences = [ADDON]
    if family:
        licences.append(LicenceRecord(application_id=WINDOWS_APPLICATION_ID, license_family=str(family)))
    system = with_licence(operating_system(Row.of(row) if isinstance(row, Mapping) else None), licences)
    assert (system.release, system.edition, system.evaluation) == (
        case.get("release"),
        case.get("edition"),
        case.get("evaluation", False),
    )
    assert flavour_of(system, azure_commands=bool(case.get("azure_commands"))) == case["flavour"]


def test_the_clock_of_a_machine_is_read_in_utc() -> None:
    row = Row.of({"CSName": "HV01", "LocalDateTime": "/Date(1772619072000)/", "Caption": "Windows"})
    assert operating_system(row) == OperatingSystem(
        caption="Windows", computer_name="HV01", clock=datetime(2026, 3, 4, 10, 11, 12, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (2, VmState.RUNNING),
        (3, VmState.OFF),
        (6, VmState.SAVED),
        (32779, VmState.SAVED),
        (9, VmState.PAUSED),
        (10, VmState.TRANSITIONAL),
        (32783, VmState.UNKNOWN),
        (1, VmState.UNKNOWN),
        ("Running", VmState.RUNNING),
        ("ForceShutdown", VmState.TRANSITIONAL),
        ("RunningCritical", VmState.UNKNOWN),
        (EnumValue("Off", 3), VmState.OFF),
        (EnumValue("Off"), VmState.OFF),
        (None, VmState.UNKNOWN),
    ],
)
def test_a_vms_state_is_read_from_number_or_name(value: object, state: VmState) -> None:
    assert vm_state(Row.of({"State": value})) is state


HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m",
    "web01'; Stop-VM *; '",
    "\u202e10bew",
    "x" * 1024,
    "同じ名前",
    "",
]


def test_vms_with_hostile_and_equal_names_are_kept_apart_by_id() -> None:
    ids = [f"00000000-0000-0000-0000-{n:012d}" for n in range(len(HOSTILE) + 1)]
    names = [*HOSTILE, HOSTILE[0]]
    rows = [Row.of({"Id": vm_id.upper(), "Name": name, "State": 2}) for vm_id, name in zip(ids, names, strict=True)]
    found = virtual_machines([*rows, Row.of({"Name": "no id"})], "hv01", {}, {ids[0]: {"OSName": "a"}})
    assert [(vm.vm_id, vm.name) for vm in found] == list(zip(ids, names, strict=True))
    assert found[0].kvp == {"OSName": "a"}
    assert found[-1].kvp == {}


def test_a_vms_heartbeat_is_a_number_whether_named_or_numbered() -> None:
    rows = [
        Row.of({"Id": f"00000000-0000-0000-0000-00000000000{n}", "Heartbeat": v})
        for n, v in enumerate((2, "NoContact", EnumValue("NoContact", 2), None))
    ]
    assert [vm.heartbeat for vm in virtual_machines(rows, "hv01", {}, {})] == [2, 2, 2, None]


def test_a_licence_is_read_with_its_code_unsigned_and_its_date_in_utc() -> None:
    row = Row.of(
        {
            "ID": "a0",
            "ApplicationID": WINDOWS_APPLICATION_ID,
            "LicenseStatus": 5,
            "LicenseStatusReason": -1073418231,
            "GracePeriodRemaining": "0",
            "LicenseIsAddon": False,
            "AutomaticVMActivationLastActivationTime": "/Date(-11644473600000)/",
            "ProductKeyChannel": "VT:IA",
        }
    )
    (record,) = licences_of([row])
    assert (record.status, record.reason, record.grace_minutes) == (5, 0xC004F009, 0)
    assert record.avma_time is None
    assert record.is_avma
    assert windows_licence([ADDON, record]) is record
    assert windows_licence([ADDON]) is None


NODE = RemoteObject(("ClusterNode",), {"Name": "HV02", "State": 0}, "HV02")


@pytest.mark.parametrize("owner", ["HV02", {"Name": "HV02", "Id": "2"}, NODE])
def test_a_clusters_owners_are_read_from_text_and_from_objects(owner: object) -> None:
    groups = [
        Row.of({"Name": "web01", "GroupType": 111, "OwnerNode": owner, "VMId": None}),
        Row.of(
            {
                "Name": "db01",
                "GroupType": "VirtualMachine",
                "OwnerNode": owner,
                "VMId": "AB6C0E5D-9C41-4B7A-9A3B-1F0F2C3D4E5F",
            }
        ),
        Row.of({"Name": "Cluster Group", "GroupType": 1, "OwnerNode": owner}),
    ]
    nodes = [
        Row.of({"Name": "HV01", "State": 0, "BuildNumber": 20348}),
        Row.of({"Name": "HV02", "State": "Paused", "BuildNumber": "20348"}),
        Row.of({"Name": "HV03", "State": 17}),
    ]
    view = cluster_view(Row.of({"Name": "CL1", "ClusterFunctionalLevel": 11}), nodes, groups)
    assert view == ClusterView(
        "CL1",
        11,
        (ClusterNode("HV01", "up", 20348), ClusterNode("HV02", "paused", 20348), ClusterNode("HV03", "unknown", None)),
        {"web01": "HV02", "ab6c0e5d-9c41-4b7a-9a3b-1f0f2c3d4e5f": "HV02"},
    )


def test_a_host_without_a_cluster_has_no_view_of_one() -> None:
    assert cluster_view(None, [], []) is None


@pytest.mark.parametrize(
    ("row", "active", "status"),
    [
        ({"Status": EnumValue("Active", 0), "SubscriptionStatus": None}, True, "Active"),
        ({"Status": None, "SubscriptionStatus": "Inactive"}, False, "Inactive"),
        ({"Status": 1, "SubscriptionStatus": None}, None, "1"),
        ({"Status": None, "SubscriptionStatus": None}, None, None),
    ],
)
def test_a_subscription_is_active_only_where_a_word_says_so(
    row: dict[str, object], active: bool | None, status: str | None
) -> None:
    other = Row.of({"SubscriptionName": "Azure Stack HCI", "Status": "Active"})
    mine = Row.of({"SubscriptionName": "Windows Server subscription"} | row)
    registration = Row.of(
        {"RegistrationStatus": EnumValue("Registered", 1), "ConnectionStatus": "NotConnectedRecently"}
    )
    assert server_subscription(registration, [other, mine]) == ServerSubscription(
        active, status, registered=True, connected=False
    )


def test_a_list_without_the_subscription_proves_nothing() -> None:
    found = server_subscription(None, [Row.of({"SubscriptionName": "Azure Stack HCI", "Status": "Active"})])
    assert found == ServerSubscription(active=None)
    assert server_subscription(None, []) is None
