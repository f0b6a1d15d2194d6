"""The world: every host, cluster and guest, the clock, and what happens when time passes or somebody acts."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from harness.sim.world._activation import attempt, grant
from harness.sim.world._clock import VirtualClock
from harness.sim.world._edition import take_edition
from harness.sim.world._fabric import Cluster, Host, HostKeyApplication, Subscription
from harness.sim.world._hostkeys import apply_host_key
from harness.sim.world._installation import Installation
from harness.sim.world._keys import KeyBook, KeyChannel
from harness.sim.world._licence import Licence, LicensingError, Status
from harness.sim.world._licensing import activate_elsewhere, expire, install_key, rearm, uninstall_key
from harness.sim.world._virtual import VirtualMachine, VmState

__all__ = ["NoSuchThingError", "World"]


class NoSuchThingError(LookupError):
    """No host, node or VM of that name; the text names it."""


class World:
    """Pure state and rules: no input or output, one thread.

    Everything that acts calls ``settle`` first, so that renewals and expiries that were due by now have happened, each
    at its own time.
    """

    def __init__(
        self,
        clock: VirtualClock,
        keys: KeyBook,
        variants: Mapping[str, str],
        *,
        hosts: Iterable[Host] = (),
        clusters: Iterable[Cluster] = (),
    ) -> None:
        self.clock = clock
        self.keys = keys
        self.variants = variants
        self.hosts = list(hosts)
        self.clusters = list(clusters)
        self.powered: Callable[[VirtualMachine], None] = lambda _vm: None
        """Told when a VM was started or stopped."""
        self._due: list[tuple[datetime, int, VirtualMachine]] = []
        self._order = itertools.count()
        self._owners: dict[int, VirtualMachine] = {}
        self._by_id: dict[UUID, VirtualMachine] = {}
        for vm in self.vms:
            self.adopt(vm)

    # -- finding -----------------------------------------------------------------------------------------------------

    @property
    def vms(self) -> list[VirtualMachine]:
        return [vm for host in self.hosts for vm in host.vms]

    def host(self, name: str) -> Host:
        """The host of that name in any case. Raises NoSuchThingError."""
        wanted = name.casefold()
        for host in self.hosts:
            if wanted in {host.name.casefold(), host.windows.fqdn.casefold()}:
                return host
        raise NoSuchThingError(f"no host {name!r}")

    def vm(self, name_or_id: str) -> VirtualMachine:
        """The VM of that id, or of that name where only one has it. Raises NoSuchThingError."""
        wanted = name_or_id.casefold()
        found = [vm for vm in self.vms if str(vm.id) == wanted] or [
            vm for vm in self.vms if vm.name.casefold() == wanted
        ]
        if len(found) == 1:
            return found[0]
        raise NoSuchThingError(f"no VM {name_or_id!r}" if not found else f"{len(found)} VMs are named {name_or_id!r}")

    def vm_by_id(self, vm_id: UUID) -> VirtualMachine | None:
        return self._by_id.get(vm_id)

    def vm_of(self, windows: Installation) -> VirtualMachine | None:
        """The VM that carries this installation; None for a host."""
        return self._owners.get(id(windows))

    def adopt(self, vm: VirtualMachine) -> None:
        """Take a VM's next renewal or expiry into the calendar."""
        self._by_id[vm.id] = vm
        if vm.windows is not None:
            self._owners[id(vm.windows)] = vm
            self._note(vm)

    def activated_before(self, vm: VirtualMachine, moment: datetime) -> None:
        """Let a guest have asked its host at a moment in the past: how a lab begins with running leases.

        A host that would refuse today is taken to have been able then.
        """
        grant(vm, moment, self.variants)
        self._note(vm)

    # -- time --------------------------------------------------------------------------------------------------------

    def settle(self) -> datetime:
        """Let everything that is due by now happen, in order. Returns the present."""
        now = self.clock.now()
        while self._due and self._due[0][0] <= now:
            at, _, vm = heapq.heappop(self._due)
            self._turn(vm, at)
        return now

    def advance(self, delta: timedelta) -> datetime:
        """Move the clock and settle."""
        self.clock.advance(delta)
        return self.settle()

    def _note(self, vm: VirtualMachine) -> None:
        due = _next(vm)
        if due is not None:
            heapq.heappush(self._due, (due, next(self._order), vm))

    def _turn(self, vm: VirtualMachine, at: datetime) -> None:
        assert vm.windows is not None
        licence = vm.windows.licence
        if _next(vm) != at:
            return  # an entry that something later replaced
        if licence.next_attempt is not None and licence.next_attempt <= at:
            self._attempt(vm, at)
        expire(vm.windows, at)
        self._note(vm)

    def _attempt(self, vm: VirtualMachine, at: datetime) -> int:
        """One attempt of whatever kind the installed key makes. A guest that is off only moves its next one."""
        assert vm.windows is not None
        licence = vm.windows.licence
        if not vm.running:
            licence.next_attempt = at + timedelta(days=1)
            return 0
        if licence.is_avma:
            return attempt(vm, at, self.variants)
        licence.next_attempt = at + timedelta(days=7) if licence.channel is KeyChannel.GVLK else None
        try:
            activate_elsewhere(vm.windows, at)
        except LicensingError as error:
            return error.hresult
        return 0

    # -- what a guest's administrator does ---------------------------------------------------------------------------

    def install_key(self, windows: Installation, text: str) -> None:
        """InstallProductKey. Raises LicensingError."""
        now = self.settle()
        install_key(windows, text, self.keys, now, self.variants)
        vm = self.vm_of(windows)
        if vm is None:
            return
        licence, when = windows.licence, self.variants["after_ipk"]
        if licence.is_avma and not licence.licensed and when != "none":
            if when == "immediate":
                self._attempt(vm, now)
            else:
                licence.next_attempt = now + timedelta(minutes=2)
        self._note(vm)

    def activate(self, windows: Installation) -> None:
        """Activate() of the primary product. Raises LicensingError with the code of the refusal."""
        now = self.settle()
        vm = self.vm_of(windows)
        if windows.licence.is_avma:
            hresult = 0xC004FD01 if vm is None else attempt(vm, now, self.variants)
            if vm is not None:
                self._note(vm)
            if hresult:
                raise LicensingError(hresult)
            return
        activate_elsewhere(windows, now)
        if vm is not None:
            self._note(vm)

    def uninstall_key(self, windows: Installation) -> None:
        """UninstallProductKey. Raises LicensingError."""
        uninstall_key(windows, self.settle())

    def rearm(self, windows: Installation) -> None:
        """ReArmWindows. Raises LicensingError."""
        rearm(windows, self.settle())
        vm = self.vm_of(windows)
        if vm is not None:
            self._note(vm)

    # -- what a host's administrator does ----------------------------------------------------------------------------

    def apply_host_key(self, host: Host, text: str) -> HostKeyApplication:
        """Set-VMAutomaticActivation; the result says whether the key was accepted."""
        return apply_host_key(host, text, self.keys, self.settle(), self.variants)

    def subscribe(self, host: Host, *, enabled: bool) -> None:
        """Set-AzStackHCI -EnableWSSubscription for the host's whole cluster; Azure takes ten seconds to say so."""
        now = self.settle()
        for node in host.cluster.nodes if host.cluster else [host]:
            node.subscription = Subscription(enabled, now + timedelta(seconds=10) if enabled else now)

    def set_state(self, vm: VirtualMachine, state: VmState) -> None:
        """Start, stop, save or pause a VM; a started one asks its parent at once if it has an AVMA key."""
        now = self.settle()
        started = state is VmState.Running and vm.state in {VmState.Off, VmState.Starting}
        vm.state = state
        if started and vm.windows is not None:
            vm.windows.booted = now
            vm.registry_removed.clear()
            take_edition(vm.windows, self.keys, now, self.variants)
            expire(vm.windows, now)
            if vm.windows.licence.key is not None:
                self._attempt(vm, now)
            self._note(vm)
        self.powered(vm)

    def move(self, vm: VirtualMachine, target: Host) -> None:
        """Live migration: the lease goes along, the next renewal asks the new host."""
        self.settle()
        if vm.host is target:
            return
        vm.host.vms.remove(vm)
        vm.host = target
        target.vms.append(vm)
        vm.registry_removed.clear()

    def reboot(self, host: Host) -> None:
        """Restart a host: its running VMs start again where they are."""
        host.windows.booted = self.settle()
        for vm in list(host.vms):
            if vm.running:
                self.set_state(vm, VmState.Off)
                self.set_state(vm, VmState.Running)

    def set_activated(self, host: Host, *, activated: bool) -> None:
        """Give a host its own licence or take it away; an Azure node finds or loses its connection to Azure."""
        now = self.settle()
        if host.is_azure:
            host.last_sync = None if activated else now - timedelta(days=31)
        elif activated:
            host.windows.licence.set(Status.LICENSED)
        else:
            host.windows.licence.set(Status.NOTIFICATION, 0xC004F009)


def _next(vm: VirtualMachine) -> datetime | None:
    """When something next happens to a guest's licence by itself."""
    licence: Licence | None = vm.windows.licence if vm.windows else None
    if licence is None:
        return None
    times = [time for time in (licence.next_attempt, licence.expires) if time is not None]
    return min(times, default=None)
