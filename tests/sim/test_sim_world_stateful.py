"""Whatever is done to it, in any order: no guest is licensed by AVMA unless an able host answered within seven days.

The oracle keeps its own book: it watches who carries which guest and who is able, and knows nothing of the rules' code.
"""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sim_world_topologies import HOST_KEYS, guest, host, lab, node

from harness.core.catalogue import avma_key, gvlk
from harness.sim.variants import REGISTER
from harness.sim.world import DATA_EXCHANGE, LicensingError, VirtualMachine, VmState

GUESTS = ("g2012", "g2016", "g2019", "g2022", "g2025", "gaz")
HOSTS = ("H2019", "H2022", "H2025", "HSTD", "N1", "N2")
RELEASES = ("2012 R2", "2016", "2019", "2022", "2025")


def topology() -> tuple[Any, ...]:
    return (
        host("H2019", "2019", guests=[guest("g2012", "2012 R2"), guest("g2016", "2016", data_exchange="off")]),
        host("H2022", "2022", guests=[guest("g2019", "2019"), guest("g2022", "2022", key="avma", licensed=True)]),
        host("H2025", "2025", activated=False, guests=[guest("g2025", "2025", key="gvlk")]),
        host("HSTD", "2022", "Standard"),
    )


@dataclass
class Span:
    """While this host carried a guest and was able to answer it."""

    host: str
    begin: datetime
    end: datetime
    closed: bool = False


class World(RuleBasedStateMachine):
    @initialize(
        choices=st.fixed_dictionaries(
            {name: st.sampled_from(sorted(entry.choices)) for name, entry in REGISTER.items()}
        )
    )
    def begin(self, choices: dict[str, str]) -> None:
        azure = guest("gaz", "2022", "Datacenter: Azure Edition", key="avma")
        self.lab = lab(*topology(), nodes=(node("N1", guests=[azure]), node("N2")), variants=choices)
        self.world = self.lab.world
        now = self.world.clock.now()
        self.spans: dict[str, list[Span]] = {vm.name: [] for vm in self.world.vms}
        self.spans["g2022"].append(Span("H2022", now - timedelta(days=7), now, closed=True))  # before the story begins
        self.watch()

    def able(self, vm: VirtualMachine) -> bool:
        """Whether the VM's host could honestly answer it now, by the published tables alone; variants read as yes."""
        carrier, windows = vm.host, vm.windows
        assert windows is not None
        release = RELEASES.index(windows.os.release)
        if carrier.is_azure:
            versions = [key.version for key in carrier.keys_applied if key.hresult == 0]
            top = max((RELEASES.index(version) for version in versions), default=-1)
            synced = carrier.last_sync is None or self.world.clock.now() - carrier.last_sync <= timedelta(days=30)
            return synced and (carrier.subscription.enabled or release <= top)
        fit = carrier.windows.os.edition == "Datacenter" and release <= RELEASES.index(carrier.windows.os.release)
        return fit and carrier.windows.licence.licensed

    def watch(self) -> None:
        """Note for each guest whether its host is able now; what lasts from one look to the next is one span."""
        now = self.world.clock.now()
        for vm in self.world.vms:
            spans = self.spans[vm.name]
            last = spans[-1] if spans and not spans[-1].closed else None
            if not (vm.running and self.able(vm)):
                if last is not None:
                    last.closed = True
            elif last is not None and last.host == vm.host.name:
                last.end = now
            else:
                spans.append(Span(vm.host.name, now, now))

    @rule(hours=st.integers(1, 200))
    def wait(self, hours: int) -> None:
        self.watch()
        self.world.advance(timedelta(hours=hours))
        self.watch()

    @rule(name=st.sampled_from(GUESTS), goal=st.sampled_from(HOSTS))
    def move(self, name: str, goal: str) -> None:
        self.watch()
        self.world.move(self.world.vm(name), self.world.host(goal))
        self.watch()

    @rule(name=st.sampled_from(GUESTS), kind=st.sampled_from((avma_key, gvlk)))
    def install(self, name: str, kind: Any) -> None:
        self.watch()
        windows = self.world.vm(name).windows
        assert windows is not None
        row = kind(windows.os.release, windows.os.edition)
        if row is not None and self.world.vm(name).running:
            self.world.install_key(windows, row.key)

    @rule(name=st.sampled_from(GUESTS))
    def activate(self, name: str) -> None:
        self.watch()
        vm = self.world.vm(name)
        assert vm.windows is not None
        if vm.running:
            with contextlib.suppress(LicensingError):
                self.world.activate(vm.windows)

    @rule(name=st.sampled_from(GUESTS), running=st.booleans())
    def power(self, name: str, running: bool) -> None:
        self.watch()
        self.world.set_state(self.world.vm(name), VmState.Running if running else VmState.Off)
        self.watch()

    @rule(name=st.sampled_from(HOSTS), activated=st.booleans())
    def licence_of_host(self, name: str, activated: bool) -> None:
        self.watch()
        self.world.set_activated(self.world.host(name), activated=activated)
        self.watch()

    @rule(name=st.sampled_from(("N1", "N2")), key=st.sampled_from(sorted(HOST_KEYS)))
    def host_key(self, name: str, key: str) -> None:
        self.watch()
        self.world.apply_host_key(self.world.host(name), HOST_KEYS[key])
        self.watch()

    @rule(enabled=st.booleans())
    def subscription(self, enabled: bool) -> None:
        self.watch()
        self.world.subscribe(self.world.host("N1"), enabled=enabled)
        self.watch()

    @rule(name=st.sampled_from(GUESTS), enabled=st.booleans())
    def data_exchange(self, name: str, enabled: bool) -> None:
        self.world.vm(name).service(DATA_EXCHANGE).enabled = enabled

    @rule(name=st.sampled_from(HOSTS))
    def reboot(self, name: str) -> None:
        self.watch()
        self.world.reboot(self.world.host(name))
        self.watch()

    @invariant()
    def nobody_is_licensed_without_an_able_host_within_seven_days(self) -> None:
        if not hasattr(self, "lab"):
            return
        now = self.world.settle()
        for vm in self.world.vms:
            windows = vm.windows
            if windows is None or not windows.licence.is_avma or not windows.licence.licensed:
                continue
            grant, expires = windows.licence.grant, windows.licence.expires
            assert grant is not None, vm.name
            assert expires is not None, vm.name
            assert now < expires <= grant.time + timedelta(days=7), vm.name
            name = grant.host.partition(".")[0]
            fitting = [s for s in self.spans[vm.name] if s.host == name and s.begin <= grant.time <= s.end]
            assert fitting, f"{vm.name} was granted a lease by {name} at {grant.time}, which was not able to"

    @invariant()
    def every_grant_stands_in_both_logs(self) -> None:
        if not hasattr(self, "lab"):
            return
        for vm in self.world.vms:
            if vm.windows is None or vm.windows.licence.grant is None:
                continue
            moment = vm.windows.licence.grant.time
            inside = [e for e in vm.windows.log.records if e.event_id == 12309 and e.time == moment]
            outside = [
                e
                for carrier in self.world.hosts
                for e in carrier.windows.log.records
                if (e.event_id, e.time) == (12310, moment)
            ]
            assert inside, vm.name
            assert outside, vm.name


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
