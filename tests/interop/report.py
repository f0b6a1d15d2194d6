"""The list of clients, their versions and what was exercised, for the terminal and for docs/interop.md."""

from collections.abc import Sequence
from datetime import date

from tests.interop.clients import Client, Way
from tests.interop.driving import Outcome
from tests.interop.exercises import EXERCISES

__all__ = ["BEGIN", "END", "page", "way_name"]

BEGIN = "<!-- written by make interop: begin -->"
END = "<!-- written by make interop: end -->"
_AUTHS = {"basic": "Basic", "ntlm": "NTLM", "kerberos": "Kerberos"}


def way_name(way: Way) -> str:
    """As `NTLM, HTTP sealed`."""
    return f"{_AUTHS[way.auth]}, {'HTTPS' if way.secure else 'HTTP sealed'}"


def page(clients: Sequence[tuple[Client, str | None]], outcomes: Sequence[Outcome], today: date) -> str:
    """The date, the table, the exercises, and what could not be exercised."""
    good = sum(not one.problem for one in outcomes)
    when = f"`make interop` on {today.isoformat()}: {good} of {len(outcomes)} exercises by {len(clients)} clients."
    rows = [["client", "version", "authentication", "exercised"], ["---"] * 4]
    for client, version in clients:
        if version is None:
            rows.append([client.name, "not installed", "-", "not installed: run make interop-deps"])
        else:
            rows += [[client.name, version, way_name(way), _told(client, way, outcomes)] for way in client.ways]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    used = {outcome.exercise for outcome in outcomes}
    listed = "\n".join(f"* **{name}**: {one.does}" for name, one in EXERCISES.items() if name in used)
    return "\n\n".join([when, table, "The exercises:", listed, "Not exercised, and why:", _gaps(clients)])


def _told(client: Client, way: Way, outcomes: Sequence[Outcome]) -> str:
    mine = [one for one in outcomes if (one.client, one.way) == (client.name, way)]
    failed = [f"{one.exercise} FAILED" for one in mine if one.problem]
    good = [one.exercise for one in mine if not one.problem]
    return f"{len(good)} of {len(mine)}: {', '.join([*failed, *good])}"


def _gaps(clients: Sequence[tuple[Client, str | None]]) -> str:
    lines = [f"* {one.name}, {_AUTHS[auth]}: {why}." for one, _ in clients for auth, why in one.cannot.items()]
    lines += [
        f"* {one.name}, wrong password with Kerberos: the client takes tickets and no password."
        for one, _ in clients
        if any(way.tickets for way in one.ways)
    ]
    return "\n".join(lines)
