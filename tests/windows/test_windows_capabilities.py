"""What an endpoint offers is asked once, in terms that even a restricted endpoint answers."""

from datetime import UTC, datetime, timedelta

import pytest

from harness.core.errors import RemoteError
from harness.core.model import ModuleInfo
from harness.remoting.decode import EnumValue
from harness.remoting.fake import Answer, FakeSession, error
from harness.windows.capabilities import HostCapabilities, probe, read_capabilities, write_capabilities
from harness.windows.question import FULL, Projection

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def command(name: str, kind: str = "Cmdlet", number: int | None = 8) -> dict[str, object]:
    return {"Name": name, "CommandType": EnumValue(kind, number), "ModuleName": "M"}


MODULES = [
    {"Name": "ServerAVMAManager", "Version": "1.10.0.0"},
    {"Name": "Hyper-V", "Version": {"Major": 2, "Minor": 0, "Build": 0, "Revision": 0}},
]


def test_a_full_endpoint_is_probed_in_one_pipeline() -> None:
    found = [command("Get-VM"), command("Select-Object"), command("ConvertTo-Json"), command("Get-Command")]
    session = FakeSession({"Get-Command": found, "Get-Module": MODULES})
    capabilities = probe(session, ["Get-VM", "Get-Cluster"], now=NOW, seconds=5)
    assert len(session.ran) == 1
    assert capabilities.has("get-vm", "Get-VM")
    assert not capabilities.has("Get-VM", "Get-Cluster")
    assert capabilities.projection == FULL
    assert capabilities.modules == (ModuleInfo("ServerAVMAManager", (1, 10, 0, 0)), ModuleInfo("Hyper-V", (2, 0, 0, 0)))
    assert capabilities.age(NOW + timedelta(hours=1)) == timedelta(hours=1)
    asked = session.calls("Get-Command")[0].parameters
    assert {"Get-VM", "Get-Cluster", "Select-Object", "ConvertTo-Json"} <= set(asked["Name"])  # type: ignore[call-overload]
    assert asked["ErrorAction"] == "SilentlyContinue"


@pytest.mark.parametrize(
    ("found", "projection"),
    [
        ([command("Select-Object", "Function", 2)], Projection(None, json=False)),
        ([command("Select-Object", "Function", 2), command("ConvertTo-Json")], Projection(None, json=False)),
        (
            [command("Select-Object", "Function", 2), command("Select-Object"), command("ConvertTo-Json")],
            Projection("Microsoft.PowerShell.Utility\\Select-Object"),
        ),
        (
            [command("Select-Object", "Function", None), command("Select-Object", "Cmdlet", None)],
            Projection("Microsoft.PowerShell.Utility\\Select-Object", json=False),
        ),
        ([command("Select-Object")], Projection(json=False)),
    ],
)
def test_a_restricted_endpoint_trims_only_with_what_it_shows(
    found: list[dict[str, object]], projection: Projection
) -> None:
    capabilities = probe(FakeSession({"Get-Command": found}), [], now=NOW, seconds=5)
    assert capabilities.projection == projection
    assert capabilities.modules is None, "Get-Module is missing here, which ends the probe after its first answer"


def test_an_endpoint_that_lists_no_commands_is_an_error_with_a_next_step() -> None:
    refused = Answer(errors=[error("CommandNotFoundException", "Get-Command?")], terminating=True)
    with pytest.raises(RemoteError) as caught:
        probe(FakeSession({"Get-Command": refused}, target="hv01"), [], now=NOW, seconds=5)
    assert caught.value.target == "hv01"
    assert caught.value.hint


@pytest.mark.parametrize("modules", [None, (ModuleInfo("ServerAVMAManager", (1, 1, 0, 0)),)])
def test_capabilities_survive_being_remembered(modules: tuple[ModuleInfo, ...] | None) -> None:
    before = HostCapabilities(
        frozenset({"get-vm"}), modules, Projection(None, json=False), NOW, late=frozenset({"cluster"})
    )
    assert read_capabilities(write_capabilities(before)) == before


@pytest.mark.parametrize("document", ["", "{}", "[]", "null", '{"commands": 1}', '{"commands": [], "modules": [1]}'])
def test_a_document_of_another_make_is_forgotten(document: str) -> None:
    assert read_capabilities(document) is None
