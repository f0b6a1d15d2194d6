"""The measurement as tables of ratios, for the terminal and for docs/performance.md."""

from collections.abc import Callable, Sequence
from datetime import date

from benchmarks.floor import COLD_REQUESTS, OPEN_REQUESTS
from benchmarks.machine import Machine
from benchmarks.measure import Plan, Result, Shares

__all__ = ["BEGIN", "END", "page", "ratio_table", "request_table", "table"]

BEGIN = "<!-- written by make bench: begin -->"
END = "<!-- written by make bench: end -->"
FLOOR_AIM, ANSIBLE_AIM, ANSIBLE_HOSTS = 1.5, 10.0, 100

_RATIOS: tuple[tuple[str, Callable[[Result], float | None]], ...] = (
    ("ours ÷ floor, cold", lambda result: result.over_floor("cold")),
    ("ours ÷ floor, open", lambda result: result.over_floor("open")),
    ("ours first ÷ cold", lambda result: result.over("first", "cold")),
    ("pypsrp ÷ ours, cold", lambda result: result.over("pypsrp cold", "cold")),
    ("pypsrp ÷ ours, open", lambda result: result.over("pypsrp open", "open")),
    ("Ansible, a task each ÷ ours, cold", lambda result: result.over("ansible", "cold")),
    ("Ansible, one task ÷ ours, cold", lambda result: result.over("ansible one", "cold")),
)
_CLIENTS = (
    ("ours, first contact", "first"),
    ("ours, cold", "cold"),
    ("ours, open", "open"),
    ("pypsrp, cold", "pypsrp cold"),
    ("pypsrp, open", "pypsrp open"),
    ("Ansible, a task each", "ansible"),
    ("Ansible, one task", "ansible one"),
)


def ratio_table(results: Sequence[Result]) -> str:
    """A row for each scenario."""
    rows = [["added per request", "hosts", *(title for title, _ in _RATIOS)]]
    rows += [
        [f"{result.latency * 1000:g} ms", str(result.hosts), *(_times(ratio(result)) for _, ratio in _RATIOS)]
        for result in results
    ]
    return table(rows)


def request_table(results: Sequence[Result]) -> str:
    """Requests per host by client, where one host is asked."""
    alone = [result for result in results if result.hosts == 1]
    rows = [["requests per host", *(f"{result.latency * 1000:g} ms" for result in alone)]]
    rows += [[f"the floor, {name}", *[str(count)] * len(alone)] for name, count in _FLOORS]
    rows += [
        [title, *(f"{result.requests[client]:g}" for result in alone)]
        for title, client in _CLIENTS
        if all(client in result.requests for result in alone)
    ]
    return table(rows)


_FLOORS = (("cold", COLD_REQUESTS), ("open", OPEN_REQUESTS))


def share_table(shares: Shares) -> str:
    """A row for each layer."""
    rows = [["layer of our client", "share of its CPU time"]]
    rows += [[name, f"{part:.0%}"] for name, part in shares.shares.items()]
    return table(rows)


def aims(results: Sequence[Result]) -> list[str]:
    """Whether each aim is met, in a sentence."""
    floors = [max(result.over_floor("cold"), result.over_floor("open")) for result in results if result.hosts == 1]
    many = [result for result in results if result.hosts == ANSIBLE_HOSTS]
    ansible = [ratio for result in many if (ratio := result.over("ansible", "cold")) is not None]
    met = _verdict(max(floors) <= FLOOR_AIM)
    found = [
        f"Aim: at most {FLOOR_AIM} times the floor for one host. {met} the highest ratio is {max(floors):.2f}.",
    ]
    if ansible:
        met = _verdict(min(ansible) >= ANSIBLE_AIM)
        aim = f"at least {ANSIBLE_AIM:g} times faster than Ansible, a task for each statement, at {ANSIBLE_HOSTS} hosts"
        found.append(f"Aim: {aim}. {met} the lowest ratio is {min(ansible):.1f}.")
    return found


def _verdict(met: object) -> str:
    return "Met:" if met else "Missed:"


def page(plan: Plan, results: Sequence[Result], shares: Shares, machine: Machine, today: date) -> str:
    """The part of docs/performance.md that a run writes."""
    repetitions = ", ".join(
        f"{effort.ours}, {effort.pypsrp} and {effort.ansible} for {effort.hosts} hosts" for effort in plan.efforts
    )
    measured = (
        f"Measured on {today.isoformat()}: {machine.sentence()}. {plan.vms} VMs on each host, {plan.forks} hosts "
        f"asked at a time by every client. Medians of interleaved repetitions, ours, pypsrp and Ansible: {repetitions}."
    )
    where = (
        f"Where our client's CPU time goes, one host, open session, no latency ({shares.samples} samples; the client "
        f"computes in {shares.busy:.0%} of the time and waits for the lab in the rest):"
    )
    tables = [ratio_table(results), *aims(results), request_table(results), where, share_table(shares)]
    return "\n\n".join([measured, *tables])


def _times(ratio: float | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table; the first is its head."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
