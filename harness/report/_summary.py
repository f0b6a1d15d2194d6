"""What a person reads at the end: the plan, the outcomes, the verdicts, as tables."""

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.model import (
    ActionState,
    Blocked,
    FabricFacts,
    FabricVerdict,
    GuestVerdict,
    HostVerdict,
    Plan,
    Settlement,
    Verdict,
)
from harness.engine import RunRecord
from harness.report._clusters import cluster_tables
from harness.report._moves import moves_tables
from harness.report._preflight import preflight_tables
from harness.report._text import visible

__all__ = ["facts_tables", "plan_tables", "print_record", "verdict_tables"]

_COLOURS = {
    "activated": "green",
    "not_activated": "red",
    "not_applicable": "dim",
    "unknown": "yellow",
    "verified": "green",
    "accepted": "yellow",
    "unverifiable": "yellow",
    "failed": "red",
    "skipped": "dim",
}


def print_record(console: Console, record: RunRecord) -> None:
    """Everything the run has, in the order it happened; ends with the totals."""
    if record.settled:
        console.print(_settled(record.settled))
    if record.plan is not None:
        console.print(plan_tables(record.plan))
    if record.results:
        console.print(_results(record))
    if record.verdict is not None:
        console.print(verdict_tables(record.verdict))
    if record.clusters:
        console.print(cluster_tables(record.clusters))
    if record.moves is not None:
        console.print(moves_tables(record.moves))
    if record.preflight is not None:
        console.print(preflight_tables(record.preflight))


def facts_tables(facts: FabricFacts) -> RenderableType:
    """Hosts with what they are, guests with where they run and how they are reached."""
    hosts = _table("Hosts", "Host", "System", "Edition", "Flavour", "VMs", "Cluster")
    for lane in facts.hosts:
        if lane.facts is None:
            hosts.add_row(_cell(lane.name), Text(lane.failure.message if lane.failure else "", style="red"))
            continue
        os = lane.facts.os
        hosts.add_row(
            _cell(lane.name),
            _cell(os.release or os.version),
            _cell(os.edition),
            _cell(lane.facts.flavour),
            str(len(lane.facts.vms)),
            _cell(lane.facts.cluster.name if lane.facts.cluster else "-"),
        )
    guests = _table("Guests", "Guest", "Host", "State", "Access", "System", "Licence")
    for guest in facts.guests:
        own = guest.facts.os if guest.facts else None
        licence = next((r for r in guest.facts.licences if r.is_windows), None) if guest.facts else None
        guests.add_row(
            _cell(guest.vm.name),
            _cell(guest.host),
            _cell(guest.vm.state),
            _cell(guest.access),
            _cell(f"{own.release or own.version} {own.edition or ''}".strip() if own else guest.vm.kvp.get("OSName")),
            _cell(f"{licence.product_key_channel} status {licence.status}" if licence else None),
        )
    return Group(hosts, guests)


def plan_tables(plan: Plan) -> RenderableType:
    """The actions with before, after and reason; the blocked targets with their next step."""
    if not plan.actions and not plan.blocked:
        return Text(f"Playbook {plan.playbook}: nothing to do.")
    parts: list[RenderableType] = []
    if plan.actions:
        actions = _table("Planned actions", "Id", "Target", "Step", "Before", "After", "Reason", "Refundable")
        for a in plan.actions:
            actions.add_row(
                a.id,
                _cell(a.target),
                a.step,
                _cell(a.before),
                _cell(a.after),
                _cell(a.reason),
                "yes" if a.refundable else Text("NO", style="bold red"),
            )
        parts.append(actions)
    else:
        parts.append(Text("Nothing to change."))
    if plan.blocked:
        parts.append(_blocked(plan.blocked))
    return Group(*parts)


def verdict_tables(verdict: FabricVerdict) -> RenderableType:
    """Hosts, guests, causes with next steps, totals."""
    parts: list[RenderableType] = [_hosts(verdict.hosts), _guests(verdict.guests)]
    causes = [(guest, guest.reasons[0]) for guest in verdict.guests if guest.reasons and not _well(guest)]
    if causes:
        table = _table("What stands in the way", "Guest", "Cause", "Next step")
        for guest, reason in causes:
            table.add_row(_cell(guest.name), _cell(reason.message), _cell(reason.next_step))
        parts.append(table)
    parts.append(_totals(verdict))
    return Group(*parts)


def _well(guest: GuestVerdict) -> bool:
    return guest.verdict is Verdict.ACTIVATED


def _hosts(hosts: Iterable[HostVerdict]) -> Table:
    table = _table("Hosts", "Host", "System", "Edition", "Can activate guests", "Why")
    words = {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("unknown", style="yellow")}
    for host in hosts:
        why = host.reasons[0].message if host.reasons else ""
        table.add_row(_cell(host.name), _cell(host.os_version), _cell(host.edition), words[host.avma_ready], _cell(why))
    return table


def _guests(guests: Iterable[GuestVerdict]) -> Table:
    table = _table("Guests", "Guest", "Host", "System", "Verdict", "Channel", "Left", "Witnesses")
    for guest in guests:
        agreeing = ", ".join(w.name for w in guest.witnesses if w.agrees)
        table.add_row(
            _cell(guest.name),
            _cell(guest.host),
            _cell(" ".join(filter(None, (guest.os_version, guest.edition)))),
            Text(guest.verdict, style=_COLOURS[guest.verdict]),
            _cell(guest.channel),
            _left(guest.expires_minutes),
            _cell(agreeing),
        )
    return table


def _left(minutes: int | None) -> str:
    return "" if minutes is None else f"{minutes // 1440} d {minutes % 1440 // 60} h"


def _blocked(blocked: Iterable[Blocked]) -> Table:
    table = _table("Blocked", "Target", "Cause", "Next step", "Rule from")
    for item in blocked:
        table.add_row(_cell(item.target), _cell(item.message), _cell(item.next_step), _cell(item.source or "-"))
    return table


def _results(record: RunRecord) -> Table:
    table = _table("Outcomes", "Id", "Target", "Step", "State", "Message", "Next step")
    for result in record.results:
        style = _COLOURS.get(result.state, "red")
        table.add_row(
            result.action.id,
            _cell(result.action.target),
            result.action.step,
            Text(result.state, style=style),
            _cell(result.message),
            _cell("" if result.state is ActionState.VERIFIED else result.next_step),
        )
    return table


def _settled(settled: Iterable[Settlement]) -> Table:
    table = _table("Settled by reading", "Host", "Key", "State", "Message", "Next step")
    for item in settled:
        style = _COLOURS.get(item.state, "red")
        state = Text(item.state, style=style)
        table.add_row(_cell(item.host), f"...{item.last5}", state, _cell(item.message), _cell(item.next_step))
    return table


def _totals(verdict: FabricVerdict) -> Text:
    counts = {name: sum(g.verdict is name for g in verdict.guests) for name in Verdict}
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    ready = sum(host.avma_ready is True for host in verdict.hosts)
    return Text(
        f"{ready} of {len(verdict.hosts)} hosts can activate guests. {len(verdict.guests)} guests: {words or 'none'}.",
        style="bold",
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cell(text: object) -> Text:
    return Text("" if text is None else visible(str(text)))
