"""A first contact for a person and for a program: which open questions it settled, and how to play it back."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.engine import Capture
from harness.report._documents import plain
from harness.report._text import visible
from harness.windows.capture import QUESTIONS

__all__ = ["capture_document", "capture_tables"]


def capture_document(found: Capture, time: str, version: str) -> dict[str, object]:
    """avma/capture/1. ``variants`` is what `avma sim up --capture` takes.

    Args:
        found: the sightings.
        time: when, ISO 8601 UTC.
        version: of the harness.
    """
    return {
        "schema": "avma/capture/1",
        "time": time,
        "harness": version,
        "hosts": plain(found.hosts),
        "unreachable": plain(found.failures),
        "variants": {name: sighting.choice for name, sighting in found.sightings.items() if sighting.choice},
        "answers": [
            {
                "name": name,
                "question": QUESTIONS[name],
                "choice": sighting.choice,
                "seen": sighting.seen,
                "evidence": plain(sighting.evidence),
            }
            for name, sighting in found.sightings.items()
        ],
    }


def capture_tables(found: Capture) -> RenderableType:
    """What was settled, what stays open and why, and the options that make a simulated lab like this."""
    table = Table(title="First contact", title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in ("Question", "Choice", "Seen"):
        table.add_column(column, overflow="fold")
    for name, sighting in found.sightings.items():
        choice = Text(sighting.choice, style="green") if sighting.choice else Text("open", style="yellow")
        table.add_row(Text(f"{name}: {QUESTIONS[name]}"), choice, Text(visible(sighting.seen)))
    settled = {name: sighting.choice for name, sighting in found.sightings.items() if sighting.choice}
    parts: list[RenderableType] = [table, Text(f"{len(settled)} of {len(found.sightings)} questions settled.", "bold")]
    if settled:
        options = " ".join(f"--variant {name}={choice}" for name, choice in settled.items())
        parts.append(Text(f"Play it back: avma sim up {options}"))
    return Group(*parts)
