"""Where VMs stay activated: as tables and as the document avma/moves/1."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.moves import MoveGuest, MoveMatrix, Stay
from harness.engine import RunRecord
from harness.report._documents import plain
from harness.report._words import cell, stay_text, table

__all__ = ["moves_document", "moves_tables"]

_WIDEST = 8
"""More nodes than that, and a guest's line lists nodes by what happens there."""


def moves_document(record: RunRecord) -> dict[str, object]:
    """avma/moves/1: nodes, guests with a cell for each node, totals."""
    matrix = record.moves or MoveMatrix((), ())
    keeps = [guest.keeps for guest in matrix.guests]
    names = ("anywhere", "somewhere", "nowhere", "unknown", "unaffected")
    return {
        "schema": "avma/moves/1",
        "run_id": record.run_id,
        "drained": matrix.drained,
        "nodes": plain(matrix.nodes),
        "guests": plain(matrix.guests),
        "summary": {"guests": len(keeps), **{name: keeps.count(name) for name in names}},
    }


def moves_tables(matrix: MoveMatrix) -> RenderableType:
    """One table for each set of nodes that guests move among; then why it does not work where it does not."""
    parts: list[RenderableType] = []
    for nodes, guests in _by_nodes(matrix.guests).items():
        title = "Where guests live" if len(nodes) == 1 else f"Guests of {guests[0].cluster or 'the run'}"
        parts.append(_grid(title, nodes, guests) if 1 < len(nodes) <= _WIDEST else _list(title, guests))
    causes = _causes(matrix.guests)
    if causes:
        why = table("Why", "Guest", "Node", "Cause", "Next step")
        for row in causes:
            why.add_row(*map(cell, row))
        parts.append(why)
    parts.append(_totals(matrix))
    return Group(*parts)


def _by_nodes(guests: Iterable[MoveGuest]) -> dict[tuple[str, ...], list[MoveGuest]]:
    """Guests by the nodes they may live on; those that have only one stand together."""
    found: dict[tuple[str, ...], list[MoveGuest]] = {}
    for guest in guests:
        nodes = tuple(c.node for c in guest.cells)
        found.setdefault(nodes if len(nodes) > 1 else ("",), []).append(guest)
    return found


def _grid(title: str, nodes: tuple[str, ...], guests: Iterable[MoveGuest]) -> RenderableType:
    grid = table(title, "Guest", "System", "Now on", *nodes)
    for guest in guests:
        row = [stay_text(c.stay, c.until) for c in guest.cells]
        grid.add_row(cell(guest.name), _system(guest), cell(guest.host), *row)
    return grid


def _list(title: str, guests: Iterable[MoveGuest]) -> RenderableType:
    listed = table(title, "Guest", "System", "Now on", "There", "Elsewhere")
    for guest in guests:
        here = next((c for c in guest.cells if c.here), None)
        there = stay_text(here.stay, here.until) if here else Text("")
        listed.add_row(cell(guest.name), _system(guest), cell(guest.host), there, _elsewhere(guest))
    return listed


def _elsewhere(guest: MoveGuest) -> Text:
    """Nodes by what happens there: "stays: hv2, hv3; lapses: hv4"."""
    groups: dict[Stay, list[str]] = {}
    for c in guest.cells:
        if not c.here:
            groups.setdefault(c.stay, []).append(c.node)
    return cell("; ".join(f"{stay.value}: {', '.join(nodes)}" for stay, nodes in groups.items()))


def _system(guest: MoveGuest) -> Text:
    return cell(" ".join(filter(None, (guest.os_version, guest.edition))))


def _causes(guests: Iterable[MoveGuest]) -> list[tuple[str, str, str, str]]:
    """Each cause once for a guest, with the nodes it holds for."""
    found: dict[tuple[str, str, str], list[str]] = {}
    steps: dict[tuple[str, str, str], tuple[str, str]] = {}
    for guest in guests:
        for c in guest.cells:
            if c.stay in {Stay.LAPSES, Stay.NEVER, Stay.UNKNOWN} and c.code:
                key = (guest.vm_id, guest.name, c.code)
                found.setdefault(key, []).append(c.node)
                steps.setdefault(key, (c.message, c.next_step))
    return [(key[1], ", ".join(nodes), *steps[key]) for key, nodes in found.items()]


def _totals(matrix: MoveMatrix) -> Text:
    moving = [guest for guest in matrix.guests if guest.keeps != "unaffected"]
    if matrix.drained is not None:
        safe = sum(guest.keeps == "anywhere" for guest in moving)
        return Text(f"{safe} of {len(moving)} guests keep AVMA wherever {matrix.drained} sends them.", style="bold")
    losing = sum(any(c.stay is Stay.LAPSES for c in guest.cells) for guest in moving)
    return Text(f"{len(moving)} guests by AVMA; {losing} would lose their activation somewhere.", style="bold")
