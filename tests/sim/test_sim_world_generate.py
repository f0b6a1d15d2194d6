"""Generated topologies: replayable, readable, and with the mix they promise."""

from collections import Counter

import pytest
from sim_world_lab import InMemoryLab, command

from harness.sim.generate import generate_topology, topology_text
from harness.sim.topology import parse_topology


def test_one_seed_makes_one_topology() -> None:
    assert topology_text(6, 5, 3) == topology_text(6, 5, 3)
    assert topology_text(6, 5, 3) != topology_text(6, 5, 4)
    assert parse_topology(topology_text(6, 5, 3), "generated.yaml") == generate_topology(6, 5, 3)


@pytest.mark.parametrize(("hosts", "guests"), [(1, 0), (1, 20), (4, 3), (37, 4)])
def test_a_generated_topology_is_a_valid_lab_of_the_size_asked_for(hosts: int, guests: int) -> None:
    topology = generate_topology(hosts, guests, 1)
    found = InMemoryLab(topology)
    assert len(found.world.hosts) == hosts
    assert len(found.world.vms) == hosts * guests
    name = found.world.hosts[0].name
    assert len(found.ask(name, command("Get-VM")).values) == guests


def test_a_large_one_has_every_kind_of_trouble() -> None:
    found = InMemoryLab(parse_topology(topology_text(40, 20, 2), "generated.yaml"))
    vms = found.world.vms
    names = Counter(vm.name for vm in vms)
    kinds = Counter(
        kind
        for vm in vms
        for kind, holds in (
            ("clone", names[vm.name] > 1),
            ("linux", vm.windows is None),
            ("off", not vm.running),
            ("silent", vm.running and not vm.exchanges_data),
            ("direct", vm.access == "direct"),
            ("evaluation", bool(vm.windows and vm.windows.os.evaluation)),
            ("no script engine", bool(vm.windows and not vm.windows.script_engine)),
            ("too new", bool(vm.windows and not vm.host.is_azure and vm.windows.os.rank > vm.host.windows.os.rank)),
            ("activated", bool(vm.windows and vm.windows.licence.is_avma and vm.windows.licence.licensed)),
        )
        if holds
    )
    assert set(kinds) == {
        "clone", "linux", "off", "silent", "direct", "evaluation", "no script engine", "too new", "activated",
    }  # fmt: skip
    assert {host.flavour for host in found.world.hosts} == {"server_datacenter", "server_other", "azure_local"}
    assert {host.windows.os.evaluation for host in found.world.hosts} == {True, False}
    assert {len(cluster.nodes) for cluster in found.world.clusters if cluster.name.startswith("HVC")} == {4, 3}
    assert {host.windows.licence.licensed for host in found.world.hosts} == {True, False}


@pytest.mark.parametrize(("hosts", "guests"), [(0, 5), (1, 100), (1, -1)])
def test_an_impossible_size_is_refused(hosts: int, guests: int) -> None:
    with pytest.raises(ValueError, match="at least one host"):
        topology_text(hosts, guests, 1)
