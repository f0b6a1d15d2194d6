"""The questions and commands of this room against the simulated lab, over HTTPS, WS-Man and PSRP."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from windows_lab import SECONDS, Wire

from harness.core.catalogue import avma_key
from harness.core.errors import RemoteError
from harness.core.model import DATA_EXCHANGE, Flavour, GuestFacts, LicenseStatus, VirtualMachine, VmState
from harness.remoting import CommandShell, PowerShellSession
from harness.windows import (
    activate_guest,
    clear_guest_key,
    install_guest_key,
    read_guest_licence,
    read_host_activation,
    read_service,
    set_host_key,
    set_service,
    uninstall_guest_key,
)

Start = Callable[..., Wire]
KEY_A = "FAKE0-AZL22-LABOR-N0DE1-0A1LS"
RELEASES = ("2022", "2019", "2016", "2012 R2")
TWENTY = (
    "hosts:\n  - name: HV20\n    os: {release: '2022', edition: Datacenter, language: de}\n    guests:\n"
    + "\n".join(
        f"      - {{name: vm{n:02d}, os: {{release: '{RELEASES[n % 4]}'}}, key: avma, licensed: true}}"
        for n in range(20)
    )
)


def key_of(release: str, edition: str) -> str:
    row = avma_key(release, edition)
    assert row is not None
    return row.key


def vm_of(wire: Wire, host: str, name: str) -> VirtualMachine:
    return next(vm for vm in wire.host(wire.session(host)).vms if vm.name == name)


@pytest.mark.gate
def test_a_known_host_with_twenty_vms_costs_two_requests_and_an_unknown_one_four(
    start: Start, figure: Callable[[str, float, str], None]
) -> None:
    wire = start(TWENTY)
    session = wire.session("HV20")
    before = wire.requests("HV20")
    facts, known = wire.gather(session)
    first = wire.requests("HV20") - before
    assert len(facts.vms) == 20
    assert all(vm.services and vm.kvp for vm in facts.vms)
    assert all(state.ok for name, state in facts.parts.items() if name in {"os", "vms", "services", "kvp", "events"})
    before = wire.requests("HV20")
    again, _ = wire.gather(session, known)
    second = wire.requests("HV20") - before
    figure("P1.known", second.total(), "requests for full facts of a host with twenty VMs, on an open session")
    figure("P1.first", first.total(), "requests for the same at first contact")
    assert second == {"Command": 1, "Receive": 1}
    assert first == {"Command": 2, "Receive": 2}
    assert [vm.vm_id for vm in again.vms] == [vm.vm_id for vm in facts.vms]
    assert wire.changes("HV20") == 0


def test_a_german_host_tells_its_guests_by_id_and_number(wire: Wire) -> None:
    facts = wire.host(wire.session("HV1"))
    assert (facts.flavour, facts.os.release, facts.os.edition, facts.hyperv) == (
        Flavour.SERVER_DATACENTER,
        "2022",
        "Datacenter",
        True,
    )
    vms = {vm.name: vm for vm in facts.vms}
    assert vms["sleeper"].state is VmState.OFF
    assert vms["tux"].kvp["OSName"] == "Debian GNU/Linux"
    assert vms["<b>&'\""].vm_id == "3d1bd1f6-0000-4000-8000-000000000001"
    exchange = vms["web"].service(DATA_EXCHANGE)
    assert exchange is not None
    assert (exchange.enabled, exchange.status) == (True, 2)
    assert "Austausch" in exchange.name
    assert facts.licences[0].status == LicenseStatus.LICENSED


def test_a_server_without_the_role_says_so(wire: Wire) -> None:
    facts = wire.host(wire.session("PLAIN"))
    assert facts.hyperv is False
    assert facts.flavour is Flavour.SERVER_OTHER
    assert facts.parts["hyperv"].code == "command_missing"


def test_nodes_tell_their_cluster_their_key_and_their_subscription(wire: Wire) -> None:
    first, second = wire.host(wire.session("AZL1")), wire.host(wire.session("AZL2"))
    assert (first.flavour, second.flavour) == (Flavour.AZURE_LOCAL, Flavour.AZURE_STACK_HCI)
    assert first.cluster is not None
    assert first.cluster.name == "AZL"
    assert [(node.name, node.state) for node in first.cluster.nodes] == [("AZL1", "up"), ("AZL2", "up")]
    (app,) = first.vms
    assert app.vm_id in first.cluster.owners or app.name in first.cluster.owners
    assert first.activation is not None
    assert first.activation.configured is not True
    assert second.activation is not None
    assert (second.activation.configured, second.activation.last5) == (True, "0B1LS")
    assert first.subscription is not None
    assert first.subscription.active is False
    assert next(module.version for module in first.modules if module.name == "ServerAVMAManager") >= (1, 1)


def guest_channels(wire: Wire, name: str) -> tuple[PowerShellSession, CommandShell, VirtualMachine]:
    vm = vm_of(wire, "HV1", name)
    if name == "vault":
        session, shell = wire.direct(wire.session("HV1"), vm)
        return session, shell, vm
    return wire.session(name), wire.shell(name), vm


@pytest.mark.parametrize(
    ("name", "release", "edition", "engine"),
    [
        ("web", "2022", "Standard", True),
        ("bare", "2022", "Standard", False),
        ("old", "2012 R2", "Standard", True),
        ("vault", "2019", "Standard", True),
    ],
)
def test_a_guest_is_read_given_its_key_and_activated(
    wire: Wire, name: str, release: str, edition: str, engine: bool
) -> None:
    session, shell, vm = guest_channels(wire, name)
    facts = wire.guest(session, shell, vm)
    assert facts.os is not None
    assert (facts.os.release, facts.os.edition) == (release, edition)
    assert facts.script_engine is engine
    assert facts.reported_vm_id == vm.vm_id
    key = key_of(release, edition)
    install_guest_key(session, shell, key, script_engine=engine, seconds=SECONDS)
    activate_guest(session, shell, script_engine=engine, seconds=SECONDS)
    found = read_guest_licence(session, seconds=SECONDS)
    assert found is not None
    assert (found.partial_product_key, found.status, found.is_avma) == (key[-5:], LicenseStatus.LICENSED, True)
    assert found.grace_minutes is not None
    assert 0 < found.grace_minutes <= 10_080
    assert found.avma_time is not None
    after = wire.guest(session, shell, vm)
    assert [event.hresult for event in after.events][:1] == [0]
    assert (after.dlv is not None and key[-5:] in after.dlv) is engine
    host = wire.host(wire.session("HV1"))
    assert [event.hresult for event in host.events if vm.vm_id in event.guids][:1] == [0]


@pytest.mark.parametrize("engine", [True, False])
def test_a_guest_of_a_host_that_is_not_activated_is_refused_with_the_hosts_code(wire: Wire, engine: bool) -> None:
    session, shell = wire.session("lost"), wire.shell("lost")
    with pytest.raises(RemoteError) as caught:
        activate_guest(session, shell, script_engine=engine, seconds=SECONDS)
    assert caught.value.hresult == 0xC004FD02
    found = read_guest_licence(session, seconds=SECONDS)
    assert found is not None
    assert found.status != LicenseStatus.LICENSED


@pytest.mark.parametrize("variant", ["hresult_id", "error_data"])
@pytest.mark.parametrize("engine", [True, False])
def test_a_key_of_another_edition_is_refused_with_its_code(start: Start, engine: bool, variant: str) -> None:
    wire = start(cim_error=variant)
    session, shell = wire.session("eval"), wire.shell("eval")
    with pytest.raises(RemoteError) as caught:
        install_guest_key(session, shell, key_of("2022", "Datacenter"), script_engine=engine, seconds=SECONDS)
    assert caught.value.hresult == 0xC004F069


@pytest.mark.parametrize("engine", [True, False])
def test_a_key_is_taken_out_and_cleared(wire: Wire, engine: bool) -> None:
    session, shell = wire.session("old"), wire.shell("old")
    clear_guest_key(session, shell, script_engine=engine, seconds=SECONDS)
    uninstall_guest_key(session, shell, script_engine=engine, seconds=SECONDS)
    assert read_guest_licence(session, seconds=SECONDS) is None


def test_a_shell_that_finds_no_engine_leaves_the_work_to_cim(wire: Wire) -> None:
    session, shell = wire.session("bare"), wire.shell("bare")
    said = install_guest_key(session, shell, key_of("2022", "Standard"), script_engine=True, seconds=SECONDS)
    assert said == ""
    found = read_guest_licence(session, seconds=SECONDS)
    assert found is not None
    assert found.partial_product_key == key_of("2022", "Standard")[-5:]


def test_a_service_is_switched_for_one_vm_and_read_back(wire: Wire) -> None:
    session = wire.session("HV1")
    web, evil = vm_of(wire, "HV1", "web"), vm_of(wire, "HV1", "<b>&'\"")
    for wanted in (False, True, False):
        set_service(session, evil.vm_id, DATA_EXCHANGE, enabled=wanted, seconds=SECONDS)
        found = read_service(session, evil.vm_id, DATA_EXCHANGE, seconds=SECONDS)
        assert found is not None
        assert found.enabled is wanted
    other = read_service(session, web.vm_id, DATA_EXCHANGE, seconds=SECONDS)
    assert other is not None
    assert other.enabled


def test_a_vm_of_another_host_is_said_to_be_elsewhere(wire: Wire) -> None:
    lost = vm_of(wire, "HV2", "lost")
    session = wire.session("HV1")
    with pytest.raises(RemoteError) as caught:
        set_service(session, lost.vm_id, DATA_EXCHANGE, enabled=True, seconds=SECONDS)
    assert caught.value.code == "vm_not_here"


GET_SHAPES = (
    "status_object",
    "partial_key_object",
    "cim_like",
    "nested",
    "hashtable",
    "full_key",
    "string",
    "boolean",
    "nothing",
)


@pytest.mark.parametrize("unset", ["nothing", "null", "object", "error"])
@pytest.mark.parametrize("shape", GET_SHAPES)
def test_a_host_key_is_sent_once_and_read_back_whatever_shape_the_answer_has(
    start: Start, shape: str, unset: str
) -> None:
    wire = start(avma_get_shape=shape, avma_get_unset=unset)
    session = wire.session("AZL1")
    before = read_host_activation(session, seconds=SECONDS)
    assert before is None or before.configured is not True
    assert (before is None) is (unset == "error")
    answer = set_host_key(session, SecretStr(KEY_A), seconds=SECONDS)
    assert (answer.failed, answer.errors) == (False, ())
    assert wire.commands("AZL1")["Set-VMAutomaticActivation"] == 1
    after = read_host_activation(session, seconds=SECONDS)
    assert after is not None
    assert after.configured is (None if shape == "nothing" else True)
    assert after.last5 == (None if shape in {"nothing", "boolean"} else "0A1LS")
    assert KEY_A not in repr(after)
    facts = wire.host(session)
    assert facts.activation == after


@pytest.mark.parametrize("failure", ["error_record", "status_object", "throw"])
@pytest.mark.parametrize("validation", ["function", "pattern"])
def test_a_refused_host_key_is_told_without_the_key(start: Start, failure: str, validation: str) -> None:
    wire = start(avma_set_failure=failure, avma_set_validation=validation)
    session = wire.session("AZL1")
    wrong = "FAKE0-WR0NG-LABOR-N0DE9-0X1LS"
    answer = set_host_key(session, SecretStr(wrong), seconds=SECONDS)
    assert bool(answer.errors) is (failure != "status_object")
    assert answer.failed is (failure == "throw")
    assert wrong not in repr(answer)
    after = read_host_activation(session, seconds=SECONDS)
    assert after is not None
    assert after.configured is not True


@pytest.mark.parametrize("layout", ["comma", "lines", "pairs", "vm_only", "no_ids", "blob", "empty"])
@pytest.mark.parametrize("spelling", ["short", "padded", "lower"])
def test_events_tell_their_code_in_every_layout(start: Start, layout: str, spelling: str) -> None:
    wire = start(event_payload=layout, event_hresult=spelling)
    session, shell = wire.session("lost"), wire.shell("lost")
    with pytest.raises(RemoteError):
        activate_guest(session, shell, script_engine=True, seconds=SECONDS)
    host = wire.host(wire.session("HV2"))
    (vm,) = host.vms
    guest: GuestFacts = wire.guest(session, shell, vm)
    for event in (host.events[0], guest.events[0]):
        assert event.hresult == 0xC004FD02
        assert event.time is not None
        assert (vm.vm_id in event.guids) is (layout not in {"no_ids", "empty"})


@pytest.mark.parametrize("number", ["zero", "one", "two"])
@pytest.mark.parametrize("name", ["status", "subscription_status", "both"])
def test_a_subscription_is_read_by_its_word_under_either_name(start: Start, name: str, number: str) -> None:
    wire = start(hci_status_property=name, hci_status_number=number)
    facts = wire.host(wire.session("AZL1"))
    assert facts.subscription is not None
    assert (facts.subscription.active, facts.subscription.status) == (False, "Inactive")
    assert facts.subscription.registered is True


def test_a_cluster_that_refuses_network_logons_costs_itself_alone(start: Start) -> None:
    wire = start(cluster_from_network_logon="denied")
    session = wire.session("AZL2")
    facts, known = wire.gather(session)
    assert facts.cluster is None
    assert facts.parts["cluster"].code == "access_denied"
    assert facts.activation is not None
    assert facts.activation.last5 == "0B1LS"
    before = wire.requests("AZL2")
    again, _ = wire.gather(session, known)
    assert wire.requests("AZL2") - before == {"Command": 1, "Receive": 1}
    assert again.activation == facts.activation


@pytest.mark.gate
def test_reading_everything_changes_nothing(wire: Wire, figure: Callable[[str, float, str], None]) -> None:
    for name in ("HV1", "HV2", "PLAIN", "AZL1", "AZL2"):
        session = wire.session(name)
        _, known = wire.gather(session)
        wire.gather(session, known)
        read_host_activation(session, seconds=SECONDS)
    for name in ("web", "vault"):
        session, shell, vm = guest_channels(wire, name)
        wire.guest(session, shell, vm)
        read_guest_licence(session, seconds=SECONDS)
    changes = sum(wire.changes(name) for name in ("HV1", "HV2", "PLAIN", "AZL1", "AZL2", "web", "vault"))
    figure("S3", changes, "state-changing messages while five hosts and two guests were read")
    assert changes == 0


def test_a_guest_costs_one_pipeline_and_one_program(wire: Wire) -> None:
    session, shell, vm = guest_channels(wire, "web")
    before = wire.requests("web")
    facts = wire.guest(session, shell, vm)
    used = wire.requests("web") - before
    assert all(state.ok for state in facts.parts.values())
    assert used["Command"] == 2, "the pipeline and cscript"
