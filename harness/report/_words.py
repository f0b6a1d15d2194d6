"""Words, colours and table parts that several reports share."""

from rich.table import Table
from rich.text import Text

from harness.core.moves import Stay
from harness.report._text import visible

__all__ = ["STAY_COLOURS", "STAY_WORDS", "cell", "stay_text", "table"]

STAY_WORDS = {
    Stay.STAYS: "stays",
    Stay.LAPSES: "lapses",
    Stay.ACTIVATES: "activates",
    Stay.NEVER: "never",
    Stay.UNAFFECTED: "-",
    Stay.UNKNOWN: "unknown",
}
STAY_COLOURS = {
    Stay.STAYS: "green",
    Stay.LAPSES: "red",
    Stay.ACTIVATES: "green",
    Stay.NEVER: "red",
    Stay.UNAFFECTED: "dim",
    Stay.UNKNOWN: "yellow",
}


def stay_text(stay: Stay, until: str | None) -> Text:
    """What becomes of a guest, in its colour: "lapses 2026-11-29 12:40"."""
    shown = f"{STAY_WORDS[stay]} {until[:16].replace('T', ' ')}" if until else STAY_WORDS[stay]
    return Text(shown, style=STAY_COLOURS[stay])


def table(title: str, *columns: str) -> Table:
    """A titled table whose columns fold; names of machines may stand in title and columns."""
    made = Table(title=cell(title), title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        made.add_column(cell(column), overflow="fold")
    return made


def cell(text: object) -> Text:
    """Foreign text as a table's cell."""
    return Text("" if text is None else visible(str(text)))
