"""Everything the questions are answered from: facts, and raw answers where facts lose what a question is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.core.model import GuestLane, HostFacts, LicenceRecord
from harness.remoting import Command, ErrorDetail, PipelineResult, PowerShellSession, Statement, cmd
from harness.windows.capabilities import probe
from harness.windows.host import HOST_COMMANDS, gather_host

__all__ = ["GuestMaterial", "HostMaterial", "Material", "Outcome", "read_host_material"]

_OWN = ("Get-VMAutomaticActivation", "Set-VMAutomaticActivation", "Get-AzureStackHCISubscriptionStatus")


@dataclass(frozen=True, slots=True)
class HostMaterial:
    """One host.

    Args:
        facts: as gathered.
        raw: the raw answers behind them, by question.
        activation: what Get-VMAutomaticActivation gave, untouched; None where the host has no such command.
        subscriptions: what Get-AzureStackHCISubscriptionStatus gave, likewise: it shows which properties there are.
        states: the same, trimmed to its states: one level deeper, where an enum still has its number.
        commands: what Get-Command says of the commands that nobody has documented, as objects.
    """

    facts: HostFacts
    raw: Mapping[str, object]
    activation: PipelineResult | None
    subscriptions: PipelineResult | None
    states: PipelineResult | None
    commands: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class GuestMaterial:
    """One guest that was reached, on its host; ``raw`` as for a host."""

    lane: GuestLane
    raw: Mapping[str, object]

    @property
    def licence(self) -> LicenceRecord | None:
        """Windows' own licence with a key."""
        facts = self.lane.facts
        return next((record for record in facts.licences if record.is_windows), None) if facts else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One activation request: who asked, when, what the answer was, and %1 and %2 as they stood."""

    vm_id: str | None
    time: datetime | None
    hresult: int | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All hosts and guests of one capture."""

    hosts: tuple[HostMaterial, ...]
    guests: tuple[GuestMaterial, ...]

    def on(self, host: HostMaterial) -> tuple[GuestMaterial, ...]:
        """The guests of that host."""
        return tuple(guest for guest in self.guests if guest.lane.host == host.facts.name)

    def requests(self, host: HostMaterial) -> tuple[Outcome, ...]:
        """What that host answered, oldest first; ``vm_id`` only where the event names exactly one listed VM."""
        known = {vm.vm_id for one in self.hosts for vm in one.facts.vms}
        raw = event_values(host.raw)
        outcomes = []
        for event in host.facts.events:
            ids = {guid.casefold() for guid in event.guids} & known
            owner = next(iter(ids)) if len(ids) == 1 else None
            outcomes.append(Outcome(owner, event.time, event.hresult, raw.get(event.record_id or -1, ())))
        return tuple(reversed(outcomes))


def event_values(raw: Mapping[str, object]) -> dict[int, tuple[str, ...]]:
    """The insertion strings of each event by its record id."""
    found: dict[int, tuple[str, ...]] = {}
    answer = raw.get("events")
    for row in answer.get("rows", ()) if isinstance(answer, Mapping) else ():
        number, values = row.get("recordid"), row.get("properties") or []
        if isinstance(number, int):
            listed = values if isinstance(values, list) else [values]
            found[number] = tuple(_value(value) for value in listed)
    return found


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        value = next((inner for key, inner in value.items() if str(key).casefold() == "value"), None)
    return "" if value is None else str(value)


def read_host_material(
    session: PowerShellSession, name: str, *, clock: Callable[[], datetime], seconds: float
) -> HostMaterial:
    """Ask a host everything that can be asked without changing it. Retry class: read.

    Raises:
        RemoteError: the endpoint does not even list its commands.
        TransportError: by phase.
    """
    kept: dict[str, object] = {}
    known = probe(session, HOST_COMMANDS, now=clock(), seconds=seconds)

    def keep(told: Callable[[], Mapping[str, object]]) -> None:
        kept.update(told())

    facts, _ = gather_host(session, name, known=known, clock=clock, seconds=seconds, keep=keep)

    def own(command: str, *tail: Command) -> PipelineResult | None:
        return session.run([Statement((cmd(command), *tail))], seconds=seconds) if known.has(command) else None

    select = known.projection.select
    trimmed = (cmd(select, Property=["SubscriptionName", "Status", "SubscriptionStatus"]),) if select else ()
    described = session.run(
        [Statement((cmd("Get-Command", Name=list(_OWN), ErrorAction="SilentlyContinue"),))], seconds=seconds
    )
    return HostMaterial(
        facts=facts,
        raw=kept,
        activation=own("Get-VMAutomaticActivation"),
        subscriptions=own("Get-AzureStackHCISubscriptionStatus"),
        states=own("Get-AzureStackHCISubscriptionStatus", *trimmed),
        commands=described.output,
    )


def first_error(result: PipelineResult) -> ErrorDetail | None:
    """The first error a command gave."""
    return next(iter(result.errors), None)
