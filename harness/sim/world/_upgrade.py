"""In-place upgrades: what Windows Setup makes of an installed Windows Server, on a host's metal and in a guest.

Setup refuses AVMA keys, so a guest needs a key of another channel for it (MicrosoftDocs/windowsserverdocs issue 1580,
2018). A host is taken to come back as activated as it went: whoever upgrades it has its own key of the new release.
"""

from dataclasses import replace

from harness.sim.world._fabric import Host, NodeState
from harness.sim.world._keys import KeyChannel
from harness.sim.world._systems import OperatingSystem
from harness.sim.world._virtual import VirtualMachine
from harness.sim.world._world import NoSuchThingError, World

__all__ = ["upgrade_guest", "upgrade_host"]


def upgrade_host(world: World, host: Host, release: str) -> None:
    """Empty a host as far as its cluster allows, and install a newer release on it. The caller restarts it.

    Raises:
        ValueError: the host's family has no such release, or it is no newer one.
    """
    world.settle()
    system = _newer(host.windows.os, release)
    nodes = host.cluster.nodes if host.cluster else ()
    others = [node for node in nodes if node is not host and node.node_state is NodeState.Up]
    for vm in [vm for vm in host.vms if vm.clustered]:
        if others:
            world.move(vm, min(others, key=lambda node: len(node.vms)))
    host.windows.os = system


def upgrade_guest(world: World, vm: VirtualMachine, release: str, key: str) -> None:
    """Run setup of a newer release in a guest, with /pkey; the key tells the edition that it becomes.

    Raises:
        ValueError: setup does not take that key, or it is no newer release.
        NoSuchThingError: there is no Windows in that VM.
    """
    now, windows = world.settle(), vm.windows
    if windows is None:
        raise NoSuchThingError(f"no Windows in VM {vm.name!r}")
    system = _newer(windows.os, release)
    found = world.keys.find(key)
    if found is None or release not in found.releases or found.channel is KeyChannel.AVMA:
        raise ValueError(f"setup of {release} does not take this key: it is an AVMA key, or not of that release")
    windows.os = replace(system, edition=found.edition)
    windows.booted = now
    world.install_key(windows, key)


def _newer(before: OperatingSystem, release: str) -> OperatingSystem:
    after = replace(before, release=release)
    if after.build <= before.build:
        raise ValueError(f"there is no upgrade from {before.release} to {release}")
    return after
