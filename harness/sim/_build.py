"""From a topology to a world: installations, hosts, guests, keys, accounts, addresses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from harness.core.catalogue import keys as catalogue_keys
from harness.sim._addresses import AddressBlock
from harness.sim._topology_form import GuestForm, HostForm, ListenForm, OsForm, TopologyForm, UserForm
from harness.sim.jea import role_text
from harness.sim.machine import Account
from harness.sim.variants import Variants
from harness.sim.world import (
    DATA_EXCHANGE,
    Cluster,
    EventLog,
    Host,
    HostKey,
    Installation,
    KeyBook,
    KeyChannel,
    LinuxSystem,
    NodeState,
    OperatingSystem,
    ProductKey,
    SessionConfiguration,
    Status,
    VirtualClock,
    VirtualMachine,
    VmState,
    World,
)

__all__ = ["Blueprint", "Place", "build"]

_CHANNELS = {"mak": KeyChannel.MAK, "retail": KeyChannel.RETAIL, "oem": KeyChannel.OEM, "kms": KeyChannel.GVLK}
_STATES = {"running": VmState.Running, "off": VmState.Off, "saved": VmState.Saved, "paused": VmState.Paused}
_UP = timedelta(days=3)


@dataclass(slots=True)
class Place:
    """A computer with a network address: what to serve there and who may log on."""

    installation: Installation
    role: str
    address: str
    listen: ListenForm
    account: Account
    host: Host | None = None
    vm: VirtualMachine | None = None


@dataclass(slots=True)
class Blueprint:
    """A world and its places, ready to be served."""

    topology: TopologyForm
    world: World
    host_account: Account
    guest_account: Account
    places: list[Place] = field(default_factory=list)


def build(
    topology: TopologyForm,
    block: AddressBlock,
    *,
    seed: int,
    variants: Variants,
    start: datetime,
    elapsed: Callable[[], float],
) -> Blueprint:
    """Make the world of a topology.

    Args:
        topology: a checked one.
        block: where addresses come from.
        seed: makes passwords and VM ids.
        variants: one choice for each entry of the register.
        start: the time where the topology says ``now``.
        elapsed: seconds of real time since then.
    """
    begin = start if topology.start == "now" else topology.start.replace(tzinfo=topology.start.tzinfo or UTC)
    clock = VirtualClock(begin, elapsed=elapsed) if topology.real_time else VirtualClock(begin)
    return _Builder(topology, block, Random(seed), begin).blueprint(clock, variants)  # noqa: S311 - a lab's own secrets


class _Builder:
    def __init__(self, topology: TopologyForm, block: AddressBlock, source: Random, now: datetime) -> None:
        self._topology = topology
        self._block = block
        self._source = source
        self._now = now
        self._host_keys = {
            name: HostKey(form.key, form.kind, form.version, form.activations, form.edition, form.used)
            for name, form in topology.host_keys.items()
        }
        self._guest_keys = {
            name: ProductKey(form.key, _CHANNELS[form.channel], frozenset({form.release}), form.edition)
            for name, form in topology.guest_keys.items()
        }
        self._keys = KeyBook([*_public_keys(), *self._guest_keys.values()], self._host_keys.values())
        self._host_account = self._account(topology.host_account.username, topology.host_account.password)
        self._guest_account = self._account(topology.guest_account.username, topology.guest_account.password)
        self._places: list[Place] = []
        self._guest_forms: dict[UUID, GuestForm] = {}

    def blueprint(self, clock: VirtualClock, variants: Variants) -> Blueprint:
        hosts = [self._host(form, None) for form in self._topology.hosts]
        clusters = []
        for form in self._topology.clusters:
            cluster = Cluster(form.name, functional_level=form.functional_level)
            cluster.nodes = [self._host(node, cluster) for node in form.nodes]
            clusters.append(cluster)
            hosts += cluster.nodes
        world = World(clock, self._keys, variants, hosts=hosts, clusters=clusters)
        for host, host_form in zip(hosts, self._host_forms(), strict=True):
            for name in host_form.applied_keys:
                world.apply_host_key(host, self._host_keys[name].text)
        self._past_activations(world)
        return Blueprint(self._topology, world, self._host_account, self._guest_account, self._places)

    def _host_forms(self) -> list[HostForm]:
        return [*self._topology.hosts, *(node for cluster in self._topology.clusters for node in cluster.nodes)]

    def _password(self) -> str:
        letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "Lab-" + "".join(self._source.choice(letters) for _ in range(18))

    def _account(self, username: str, password: str | None) -> Account:
        domain, _, name = username.rpartition("\\")
        return Account(name, domain, password or self._password())

    def _installation(self, name: str, form: OsForm, account: Account) -> Installation:
        system = OperatingSystem(
            form.family, form.release, form.edition, form.core, form.evaluation, form.domain_controller
        )
        domain = self._topology.domain
        fqdn = f"{name}.{domain}" if domain else name
        local = Account(account.name, account.domain or name, account.password)
        log = EventLog(fqdn, first_record=self._source.randrange(2000, 90000))
        booted = self._now - _UP
        log.write(900, booted)
        log.write(902, booted, (system.full_version,))
        return Installation(
            name,
            domain,
            system,
            log,
            booted,
            language_tag=form.language,
            accounts=[local],
            utc_offset=form.utc_offset,
            clock_error=form.clock_error,
        )

    # -- hosts -------------------------------------------------------------------------------------------------------

    def _host(self, form: HostForm, cluster: Cluster | None) -> Host:
        windows = self._installation(form.name, form.os, self._host_account)
        windows.script_engine = form.script_engine
        windows.wrap_columns = form.wrap_columns
        windows.accounts += _users(form.users, form.name)
        windows.session_configurations = [
            SessionConfiguration(one.name, role_text(one.role), one.run_as == "virtual_account", tuple(one.users))
            for one in form.session_configurations
        ]
        self._license_host(windows, form)
        host = Host(windows, hyperv=form.hyperv, cluster=cluster, node_state=NodeState[form.state])
        host.address = self._block.take()
        if host.is_azure:
            host.avma_module = None if form.avma_module == "none" else form.avma_module or "1.1"
            host.last_sync = None if form.connected else self._now
            host.registered = form.registered
        host.az_module = form.az_module
        host.subscription.enabled = form.subscription
        role = "node" if cluster else "host"
        self._places.append(Place(windows, role, host.address, form.listen, self._host_account, host=host))
        host.vms = [self._guest(guest, host) for guest in form.guests]
        return host

    def _license_host(self, windows: Installation, form: HostForm) -> None:
        licence = windows.licence
        release, edition = windows.os.release, windows.os.edition
        if windows.os.evaluation:
            licence.key = _evaluation_key(windows.os)
            licence.set(Status.LICENSED, 0, self._now + timedelta(days=120))
            return
        channel = _CHANNELS.get(form.method, KeyChannel.MAK)
        public = self._keys.generic(KeyChannel.GVLK, release, edition)
        if channel is KeyChannel.GVLK and public is not None:
            licence.key = public
            licence.kms.machine, licence.kms.reachable = "kms01." + self._topology.domain, True
            licence.set(Status.LICENSED, 0, self._now + timedelta(days=170))
        else:
            licence.key = ProductKey(self._invented_key(), channel, frozenset({release}), edition)
            licence.set(Status.LICENSED)
        if not form.activated:
            licence.set(Status.NOTIFICATION, 0xC004F034)

    def _invented_key(self) -> str:
        """A key in the right form with letters that no real product key holds."""
        groups = ["".join(self._source.choice("AEILOSUZ015") for _ in range(5)) for _ in range(5)]
        return "-".join(groups)

    # -- guests ------------------------------------------------------------------------------------------------------

    def _guest(self, form: GuestForm, host: Host) -> VirtualMachine:
        system = self._guest_system(form)
        vm_id = form.id or UUID(int=self._source.getrandbits(128), version=4)
        self._guest_forms[vm_id] = form
        vm = VirtualMachine(vm_id, form.name, host, system, form.generation, _STATES[form.state])
        vm.version = {9600: "5.0", 14393: "8.0"}.get(host.windows.os.build, "9.0")
        vm.clustered = host.cluster is not None if form.clustered is None else form.clustered
        vm.address = self._block.take()
        vm.access = form.access if isinstance(system, Installation) else "none"
        vm.custom_items = dict(form.kvp)
        exchange = vm.service(DATA_EXCHANGE)
        exchange.enabled = form.data_exchange != "off"
        exchange.answering = form.data_exchange != "no_contact"
        if isinstance(system, Installation):
            self._license_guest(form, system)
            if vm.access == "winrm":
                account = self._guest_account
                self._places.append(Place(system, "guest", vm.address, form.listen, account, vm=vm))
        return vm

    def _guest_system(self, form: GuestForm) -> Installation | LinuxSystem | None:
        if form.linux is not None:
            return LinuxSystem(form.name, form.linux.distribution, form.linux.version, form.linux.kernel)
        if form.os is None:
            return None
        account = self._guest_account
        if form.access == "none":
            account = Account(account.name, account.domain, self._password())
        windows = self._installation(form.computer_name or form.name[:15].upper(), form.os, account)
        windows.script_engine = form.script_engine
        windows.wrap_columns = form.wrap_columns
        windows.accounts += _users(form.users, windows.computer_name)
        windows.addons = tuple(form.addons)
        return windows

    def _license_guest(self, form: GuestForm, windows: Installation) -> None:
        licence = windows.licence
        licence.internet = form.internet
        licence.kms.client_id = str(UUID(int=self._source.getrandbits(128), version=4))
        if form.kms is not None:
            licence.kms.machine, licence.kms.reachable = form.kms.machine, form.kms.reachable
        licence.key = self._guest_key(form, windows.os)
        if licence.key is None:
            licence.set(Status.UNLICENSED, 0xC004F014)
        elif not form.licensed or licence.is_avma:
            licence.next_attempt = self._now + timedelta(days=1) if licence.is_avma else None
            licence.set(Status.NOTIFICATION, 0xC004F034)
        else:
            self._activated(form, windows)

    def _guest_key(self, form: GuestForm, system: OperatingSystem) -> ProductKey | None:
        if system.evaluation or form.key == "evaluation":
            return _evaluation_key(system)
        if form.key in {"avma", "gvlk"}:
            channel = KeyChannel.AVMA if form.key == "avma" else KeyChannel.GVLK
            return self._keys.generic(channel, system.release, system.edition)
        return self._guest_keys.get(form.key)

    def _activated(self, form: GuestForm, windows: Installation) -> None:
        """A licence that is no AVMA lease; those come once the world stands, from a host that answers."""
        licence = windows.licence
        lease = {KeyChannel.GVLK: 180.0, KeyChannel.EVALUATION: 180.0}.get(licence.channel or KeyChannel.MAK)
        if lease is None:
            licence.set(Status.LICENSED)
        else:
            left = timedelta(days=min(form.days_left or lease * 0.8, lease))
            licence.set(Status.LICENSED, 0, self._now + left)

    def _past_activations(self, world: World) -> None:
        """Let guests that begin with a lease have got it from their host, in the order of time."""
        past = []
        for vm in world.vms:
            form = self._guest_forms[vm.id]
            if vm.windows is not None and vm.windows.licence.is_avma and form.licensed:
                left = min(form.days_left or 5.6, 7.0)
                past.append((self._now - timedelta(days=7.0 - left), str(vm.id), vm))
        for moment, _, vm in sorted(past):
            world.activated_before(vm, moment)


def _users(forms: list[UserForm], computer: str) -> list[Account]:
    """Further accounts: local ones, or a domain's where the name says so."""
    accounts = []
    for form in forms:
        domain, _, name = form.username.rpartition("\\")
        rights = {
            "administrator": form.administrator,
            "remote": form.remote,
            "enabled": form.enabled,
            "expired": form.expired,
        }
        accounts.append(Account(name, domain or computer, form.password, **rights))
    return accounts


def _public_keys() -> list[ProductKey]:
    """AVMA keys and GVLKs of the catalogue; releases that share a key become one."""
    found: dict[str, ProductKey] = {}
    for row in catalogue_keys():
        channel = KeyChannel.AVMA if row.kind == "AVMA" else KeyChannel.GVLK
        releases = found[row.key].releases if row.key in found else frozenset[str]()
        found[row.key] = ProductKey(row.key, channel, releases | {row.release}, row.edition)
    return list(found.values())


def _evaluation_key(system: OperatingSystem) -> ProductKey:
    text = "EVALU-ATION-00000-00000-J2T92"
    return ProductKey(text, KeyChannel.EVALUATION, frozenset({system.release}), system.edition)
