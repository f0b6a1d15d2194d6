"""A lab that runs: its world, its computers, its server, its control interface."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import SystemRandom
from uuid import UUID

from harness.sim._activity import Activity
from harness.sim._addresses import AddressBlock, claim_block
from harness.sim._build import Blueprint, Place, build
from harness.sim._inventory_file import write_inventory
from harness.sim._listening import Listening
from harness.sim._topology_form import TopologyForm
from harness.sim._world_faults import WorldFaults
from harness.sim.computer import Computer
from harness.sim.control import Control
from harness.sim.faults import Fault, FaultPlan
from harness.sim.http import Connection
from harness.sim.machine import Account, Invocation, Streams
from harness.sim.server import CertificateAuthority, LabServer, Limits, Listener
from harness.sim.variants import Variants
from harness.sim.world import (
    LicensingError,
    NodeState,
    NoSuchThingError,
    VirtualMachine,
    VmState,
    World,
    snapshot,
    upgrade_guest,
    upgrade_host,
)

__all__ = ["RunningLab"]

Json = dict[str, object]


class RunningLab:
    """Made by ``start``; serves until ``close``.

    Attributes:
        world: what is true; read it freely, change it on the lab's loop only.
        faults: what goes wrong; the same plan that the control interface changes.
        server: the protocol side.
        directory: where ca.pem, inventory.yaml and the secrets lie.
    """

    def __init__(self, topology: TopologyForm, *, seed: int, variants: Variants, directory: Path) -> None:
        self.topology = topology
        self.directory = directory
        self.faults = FaultPlan()
        self.inventory = directory / "inventory.yaml"
        self._seed = seed
        self._variants = variants
        self._started = datetime.now(UTC)
        self._zero = time.monotonic()
        self._control: Listening | None = None
        self._activity: dict[str, Activity] = {}
        self._computers: dict[str, Computer] = {}
        self._switching: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._block = claim_block(_machine_count(topology), SystemRandom())
        self._blueprint = self._build(self._block)
        self.server = LabServer(clock=time.monotonic, now=self.now, faults=self.faults, world=self._strike)

    @property
    def world(self) -> World:
        return self._blueprint.world

    def now(self) -> datetime:
        """The world's present, also after it was made anew."""
        return self.world.clock.now()

    @property
    def control_url(self) -> str:
        host, port = self._block.control_address
        return f"http://{host}:{port}"

    def _build(self, block: AddressBlock) -> Blueprint:
        blueprint = build(
            self.topology,
            block,
            seed=self._seed,
            variants=self._variants,
            start=self._started,
            elapsed=lambda: time.monotonic() - self._zero,
        )
        blueprint.world.powered = self._switch
        return blueprint

    def _switch(self, vm: VirtualMachine) -> None:
        """A VM was started or stopped: its listener follows as soon as the loop comes round."""
        place = next((place for place in self._blueprint.places if place.vm is vm), None)
        if place is not None:
            task = asyncio.get_running_loop().create_task(self._power([place]))
            self._switching.add(task)
            task.add_done_callback(self._switching.discard)

    # -- starting and stopping ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen and write the directory. Raises OSError when an address cannot be used."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        authority = CertificateAuthority(self.directory)
        for place in self._blueprint.places:
            await self._serve(place, authority)
        await self._power()
        write_inventory(self._blueprint, self.directory, self.ports())
        self._control = Listening(lambda: Connection(Control(self), lambda: datetime.now(UTC)), self._block.control)

    async def _serve(self, place: Place, authority: CertificateAuthority) -> None:
        computer = self._computer(place)
        listen, name = place.listen, computer.name
        certificate = authority.issue(
            [place.installation.fqdn.casefold(), name.casefold()], [place.address], listen.certificate
        )
        standard = (0, 0) if self._block.shared else (5985, 5986)
        for http, https in dict.fromkeys((standard, (0, 0))):
            listener = Listener(
                computer,
                place.address,
                http if listen.http else None,
                https if listen.https else None,
                certificate,
                auth=tuple(listen.auth),
                allow_unencrypted=listen.allow_unencrypted,
                channel_binding=listen.channel_binding,
                limits=Limits(open_receives=listen.open_receives),
                latency=listen.latency_ms / 1000,
                lockout_after=listen.lockout_after,
                keytab=Path(listen.keytab) if listen.keytab else None,
                unreadable=lambda: self._variants["unreadable_body"],
            )
            try:
                await self.server.start([listener])
            except OSError:
                if (http, https) == (0, 0):
                    raise
            else:
                return

    def _computer(self, place: Place) -> Computer:
        name = place.installation.computer_name
        computer = self._computers.get(name)
        if computer is None:
            computer = Computer(
                self.world,
                place.installation,
                self._activity.setdefault(name, Activity()),
                host=place.host,
                vm=place.vm,
                run_in_guest=self._run_in_guest,
            )
            self._computers[name] = computer
        else:
            computer.rebind(self.world, place.installation, place.host, place.vm)
        return computer

    async def _run_in_guest(
        self, vm: VirtualMachine, account: Account, invocation: Invocation, streams: Streams
    ) -> None:
        """PowerShell Direct: a guest needs no listener for it."""
        assert vm.windows is not None
        name = vm.windows.computer_name
        computer = self._computers.get(name)
        if computer is None:
            computer = Computer(self.world, vm.windows, self._activity.setdefault(name, Activity()), vm=vm)
            self._computers[name] = computer
        await computer.run_direct(account, invocation, streams)

    async def close(self) -> None:
        """Stop listening; the directory stays."""
        if self._control is not None:
            self._control.close()
            self._control.drop()
        self._block.control.close()
        await self.server.close()

    async def _power(self, places: Iterable[Place] | None = None) -> None:
        """Let listen who is running, and nobody else."""
        async with self._one_at_a_time:
            for place in self._blueprint.places if places is None else places:
                up = place.vm.running if place.vm is not None else place.host is None or _answers(place)
                name = place.installation.computer_name
                await (self.server.power_on(name) if up else self.server.power_off(name))

    # -- what it says of itself --------------------------------------------------------------------------------------

    def ports(self) -> Mapping[str, tuple[int | None, int | None]]:
        """HTTP and HTTPS port of each served computer."""
        names = (place.installation.computer_name for place in self._blueprint.places)
        return {name: self.server.ports(name) for name in names}

    def document(self) -> Json:
        """The `avma/sim/1` document."""
        return {
            "schema": "avma/sim/1",
            "pid": os.getpid(),
            "name": self.topology.name,
            "control": self.control_url,
            "ca": str(self.directory / "ca.pem"),
            "inventory": str(self.inventory),
            "endpoints": [endpoint for place in self._blueprint.places for endpoint in self._endpoints(place)],
        }

    def _endpoints(self, place: Place) -> list[Json]:
        name = place.installation.computer_name
        http, https = self.server.ports(name)
        domain = f"{place.account.domain}\\" if place.account.domain else ""
        shared: Json = {
            "name": place.vm.name if place.vm is not None else name,
            "computer_name": name,
            "role": place.role,
            "address": place.address,
            "auth": [auth.casefold() for auth in place.listen.auth],
            "username": f"{domain}{place.account.name}",
            "password": place.account.password,
        }
        found = (("https", https), ("http", http))
        return [{**shared, "scheme": scheme, "port": port} for scheme, port in found if port is not None]

    def state(self) -> Json:
        return snapshot(self.world)

    def counters(self) -> Json:
        """What reached each computer since the start or the last reset, by the name its endpoints have."""
        by_host: Json = {}
        shown = self._shown_names()
        for name in sorted({*self._activity, *self.server.counters}):
            activity, served = self._activity.get(name, Activity()), self.server.counters.get(name)
            by_host[shown.get(name, name)] = {
                "requests": dict(served.requests) if served else {},
                "commands": dict(activity.commands),
                "state_changing": activity.state_changing,
                "shells": served.shells if served else 0,
                "connections": served.connections if served else 0,
            }
        return {"by_host": by_host}

    def _shown_names(self) -> dict[str, str]:
        """A guest goes by its VM's name where that is its alone, a clone by its computer's name."""
        guests = {vm.windows.computer_name: vm.name for vm in self.world.vms if vm.windows is not None}
        taken = list(guests.values())
        return {computer: name for computer, name in guests.items() if taken.count(name) == 1}

    def machines(self) -> list[str]:
        return [place.installation.computer_name for place in self._blueprint.places]

    # -- what is done to it ------------------------------------------------------------------------------------------

    def variants(self) -> dict[str, str]:
        return dict(self._variants)

    def choose(self, name: str, choice: str) -> None:
        """Change a variant. Raises UnknownVariantError."""
        self._variants.choose(name, choice)

    def advance(self, delta: timedelta) -> str:
        """Move the clock; the new present."""
        return self.world.advance(delta).isoformat().replace("+00:00", "Z")

    async def move(self, vm: str, node: str) -> None:
        """Live migration."""
        self.world.move(self.world.vm(vm), self.world.host(node))

    async def vm_power(self, vm: str, *, running: bool) -> None:
        """Start or stop a VM, and its listener with it."""
        self.world.set_state(self.world.vm(vm), VmState.Running if running else VmState.Off)
        await asyncio.gather(*self._switching)

    async def host_action(self, host: str, action: str) -> None:
        """reboot, deactivate or activate."""
        found = self.world.host(host)
        if action != "reboot":
            self.world.set_activated(found, activated=action == "activate")
            return
        guests: set[UUID] = {vm.id for vm in found.vms}
        for place in self._blueprint.places:
            if place.host is found or (place.vm is not None and place.vm.id in guests):
                await self.server.power_off(place.installation.computer_name)
        self.world.reboot(found)
        await asyncio.gather(*self._switching)
        await self._power()

    def install_key(self, vm: str, key: str) -> int:
        """A key typed in by somebody in the guest: 0 or the code of the refusal."""
        windows = self.world.vm(vm).windows
        if windows is None:
            raise NoSuchThingError(f"no Windows in VM {vm!r}")
        try:
            self.world.install_key(windows, key)
        except LicensingError as error:
            return error.hresult
        return 0

    async def upgrade_vm(self, vm: str, release: str, key: str) -> None:
        """Setup in the guest. Raises ValueError where setup refuses."""
        upgrade_guest(self.world, self.world.vm(vm), release, key)

    async def upgrade_host(self, host: str, release: str) -> None:
        """Drained, upgraded, restarted. Raises ValueError where setup refuses."""
        upgrade_host(self.world, self.world.host(host), release)
        await self.host_action(host, "reboot")

    async def _strike(self, computer: str, fault: Fault) -> None:
        await WorldFaults(self.world, self._blueprint.places, self.server).strike(computer, fault)

    async def reset(self) -> None:
        """The world as it was at the beginning; no shells, no counts, no faults."""
        self._zero = time.monotonic()
        self._blueprint = self._build(self._block.again())
        for place in self._blueprint.places:
            self._computer(place)
        served = set(self.machines())
        for name in set(self._computers) - served:
            del self._computers[name]
        for activity in self._activity.values():
            activity.clear()
        for name in served:
            self.server.kill_shells(name)
        self.server.reset_counters()
        self.faults.clear()
        await self._power()


def _answers(place: Place) -> bool:
    return place.host is not None and place.host.node_state is not NodeState.Down


def _machine_count(topology: TopologyForm) -> int:
    hosts = [*topology.hosts, *(node for cluster in topology.clusters for node in cluster.nodes)]
    return len(hosts) + sum(len(host.guests) for host in hosts)
