"""Everything that bears on one guest, gathered before anything is judged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.core.catalogue import KeyRow, avma_key
from harness.core.model import (
    ActivationEvent,
    FabricFacts,
    GuestFacts,
    GuestLane,
    HostLane,
    HostVerdict,
    Inventory,
    LicenceRecord,
)
from harness.core.verdict._events import events_of
from harness.core.verdict._hosts import HostGrant, grant_of, host_verdict, part_error
from harness.core.verdict._identity import GuestIdentity, System, identity_of, unproven_guests
from harness.core.verdict.licences import windows_licence

__all__ = ["GuestCase", "cases_of"]


@dataclass(frozen=True, slots=True)
class GuestCase:
    """One guest, its present host, and the time by which its dates are read."""

    lane: GuestLane
    host: HostLane | None
    host_verdict: HostVerdict | None
    grant: HostGrant
    host_events: tuple[ActivationEvent, ...]
    """Events 12310 of any host of the run that belong to this VM."""
    now: datetime
    identity: GuestIdentity
    licence: LicenceRecord | None
    """Windows' own licence by CIM, where CIM answered and a key is installed."""
    key: KeyRow | None
    """The AVMA key that fits the guest, where its release and edition are known and a key is published."""
    other_vms: frozenset[str]
    """The ids of all other VMs of the run."""
    wrong_machine: bool = False
    """What answered carries another VM's id, or none and somebody else's name: nothing it said is used."""
    unproven: str = ""
    """Why what answered may be another machine, where it told no id."""

    @property
    def name(self) -> str:
        """The VM's name."""
        return self.lane.vm.name

    @property
    def facts(self) -> GuestFacts | None:
        """What the guest said, where it was reached and is the machine it should be."""
        facts = self.lane.facts
        return facts if facts is not None and facts.reachable and not self.wrong_machine else None

    @property
    def cim_error(self) -> str | None:
        """Why CIM, the authority, is silent; None when it spoke."""
        return _cim_error(self.facts)

    @property
    def key_is_unpublished(self) -> bool:
        """The guest is a Windows Server of known release and edition for which no AVMA key exists."""
        known = self.identity
        server = known.system is System.WINDOWS_SERVER
        return server and known.release is not None and known.edition is not None and self.key is None

    @property
    def clock(self) -> datetime:
        """The guest's own clock, by which its licence runs; else its host's, else the run's."""
        for facts in (self.facts, self.host.facts if self.host else None):
            if facts is not None and facts.os is not None and facts.os.clock is not None:
                return facts.os.clock
        return self.now

    @property
    def skew(self) -> timedelta | None:
        """How far the guest's clock is off its host's, where both were read."""
        guest, host = self.facts, self.host.facts if self.host else None
        if guest is None or host is None or guest.os is None or guest.os.clock is None or host.os.clock is None:
            return None
        return abs((guest.os.clock - guest.gathered_at) - (host.os.clock - host.gathered_at))


def cases_of(fabric: FabricFacts, now: datetime, inventory: Inventory | None) -> tuple[GuestCase, ...]:
    """One case for each guest lane, in their order."""
    hosts = {lane.name: lane for lane in fabric.hosts}
    grants = {name: grant_of(lane, inventory) for name, lane in hosts.items()}
    verdicts = {name: host_verdict(lane, grants[name]) for name, lane in hosts.items()}
    events = events_of(fabric)
    everyone = frozenset(lane.vm.vm_id for lane in fabric.guests)
    unproven = unproven_guests(fabric.guests)
    cases = []
    for lane in fabric.guests:
        doubt = unproven.get(lane.vm.vm_id, "")
        wrong = _is_wrong_machine(lane) or bool(doubt)
        facts = lane.facts if lane.facts is not None and lane.facts.reachable and not wrong else None
        identity = identity_of(lane.vm, facts)
        readable = facts if _cim_error(facts) is None else None
        cases.append(
            GuestCase(
                lane=lane,
                host=hosts.get(lane.host),
                host_verdict=verdicts.get(lane.host),
                grant=grants.get(lane.host, HostGrant()),
                host_events=events.get(lane.vm.vm_id, ()),
                now=now,
                identity=identity,
                licence=windows_licence(readable.licences) if readable is not None else None,
                key=avma_key(identity.release, identity.edition) if identity.release and identity.edition else None,
                other_vms=everyone - {lane.vm.vm_id},
                wrong_machine=wrong,
                unproven=doubt,
            )
        )
    return tuple(cases)


def _cim_error(facts: GuestFacts | None) -> str | None:
    return part_error(facts.parts, "licences") if facts is not None else "the guest was not reached"


def _is_wrong_machine(lane: GuestLane) -> bool:
    reported = (lane.facts.reported_vm_id or "").strip("{} ") if lane.facts is not None else ""
    return bool(reported) and reported.casefold() != lane.vm.vm_id.casefold()
