"""The validation before an upgrade: as tables and as the document avma/preflight/1."""

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.moves import Stay
from harness.core.preflight import GuestForecast, Preflight, Rank
from harness.engine import RunRecord
from harness.report._documents import plain
from harness.report._words import cell, stay_text, table

__all__ = ["preflight_document", "preflight_tables"]

_RANKS = {Rank.BLOCKER: "bold red", Rank.WARNING: "yellow", Rank.NOTE: "dim"}
_OUTCOMES = {"stays": "green", "gains": "green", "at_risk": "yellow", "loses": "red", "unaffected": "dim"}


def preflight_document(record: RunRecord) -> dict[str, object]:
    """avma/preflight/1: the order proposed, hosts, guests with their forecasts, ranked findings, totals."""
    found = record.preflight
    assert found is not None
    ranks = [finding.rank for finding in found.findings]
    outcomes = [guest.outcome for guest in found.guests]
    return {
        "schema": "avma/preflight/1",
        "run_id": record.run_id,
        "to": found.to,
        "scope": list(found.scope),
        "window_minutes": found.window_minutes,
        "pools": plain(found.pools),
        "hosts": plain(found.hosts),
        "guests": plain(found.guests),
        "findings": plain(found.findings),
        "summary": {
            "blockers": ranks.count(Rank.BLOCKER),
            "warnings": ranks.count(Rank.WARNING),
            "notes": ranks.count(Rank.NOTE),
            "hosts": len(found.hosts),
            "guests": len(outcomes),
            **{name: outcomes.count(name) for name in ("stays", "gains", "at_risk", "loses", "unaffected", "unknown")},
        },
    }


def preflight_tables(found: Preflight) -> RenderableType:
    """The proposed order, what becomes of each guest, the findings with blockers first, totals."""
    parts: list[RenderableType] = [_order(found), _hosts(found), _guests(found)]
    if found.findings:
        parts.append(_findings(found))
    ranks = [finding.rank for finding in found.findings]
    words = ", ".join(f"{ranks.count(rank)} {rank.value}{'' if ranks.count(rank) == 1 else 's'}" for rank in Rank)
    verdict = "Do not begin yet." if found.blocked else "Nothing forbids to begin."
    parts.append(
        Text(f"Upgrade to {found.to}: {words}. {verdict}", style="bold red" if found.blocked else "bold green")
    )
    return Group(*parts)


def _order(found: Preflight) -> RenderableType:
    order = table("Order proposed", "In", "Step", "Empty and upgrade", "To", "Running VMs")
    for pool in found.pools:
        for step in pool.steps:
            what = step.node or "the guests, with a change of keys"
            order.add_row(cell(pool.name), str(step.number), cell(what), step.release, str(step.vms))
    return order


def _hosts(found: Preflight) -> RenderableType:
    hosts = table(
        "Hosts", "Host", "In", "From", "To", "Edition", "Activates guests", "Own licence", "Host key", "Needs"
    )
    words = {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("unknown", style="yellow")}
    for host in found.hosts:
        hosts.add_row(
            cell(host.name),
            cell(host.pool),
            cell(host.release_before),
            cell(host.release_after),
            cell(host.edition),
            words[host.avma_ready],
            cell(host.own_licence),
            cell(host.key_version),
            cell(host.key_needed),
        )
    return hosts


def _guests(found: Preflight) -> RenderableType:
    guests = table("Guests", "Guest", "On", "From", "To", "Outcome", "New key", "Course")
    for guest in found.guests:
        course = Text("; ").join(_course(guest))
        guests.add_row(
            cell(guest.name),
            cell(guest.host),
            cell(" ".join(filter(None, (guest.release_before, guest.edition_before)))),
            cell(guest.release_after),
            Text(guest.outcome.replace("_", " "), style=_OUTCOMES.get(guest.outcome, "yellow")),
            cell(f"...{guest.key_after}" if guest.key_after else ""),
            course,
        )
    return guests


def _course(guest: GuestForecast) -> list[Text]:
    """Only what is not simply well: nodes where it does not stay, and when, by the steps of the proposed order."""
    last = max((span.last for span in guest.spans), default=0)
    told = []
    for span in guest.spans:
        if span.stay in {Stay.LAPSES, Stay.NEVER, Stay.UNKNOWN}:
            when = _when(span.first, span.last, last)
            told.append(Text.assemble(cell(span.node), ": ", stay_text(span.stay, span.until), when))
    return told


def _when(first: int, last: int, end: int) -> str:
    """A span of states in words; state 0 is now, state n is after step n."""
    if first == 0:
        return "" if last == end else f" (up to step {last})" if last else " (now)"
    if last == end:
        return f" (from step {first} on)"
    return f" (after step {first})" if first == last else f" (after steps {first} to {last})"


def _findings(found: Preflight) -> RenderableType:
    """Each blocker and warning; of notes that differ in their target only, the first."""
    findings = table("Findings", "Rank", "Target", "Finding", "Next step")
    told: set[str] = set()
    alike = Counter(finding.code for finding in found.findings if finding.rank is Rank.NOTE)
    for finding in found.findings:
        if finding.rank is Rank.NOTE and finding.code in told:
            continue
        told.add(finding.code)
        more = alike[finding.code] - 1 if finding.rank is Rank.NOTE else 0
        target = f"{finding.target} and {more} more" if more else finding.target
        rank = Text(finding.rank.value, style=_RANKS[finding.rank])
        findings.add_row(rank, cell(target), cell(finding.message), cell(finding.next_step))
    return findings
