"""Faults that come over the world behind a request: reboots, live migrations, a clock that jumps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from harness.sim._build import Place
from harness.sim.faults import Fault
from harness.sim.server import LabServer
from harness.sim.world import NodeState, VirtualMachine, VmState, World

__all__ = ["WorldFaults"]


@dataclass(frozen=True, slots=True)
class WorldFaults:
    """Lets faults of WORLD_KINDS strike one lab."""

    world: World
    places: Sequence[Place]
    server: LabServer

    async def strike(self, computer: str, fault: Fault) -> None:
        """Let a fault come over the computer of that name."""
        if fault.kind == "clock_jump":
            self.world.advance(timedelta(seconds=fault.seconds))
            return
        place = next(place for place in self.places if place.installation.computer_name == computer)
        machines = [place.vm] if place.vm is not None else list(place.host.vms) if place.host is not None else []
        running = [vm for vm in machines if vm.running]
        if fault.kind == "vm_moved":
            for vm in running:
                self._move(vm)
        else:
            await self._reboot(place, running, fault.seconds)

    def _move(self, vm: VirtualMachine) -> None:
        nodes = vm.host.cluster.nodes if vm.host.cluster is not None else []
        others = [node for node in nodes if node is not vm.host and node.node_state is NodeState.Up]
        if others:
            self.world.move(vm, others[0])

    async def _reboot(self, place: Place, running: Sequence[VirtualMachine], seconds: float) -> None:
        """The guests that ran go down with their host and start again with it."""
        name = place.installation.computer_name
        for vm in running:
            self.world.set_state(vm, VmState.Off)
        for guest in self.places:
            if guest.vm in running:
                await self.server.power_off(guest.installation.computer_name)
        await self.server.power_off(name)

        async def back() -> None:
            place.installation.booted = self.world.settle()
            for vm in running:
                self.world.set_state(vm, VmState.Running)
            await self.server.power_on(name)

        self.server.later(seconds, back)
