"""Topology files: what is refused and where, the schema, and the demo lab's promises."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from sim_world_lab import InMemoryLab
from sim_world_topologies import guest, host, lab

from harness.sim._addresses import claim_block
from harness.sim._topology_form import TopologyForm
from harness.sim.topology import TopologyError, demo_topology, load_topology, parse_topology, topology_schema
from harness.sim.world import LicensingError, snapshot

CASES = Path(__file__).parents[1] / "cases" / "sim_world" / "topology_errors.yaml"


def cases() -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in YAML(typ="safe").load(CASES.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("case", cases())
def test_a_broken_file_is_reported_at_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(TopologyError) as broken:
        parse_topology(case["text"], "lab.yaml")
    [problem] = [line for line in broken.value.problems if case["says"] in line]
    assert problem.startswith(f"lab.yaml:{case['at']}: "), problem


def test_every_problem_of_a_file_is_told_at_once() -> None:
    text = "version: 1\nhosts:\n  - {name: A, os: {release: '2031'}, key: k}\n  - {name: A, os: {release: '2022'}}\n"
    with pytest.raises(TopologyError) as broken:
        parse_topology(text, "lab.yaml")
    assert len(broken.value.problems) == 3


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text("version: 1\nname: small\n", encoding="utf-8")
    assert load_topology(path).name == "small"


def test_the_published_schema_is_the_one_the_forms_make() -> None:
    made = TopologyForm.model_json_schema()
    published = topology_schema()
    assert {key: published[key] for key in made} == made


def test_the_schema_accepts_the_demo_lab_and_refuses_a_broken_one() -> None:
    text = (files("harness.sim") / "data" / "demo.yaml").read_text(encoding="utf-8")
    demo = YAML(typ="safe").load(text)
    jsonschema.validate(demo, topology_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**demo, "hots": []}, topology_schema())


def demo() -> InMemoryLab:
    return InMemoryLab(demo_topology())


def outcomes(found: InMemoryLab) -> dict[str, object]:
    """What the best administrator gets out of each guest: all services on, the right key in, host keys applied."""
    for cluster in found.blueprint.topology.clusters:
        for form in cluster.nodes:
            key = found.blueprint.topology.host_keys[form.key or ""].key
            assert found.world.apply_host_key(found.host(form.name), key).accepted
    result: dict[str, object] = {}
    for vm in found.world.vms:
        if vm.windows is None or not vm.running:
            result[vm.name] = "not a running Windows"
            continue
        if vm.windows.licence.licensed and not vm.windows.licence.is_avma:
            result[vm.name] = "licensed otherwise"
            continue
        vm.service("2A34B1C2-FD73-4043-8A5B-DD2159BC743F").enabled = True
        try:
            generic = next(
                key
                for key in found.world.keys._keys.values()
                if key.channel == "VT:IA"
                and vm.windows.os.release in key.releases
                and key.edition == vm.windows.os.edition
            )
            found.world.install_key(vm.windows, generic.text)
            found.world.activate(vm.windows)
            result[vm.name] = "activated"
        except LicensingError as error:
            result[vm.name] = f"0x{error.hresult:08X}"
    return result


def test_the_demo_lab_has_what_it_promises() -> None:
    found = demo()
    state = snapshot(found.world)
    hosts = state["hosts"]
    assert isinstance(hosts, list)
    assert [(h["name"], h["flavour"], h["activated"]) for h in hosts] == [
        ("HV-BER-01", "server_datacenter", True),
        ("HV-MUC-01", "server_datacenter", True),
        ("HV-LAB-01", "server_datacenter", False),
        ("AZL-N1", "azure_local", False),
        ("AZL-N2", "azure_local", False),
        ("AZL-N3", "azure_local", False),
    ]
    assert all(h["keys_applied"] == [] for h in hosts)
    vms = found.world.vms
    assert len(vms) >= 24
    systems = [vm.windows.os for vm in vms if vm.windows]
    assert {system.release for system in systems} == {"2012 R2", "2016", "2019", "2022", "2025"}
    assert {system.edition for system in systems} == {
        "Standard", "Datacenter", "Essentials", "Datacenter: Azure Edition",
    }  # fmt: skip
    assert {vm.access for vm in vms} == {"winrm", "direct", "none"}
    assert {vm.windows.language_tag for vm in vms if vm.windows} == {"en", "ja", "zh-CN"}
    assert found.host("HV-BER-01").windows.language_tag == "de"


def test_what_can_be_got_out_of_the_demo_lab() -> None:
    found = demo()
    got = outcomes(found)
    by_outcome: dict[object, set[str]] = {}
    for name, result in got.items():
        by_outcome.setdefault(result, set()).add(name)
    assert by_outcome["0xC004FD03"] == {"srv-next01", "app-stage01"}
    assert by_outcome["0xC004FD02"] == {"srv-test01", "srv-test02"}
    assert by_outcome["0xC004FD01"] == {"srv-mute01"}
    assert by_outcome["licensed otherwise"] == {"srv-kms01", "srv-mak01", "srv-sales01"}
    assert by_outcome["not a running Windows"] == {"lnx-proxy01", "srv-spare01"}
    active = Counter(found.vm(name).host.name for name in by_outcome["activated"])
    assert active["HV-BER-01"] >= 6
    assert active["HV-MUC-01"] >= 6
    assert sum(active[name] for name in ("AZL-N1", "AZL-N2", "AZL-N3")) == 8


def test_one_seed_makes_one_lab() -> None:
    def passwords(seed: int) -> list[str]:
        blueprint = InMemoryLab(demo_topology(), seed=seed).blueprint
        return [blueprint.host_account.password, *(str(vm.id) for vm in blueprint.world.vms)]

    assert passwords(7) == passwords(7)
    assert passwords(7) != passwords(8)


def test_host_keys_of_the_demo_lab_cannot_be_mistaken_for_real_ones() -> None:
    """Letters and digits that no product key of Microsoft's holds."""
    for form in demo_topology().host_keys.values():
        assert set(form.key) & set("AEILOSUZ015")


def test_hostile_names_are_data() -> None:
    name = "<b>vm\"'&\u202e\x1b[31m"
    found = lab(host("HV1", guests=[guest(name, computer_name="PLAIN", kvp={"OSName": "x" * 2000})]))
    rows = found.json("HV1", *_chain())
    assert rows == {"Name": name}
    assert json.dumps(snapshot(found.world))


def _chain() -> Any:
    from sim_world_lab import command

    return command("Get-VM"), command("Select-Object", "Name")


def test_two_labs_never_share_a_block() -> None:
    source = Random(3)
    first = claim_block(10, Random(3))
    second = claim_block(10, source)
    try:
        assert first.control_address != second.control_address
        assert {first.take() for _ in range(50)}.isdisjoint({second.take() for _ in range(50)})
    finally:
        first.control.close()
        second.control.close()


def test_a_large_lab_gets_a_larger_block() -> None:
    block = claim_block(5000, Random(4))
    try:
        taken = {block.take() for _ in range(5000)}
        assert len(taken) == 5000
        assert {address.rsplit(".", 1)[1] for address in taken} <= {str(number) for number in range(1, 251)}
    finally:
        block.control.close()


def test_further_users_log_on_with_the_rights_they_have() -> None:
    users = [
        {"username": "reader", "password": "R-1", "administrator": False},
        {"username": "LAB\\former", "password": "F-1", "enabled": False},
        {"username": "stale", "password": "S-1", "expired": True},
    ]
    found = lab(host("HV1", users=users, guests=[guest("vm", users=users[:1])]))
    windows = found.host("HV1").windows
    reader, former, stale = (
        windows.account("READER", None),
        windows.account("former", "lab"),
        windows.account("stale@hv1.lab.example", None),
    )
    assert reader is not None
    assert (reader.administrator, reader.password, reader.domain) == (False, "R-1", "HV1")
    assert former is not None
    assert not former.enabled
    assert stale is not None
    assert stale.expired
    assert windows.account("reader", "ELSEWHERE") is None
    inside = found.vm("vm").windows
    assert inside is not None
    assert inside.account(".\\nobody", None) is None
    assert [account.name for account in inside.accounts] == ["Administrator", "reader"]
