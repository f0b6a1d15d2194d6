"""Two runs beside each other: as tables and as the document avma/rundiff/1."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.rundiff import Difference, RunDiff
from harness.engine import RunRecord
from harness.report._documents import plain
from harness.report._words import cell, table

__all__ = ["rundiff_document", "rundiff_tables"]

_STYLES = {"worse": "bold red", "better": "green", "": ""}


def rundiff_document(before: RunRecord, after: RunRecord, found: RunDiff) -> dict[str, object]:
    """avma/rundiff/1: each host and guest with what changed, totals."""
    everything = (*found.hosts, *found.guests)
    states, effects = [item.state for item in everything], [item.effect for item in everything]
    return {
        "schema": "avma/rundiff/1",
        "before": _run(before),
        "after": _run(after),
        "hosts": plain(found.hosts),
        "guests": plain(found.guests),
        "summary": {
            **{state: states.count(state) for state in ("same", "changed", "appeared", "gone")},
            **{effect: effects.count(effect) for effect in ("better", "worse")},
        },
    }


def rundiff_tables(found: RunDiff) -> RenderableType:
    """What changed, line by line; then the totals."""
    parts: list[RenderableType] = [
        _table(title, rows) for title, rows in (("Hosts", found.hosts), ("Guests", found.guests)) if _told(rows)
    ]
    everything = (*found.hosts, *found.guests)
    same = sum(item.state == "same" for item in everything)
    better = sum(item.effect == "better" for item in everything)
    words = f"{same} of {len(everything)} are as they were; {better} better, {len(found.worse)} worse."
    parts.append(Text(words, style="bold red" if found.worse else "bold"))
    return Group(*parts)


def _told(rows: Iterable[Difference]) -> bool:
    return any(row.state != "same" for row in rows)


def _table(title: str, rows: Iterable[Difference]) -> RenderableType:
    shown = table(title, "Name", "", "What", "Before", "After")
    for row in rows:
        if row.state in {"appeared", "gone"}:
            shown.add_row(cell(row.name), Text(row.state, style="yellow"), "", "", "")
        for number, change in enumerate(row.changes):
            head = (
                (cell(row.name), Text(row.effect or row.state, style=_STYLES[row.effect])) if not number else ("", "")
            )
            shown.add_row(*head, change.field.replace("_", " "), cell(change.before), cell(change.after))
    return shown


def _run(record: RunRecord) -> dict[str, object]:
    return {"run_id": record.run_id, "command": record.command, "started": record.started}
