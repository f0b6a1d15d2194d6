"""The variant register: every entry is observable, each choice in its own way, and the lab runs under any mixture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypsrp.exceptions import WinRMError
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan
from requests.exceptions import ConnectionError as ConnectionLost
from sim_world_lab import InMemoryLab, Kept, command
from sim_world_topologies import HOST_KEYS, guest, host, lab, node

from harness.sim.lab import serve_in_thread
from harness.sim.machine import TerminatingError
from harness.sim.objects import Obj, Secure
from harness.sim.topology import read_topology
from harness.sim.variants import REGISTER, UnknownVariantError, Variants
from harness.sim.world import LicensingError, VmState, host_answer, host_is_activated

KEY = "YDFWN-MJ9JR-3DYRK-FXXRW-78VHK"
Observer = Callable[[dict[str, str]], object]


def one(variants: dict[str, str], **more: Any) -> InMemoryLab:
    """A 2022 host with one 2022 Standard guest."""
    return lab(host("HV1", guests=[guest("vm", **more)]), variants=variants)


def azure(variants: dict[str, str], **more: Any) -> InMemoryLab:
    return lab(nodes=(node("N1", guests=[guest("vm", key="avma")], **more),), variants=variants)


def shown(kept: Kept) -> object:
    return [repr(value) for value in kept.values], kept.ids


def outcome(found: InMemoryLab, name: str, *chain: Any, **more: Any) -> object:
    try:
        return shown(found.ask(name, *chain, **more))
    except TerminatingError as ended:
        return "ended", ended.record.fq_id


def activate(found: InMemoryLab) -> int:
    windows = found.vm("vm").windows
    assert windows is not None
    try:
        found.world.activate(windows)
    except LicensingError as error:
        return error.hresult
    return 0


def avma_get(applied: list[str]) -> Observer:
    return lambda v: outcome(azure(v, applied_keys=applied), "N1", command("Get-VMAutomaticActivation"))


def avma_set(key: str) -> Observer:
    return lambda v: outcome(azure(v), "N1", command("Set-VMAutomaticActivation", key))


def same_key(variants: dict[str, str]) -> object:
    found = azure(variants)
    for _ in range(2):
        found.ask("N1", command("Set-VMAutomaticActivation", ProductKey=HOST_KEYS["dc-2022"]))
    return [key.used for key in found.world.keys.host_keys]


def event_values(variants: dict[str, str]) -> object:
    found = lab(host("HV1", activated=False, guests=[guest("vm", key="avma")]), host("HV2"), variants=variants)
    activate(found)
    found.world.move(found.vm("vm"), found.host("HV2"))
    activate(found)
    windows = found.vm("vm").windows
    assert windows is not None
    return [event.values for event in windows.log.records if event.event_id == 12309]


def without_exchange(variants: dict[str, str]) -> object:
    found = one(variants, key="avma", data_exchange="off")
    code = activate(found)
    windows = found.vm("vm").windows
    assert windows is not None
    return code, len(windows.log.records), found.slmgr("vm", "/ato")


def next_renewal(variants: dict[str, str]) -> object:
    found = one(variants, key="avma")
    activate(found)
    windows = found.vm("vm").windows
    assert windows is not None
    return windows.licence.next_attempt


def after_install(variants: dict[str, str]) -> object:
    found = one(variants)
    found.slmgr("vm", "/ipk", KEY)
    windows = found.vm("vm").windows
    assert windows is not None
    return windows.licence.licensed, windows.licence.next_attempt


def answer(carrier: dict[str, Any], release: str = "2022", edition: str = "Standard") -> Observer:
    def observe(variants: dict[str, str]) -> object:
        found = lab(host("HV1", **carrier, guests=[guest("vm", release, edition, key="avma")]), variants=variants)
        windows = found.vm("vm").windows
        assert windows is not None
        return host_answer(found.host("HV1"), windows.os, found.world.clock.now(), found.variants)

    return observe


def grace_host(variants: dict[str, str]) -> object:
    found = one(variants)
    found.world.rearm(found.host("HV1").windows)
    return host_is_activated(found.host("HV1"), found.world.clock.now(), found.variants)


def azure_edition_by_key(variants: dict[str, str]) -> object:
    form = guest("vm", "2022", "Datacenter: Azure Edition", key="avma")
    found = lab(nodes=(node("N1", applied_keys=["dc-2022"], guests=[form]),), variants=variants)
    return activate(found)


def row(name: str, **form: Any) -> Observer:
    def observe(variants: dict[str, str]) -> object:
        found = one(variants, key="avma", **form)
        return found.json("vm", command("Get-CimInstance", "SoftwareLicensingProduct"))[-1][name]

    return observe


def licence_row(*names: str, **form: Any) -> Observer:
    def observe(variants: dict[str, str]) -> object:
        found = one({**variants, "after_ipk": "none"}, **form)
        found.slmgr("vm", "/ipk", KEY)
        where = "PartialProductKey IS NOT NULL"
        query = command("Get-CimInstance", ClassName="SoftwareLicensingProduct", Filter=where)
        shown = found.json("vm", query, command("Select-Object", Property=list(names)))
        return [shown[name] for name in names]

    return observe


def failed_reason(variants: dict[str, str]) -> object:
    found = lab(host("HV1", activated=False, guests=[guest("vm", key="avma")]), variants=variants)
    activate(found)
    windows = found.vm("vm").windows
    assert windows is not None
    return windows.licence.reason


def reinstalled(variants: dict[str, str]) -> object:
    found = one({**variants, "after_ipk": "none"}, key="avma", licensed=True)
    found.slmgr("vm", "/ipk", KEY)
    windows = found.vm("vm").windows
    assert windows is not None
    return windows.licence.licensed


def granted_by(variants: dict[str, str]) -> object:
    found = one(variants, key="avma")
    activate(found)
    return found.slmgr("vm", "/dlv")[1].partition("Host machine name:")[2].split()[0]


def kvp_off(variants: dict[str, str]) -> object:
    found = one(variants, data_exchange="off")
    component = command("Get-CimInstance", Namespace=r"root\virtualization\v2", ClassName="Msvm_KvpExchangeComponent")
    return len(found.json("HV1", component)["GuestIntrinsicExchangeItems"])


def subscription(variants: dict[str, str]) -> object:
    found = azure(variants, subscription=True)
    return found.json("N1", command("Get-AzureStackHCISubscriptionStatus"))


def direct_credential(variants: dict[str, str]) -> object:
    found = one(variants)
    credential = Obj(("System.Management.Automation.PSCredential",), {"UserName": "x", "Password": Secure("y")})
    text = "param($c) Invoke-Command -VMName vm -Credential $c -ScriptBlock { hostname.exe }"
    kept = found.ask("HV1", script_call(text, c=credential))
    return kept.ids


def script_call(text: str, **named: object) -> Any:
    call = command("x", **named)
    return type(call)(text, call.parameters, is_script=True)


def cim_error(variants: dict[str, str]) -> object:
    call = command(
        "Invoke-CimMethod",
        Query="SELECT * FROM SoftwareLicensingService",
        MethodName="InstallProductKey",
        Arguments={"ProductKey": "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA"},
    )
    return one(variants).ask("vm", call).ids


def edition_after_one_start(variants: dict[str, str]) -> object:
    found = one(variants, os_evaluation=True, key="evaluation", licensed=True)
    order = f"dism.exe /online /Set-Edition:ServerStandard /ProductKey:{KEY} /AcceptEula /NoRestart"
    assert found.run("vm", order).exit_code == 3010
    vm = found.vm("vm")
    found.world.set_state(vm, VmState.Off)
    found.world.set_state(vm, VmState.Running)
    assert vm.windows is not None
    return vm.windows.os.evaluation


def language_of_avma(variants: dict[str, str]) -> object:
    return one(variants, key="avma", licensed=True, os_language="de").slmgr("vm", "/dlv")


def projected_values(variants: dict[str, str]) -> object:
    found = one(variants, key="avma")
    activate(found)
    events = command("Get-WinEvent", LogName="Application", FilterXPath="*[System[EventID=12309]]")
    return found.json("vm", events, command("Select-Object", Property="Properties"))


def component_ids(variants: dict[str, str]) -> object:
    return [row["Id"] for row in one(variants).json("HV1", command("Get-VMIntegrationService", VMName="vm"))]


def script_block_as_text(variants: dict[str, str]) -> object:
    return outcome(one(variants), "HV1", command("Get-VM"), command("Where-Object", FilterScript="$_.Name"))


def damaged_body(variants: dict[str, str]) -> object:
    """A whole lab: over HTTP, one byte of a sealed body is another one."""
    topology = read_topology({"version": 1, "hosts": [host("HV1")]}, "test.yaml")
    with serve_in_thread(topology, variants=variants) as running:
        place = next(one for one in running.document["endpoints"] if one["scheme"] == "http")
        names = {"username": place["username"], "password": place["password"]}
        client = WSMan(place["address"], port=place["port"], ssl=False, auth="ntlm", no_proxy=True, **names)
        pool = RunspacePool(client)
        pool.open()
        encryption = client.transport.encryption
        whole = encryption.wrap_message
        encryption.wrap_message = lambda message: _damaged(whole(message))
        try:
            pool.close()
        except (WinRMError, ConnectionLost) as error:
            return type(error).__name__, getattr(error, "code", None)
        finally:
            client.close()
    return "served"


def _damaged(sealed: tuple[str, bytes]) -> tuple[str, bytes]:
    content_type, body = sealed
    place = body.index(b"octet-stream") + 60
    return content_type, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


OBSERVERS: dict[str, Observer] = {
    "avma_get_shape": avma_get(["dc-2022"]),
    "avma_get_unset": avma_get([]),
    "avma_set_output": avma_set(HOST_KEYS["dc-2022"]),
    "avma_set_failure": avma_set(HOST_KEYS["dc-2016"]),
    "avma_set_validation": avma_set("no key"),
    "avma_set_parameter": lambda v: outcome(
        azure(v), "N1", command("Set-VMAutomaticActivation", ProductKey=HOST_KEYS["dc-2022"])
    ),
    "avma_set_same_key": same_key,
    "event_payload": event_values,
    "event_hresult": event_values,
    "projected_event_values": projected_values,
    "data_exchange_off": without_exchange,
    "renewal": next_renewal,
    "after_ipk": after_install,
    "host2025_guest2012r2": answer({"release": "2025"}, "2012 R2"),
    "evaluation_parent": answer({"os_evaluation": True}),
    "grace_parent": grace_host,
    "standard_host_code": answer({"edition": "Standard"}),
    "azure_edition_on_server": answer({}, "2022", "Datacenter: Azure Edition"),
    "azure_edition_by_key": azure_edition_by_key,
    "azure_edition_family": row("LicenseFamily", edition="Datacenter: Azure Edition"),
    "description_text": licence_row("Description"),
    "iaid_format": licence_row("IAID"),
    "unactivated_state": licence_row("LicenseStatus", "LicenseStatusReason"),
    "failed_reason": failed_reason,
    "reinstall_same_key": reinstalled,
    "slmgr_avma_language": language_of_avma,
    "grant_host_name": granted_by,
    "kvp_when_disabled": kvp_off,
    "hci_status_property": subscription,
    "hci_status_number": subscription,
    "hyperv_without_rights": lambda v: outcome(one(v), "HV1", command("Get-VM"), administrator=False),
    "component_id_form": component_ids,
    "direct_bad_credential": direct_credential,
    "cim_error": cim_error,
    "script_block_refusal": script_block_as_text,
    "unreadable_body": damaged_body,
    "edition_restarts": edition_after_one_start,
    "cluster_from_network_logon": lambda v: outcome(azure(v), "N1", command("Get-ClusterNode")),
}


def test_every_entry_of_the_register_has_an_observer_and_two_choices() -> None:
    assert OBSERVERS.keys() == REGISTER.keys()
    for entry in REGISTER.values():
        assert len(entry.choices) >= 2, entry.name
        assert entry.question.endswith("?"), entry.name
        assert entry.source, entry.name
        assert entry.default in entry.choices


def test_the_documentation_lists_every_entry_with_its_choices() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulated-lab.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for entry in REGISTER.values():
        assert entry.question in rows[entry.name], entry.name
        assert all(f"`{choice}`" in rows[entry.name] for choice in entry.choices), entry.name


@pytest.mark.parametrize("name", sorted(OBSERVERS))
def test_each_choice_shows_in_its_own_way(name: str) -> None:
    seen = {choice: json.dumps(OBSERVERS[name]({name: choice}), default=str) for choice in REGISTER[name].choices}
    assert len(set(seen.values())) == len(seen), seen


@pytest.mark.parametrize("seed", range(30))
def test_a_seed_always_means_the_same_choices(seed: int) -> None:
    assert dict(Variants.random(seed)) == dict(Variants.random(seed))


def test_seeds_reach_every_choice() -> None:
    reached = {(name, choice) for seed in range(200) for name, choice in Variants.random(seed).items()}
    assert reached == {(entry.name, choice) for entry in REGISTER.values() for choice in entry.choices}


@pytest.mark.parametrize("seed", range(20))
def test_every_mixture_of_choices_activates_a_plain_guest(seed: int) -> None:
    found = one(dict(Variants.random(seed)))
    assert found.slmgr("vm", "/ipk", KEY)[0] == 0
    assert found.slmgr("vm", "/ato")[0] == 0
    windows = found.vm("vm").windows
    assert windows is not None
    assert windows.licence.licensed


@pytest.mark.parametrize(("name", "choice"), [("renewall", "daily"), ("renewal", "sometimes")])
def test_what_the_register_has_not_is_refused_by_name(name: str, choice: str) -> None:
    with pytest.raises(UnknownVariantError, match=name if name not in REGISTER else choice):
        Variants({name: choice})
