"""Where VMs stay activated: as tables and as the document avma/moves/1."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.moves import MoveGuest, MoveMatrix, Stay
from harness.engine import RunRecord
from harness.report._documents import plain
from harness.report._text import visible
from harness.report._words import cell, stay_text, table

__all__ = ["MoveGroup", "move_groups", "moves_document", "moves_tables"]

_WIDEST = 8
"""More nodes than that, and a guest's line lists nodes by what happens there."""


@dataclass(frozen=True, slots=True)
class MoveGroup:
    """Guests that may live on the same ``nodes``; those that have one host only stand together, ``nodes`` empty."""

    title: str
    nodes: tuple[str, ...]
    guests: tuple[MoveGuest, ...]


def move_groups(matrix: MoveMatrix) -> tuple[MoveGroup, ...]:
    """The guests of a matrix by the nodes they may live on, in their order."""
    found: dict[tuple[str, ...], list[MoveGuest]] = {}
    for guest in matrix.guests:
        nodes = tuple(c.node for c in guest.cells)
        found.setdefault(nodes if len(nodes) > 1 else (), []).append(guest)
    return tuple(
        MoveGroup(
            f"Guests of {guests[0].cluster or 'the run'}" if nodes else "Guests of one host", nodes, tuple(guests)
        )
        for nodes, guests in found.items()
    )


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
    groups = move_groups(matrix)
    parts = [_grid(group) if 1 < len(group.nodes) <= _WIDEST else _list(group) for group in groups]
    causes = _causes(matrix.guests)
    if causes:
        why = table("Why", "Guest", "Node", "Cause", "Next step")
        for row in causes:
            why.add_row(*map(cell, row))
        parts.append(why)
    parts.append(_totals(matrix))
    return Group(*parts)


def _grid(group: MoveGroup) -> RenderableType:
    grid = table(group.title, "Guest", "System", "Now on", *group.nodes)
    for guest in group.guests:
        row = [stay_text(c.stay, c.until) for c in guest.cells]
        grid.add_row(cell(guest.name), _system(guest), cell(guest.host), *row)
    return grid


def _list(group: MoveGroup) -> RenderableType:
    listed = table(group.title, "Guest", "System", "Now on", "There", "Elsewhere")
    for guest in group.guests:
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
        drained = visible(matrix.drained)
        return Text(f"{safe} of {len(moving)} guests keep AVMA wherever {drained} sends them.", style="bold")
    losing = sum(any(c.stay is Stay.LAPSES for c in guest.cells) for guest in moving)
    return Text(f"{len(moving)} guests by AVMA; {losing} would lose their activation somewhere.", style="bold")
