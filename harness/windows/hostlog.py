"""A host's own record of whom it activated: events 12310 over any length of time, with its VMs, and no guest rights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.core.model import ActivationEvent, OperatingSystem, PartState, VirtualMachine
from harness.remoting import PowerShellSession, cmd
from harness.windows._gathering import ask_possible
from harness.windows.answers import ask
from harness.windows.capabilities import HostCapabilities, probe
from harness.windows.events import PROVIDER, activation_events
from harness.windows.host import HOST_COMMANDS
from harness.windows.hypervisor import HOST_ROLE, MACHINES, virtual_machines
from harness.windows.kvp import KVP, items_by_vm
from harness.windows.question import Question, distinct
from harness.windows.system import SYSTEM, operating_system

__all__ = ["PAGE", "HostLog", "read_host_log"]

PAGE = 500
"""Events of one pipeline: some 200 kB, well below what an envelope takes."""


@dataclass(frozen=True, slots=True)
class HostLog:
    """What a host tells of activations: its system with its clock, its VMs, events 12310, the oldest first.

    ``parts``: os, hyperv, vms, kvp, events. The VMs are all of them only where both hyperv and vms are ok.
    """

    name: str
    os: OperatingSystem
    vms: tuple[VirtualMachine, ...]
    events: tuple[ActivationEvent, ...]
    parts: dict[str, PartState]

    @property
    def lists_every_vm(self) -> bool:
        """Whether a VM that is missing is not there: Get-VM answered, and Get-VMHost proved the account's rights."""
        return self.parts["vms"].ok and self.parts["hyperv"].ok


def read_host_log(
    session: PowerShellSession,
    name: str,
    *,
    since: datetime | None,
    clock: Callable[[], datetime],
    seconds: float,
) -> HostLog:
    """Events 12310 since a moment, with the VMs there are now. Retry class: read; sends nothing that changes state.

    A probe, one pipeline for the first page of events, and one for each further page.

    Args:
        session: with the host.
        name: the inventory's name of it.
        since: by the host's clock, aware; None reads the whole log.
        clock: the present time, aware.
        seconds: deadline of each pipeline.

    Raises:
        RemoteError: the endpoint does not even list its commands.
        TransportError: by phase.
    """
    capabilities = probe(session, HOST_COMMANDS, now=clock(), seconds=seconds)
    questions = distinct((SYSTEM, HOST_ROLE, MACHINES, KVP, _page(since)))
    asked = ask_possible(session, capabilities, questions, seconds=seconds)
    rows = asked.answers.rows
    parts = dict(asked.parts)
    first = activation_events(rows.get("events", ()))
    events = list(first)
    for page, state in _earlier(session, capabilities, first, since, seconds):
        events += page
        parts["events"] = state
    return HostLog(
        name=name,
        os=operating_system(asked.answers.first("os")),
        vms=virtual_machines(rows.get("vms", ()), name, {}, items_by_vm(rows.get("kvp", ()))),
        events=tuple(reversed(events)),
        parts=parts,
    )


def _page(since: datetime | None, until: datetime | None = None) -> Question:
    """The newest events of that time: the same command and parameters as for the facts, so a JEA role needs no more."""
    bounds = [f"@SystemTime{sign}'{_text(at)}'" for sign, at in ((">=", since), ("<=", until)) if at is not None]
    within = f" and TimeCreated[{' and '.join(bounds)}]" if bounds else ""
    query = f"*[System[Provider[@Name='{PROVIDER}'] and (EventID=12310){within}]]"
    return Question(
        "events",
        (cmd("Get-WinEvent", LogName="Application", FilterXPath=query, MaxEvents=PAGE),),
        ("RecordId", "Id", "TimeCreated", "MachineName", "Properties"),
        nothing=frozenset({"NoMatchingEventsFound"}),
    )


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _earlier(
    session: PowerShellSession,
    capabilities: HostCapabilities,
    first: tuple[ActivationEvent, ...],
    since: datetime | None,
    seconds: float,
) -> Iterator[tuple[tuple[ActivationEvent, ...], PartState]]:
    """Page after page back in time. Each begins at the time of the last event, which comes again and is known."""
    known = {event.record_id for event in first}
    page = first
    while len(page) >= PAGE and page[-1].time is not None:
        until = page[-1].time + timedelta(milliseconds=1)
        answers = ask(session, [_page(since, until)], capabilities.projection, seconds=seconds)
        page = activation_events(answers.rows["events"])
        new = tuple(event for event in page if event.record_id not in known)
        yield new, answers.parts["events"]
        if not new or not answers.parts["events"].ok:
            return
        known |= {event.record_id for event in new}
