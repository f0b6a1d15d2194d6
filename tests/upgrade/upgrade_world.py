"""What the simulated world does in a rolling upgrade: built anew for each question, acted on as an operator would."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from upgrade_fabrics import Fabric

from harness.core.catalogue import gvlk
from harness.sim._build import build
from harness.sim.variants import Variants
from harness.sim.world import Host, KeyChannel, LicensingError, Status, VirtualMachine, World

__all__ = ["Course", "fate", "world_after"]

Json = Mapping[str, Any]
WATCH = timedelta(days=8)
TICK = timedelta(hours=3)


@dataclass(frozen=True)
class Course:
    """One guest's AVMA activation over eight days: whether it held at the start, when it was seen to, and not to."""

    began: bool
    held: tuple[datetime, ...]
    gone: tuple[datetime, ...]


class _Addresses:
    def __init__(self) -> None:
        self._number = 0

    def take(self) -> str:
        self._number += 1
        return f"127.8.{self._number // 250}.{self._number % 250 + 1}"


def world_after(fabric: Fabric, pool: Json, forecasts: Iterable[Json], state: int) -> World:
    """The world in which the first ``state`` steps of a pool's proposed order have been done, in no time at all."""
    start = datetime.fromisoformat(str(fabric.topology.start))
    addresses: Any = _Addresses()
    variants = Variants(fabric.variants)
    blueprint = build(fabric.topology, addresses, seed=1, variants=variants, start=start, elapsed=lambda: 0.0)
    world = blueprint.world
    for step in pool["steps"][:state]:
        if step["node"] is None:
            for guest in forecasts:
                _upgrade_guest(world, guest)
        else:
            _upgrade_host(world, pool, world.host(step["node"]), step["release"])
    return world


def fate(world: World, node: str, guests: Iterable[Json], *, upgraded: bool) -> dict[str, Course]:
    """Move those guests to a node at once and watch them for eight days; each that is not activated asks once.

    ``upgraded``: the guests have been through setup, and get the key that their forecast names once they are there.
    """
    target, found = world.host(node), []
    for guest in guests:
        vm = world.vm(guest["vm_id"])
        found.append(vm)
        world.move(vm, target)
        if upgraded and guest["swap"] and vm.windows is not None:
            world.install_key(vm.windows, guest["swap"][-1]["key"])
    began = {str(vm.id): _active(vm, world.clock.now()) for vm in found}
    for vm in found:
        if not began[str(vm.id)] and vm.windows is not None and vm.running and vm.windows.licence.key is not None:
            try:
                world.activate(vm.windows)
            except LicensingError:
                continue
    held: dict[str, list[datetime]] = {str(vm.id): [] for vm in found}
    gone: dict[str, list[datetime]] = {str(vm.id): [] for vm in found}
    end = world.clock.now() + WATCH
    while (now := world.advance(TICK)) <= end:
        for vm in found:
            (held if _active(vm, now) else gone)[str(vm.id)].append(now)
    return {key: Course(began[key], tuple(held[key]), tuple(gone[key])) for key in held}


def _active(vm: VirtualMachine, now: datetime) -> bool:
    licence = vm.windows.licence if vm.windows else None
    if licence is None or not licence.is_avma or not licence.licensed:
        return False
    return licence.expires is None or licence.expires > now


def _upgrade_host(world: World, pool: Json, host: Host, release: str) -> None:
    """Drain, install the new release, take the node back; its own activation is as it was."""
    others = [world.host(name) for name in pool["nodes"] if name != host.name]
    for vm in [vm for vm in host.vms if vm.clustered and others]:
        world.move(vm, others[0])
    host.windows.os = replace(host.windows.os, release=release)


def _upgrade_guest(world: World, guest: Json) -> None:
    """Setup with the GVLK of the new release in place of whatever key there was."""
    vm = world.vm(guest["vm_id"])
    same = guest["release_after"] == guest["release_before"] and guest["edition_after"] == guest["edition_before"]
    if vm.windows is None or same:
        return
    windows, licence = vm.windows, vm.windows.licence
    windows.os = replace(windows.os, release=guest["release_after"], edition=guest["edition_after"])
    interim = gvlk(guest["release_after"], guest["edition_after"])
    licence.key = world.keys.generic(KeyChannel.GVLK, windows.os.release, windows.os.edition) if interim else None
    licence.grant = licence.next_attempt = None
    licence.set(Status.NOTIFICATION, 0xC004F034)
